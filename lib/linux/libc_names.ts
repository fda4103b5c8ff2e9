/**
 * The ID of a user or a group in a struct, for rare calls, like `SELDOM_NUMBER` of the other calls.
 */
const SELDOM_ID = { struct: ["u32"] } as const;

const SELDOM_POINTER = { struct: ["u64"] } as const;

/** The symbols for `Deno.dlopen` that look up names. */
export const NAME_SYMBOLS = {
  getpwuid_r: { parameters: [SELDOM_ID, "buffer", "buffer", "usize", "buffer"], result: "i32" },
  getgrgid_r: { parameters: [SELDOM_ID, "buffer", "buffer", "usize", "buffer"], result: "i32" },
  memcpy: { parameters: ["buffer", SELDOM_POINTER, "usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

type NameSymbols = Deno.DynamicLibrary<typeof NAME_SYMBOLS>["symbols"];

/** Names from the sources in nsswitch.conf: files, LDAP, SSSD, systemd. */
export interface NameCalls {
  /** getpwuid_r(3): the name of a user; undefined if there is none, or no source answers. */
  userName(uid: number): string | undefined;
  /** getgrgid_r(3): the name of a group. */
  groupName(gid: number): string | undefined;
}

/** Room for a `struct passwd` or a `struct group`; both begin with a pointer to the name. */
const STRUCT_BYTES = 64;
const POINTER_BYTES = 8;
/** Room for the strings of an entry: a group may have thousands of members. */
const STRINGS_BYTES = 256 * 1024;
/**
 * The longest name. As much room follows the strings, so that copying a name never reads past them.
 */
const NAME_BYTES = 256;

/** Makes {@linkcode NameCalls} from the opened symbols. */
export function nameCalls(names: NameSymbols): NameCalls {
  const entry = new BigUint64Array(STRUCT_BYTES / 8);
  const strings = new Uint8Array(STRINGS_BYTES + NAME_BYTES);
  const found = new BigUint64Array(1);

  function nameOf(call: NameSymbols["getpwuid_r"], id: number): string | undefined {
    found[0] = 0n;
    const who = new Uint8Array(new Uint32Array([id]).buffer);
    const result = call(who, entry, strings, BigInt(STRINGS_BYTES), found);
    if (result !== 0 || found[0] === 0n) return undefined;
    const name = new Uint8Array(NAME_BYTES);
    const pointer = new Uint8Array(entry.buffer, 0, POINTER_BYTES);
    names.memcpy(name, pointer, BigInt(NAME_BYTES));
    const end = name.indexOf(0);
    return end < 1 ? undefined : new TextDecoder().decode(name.subarray(0, end));
  }

  return {
    userName: (uid) => nameOf(names.getpwuid_r, uid),
    groupName: (gid) => nameOf(names.getgrgid_r, gid),
  };
}
