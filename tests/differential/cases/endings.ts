import {
  ask,
  attrs,
  bytesOf,
  concat,
  init,
  packet,
  request,
  str,
  Type,
  u32,
  u64,
} from "../../support/raw.ts";

/**
 * What a client sends before it hangs up, in pieces. One that ends with {@linkcode MARK} is
 * answered before the next is sent, as OpenSSH's server drops what it has not yet sent when its
 * session ends.
 */
export interface Ending {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
}

/** The id of the request that is known to be answered. */
export const MARKED_ID = 77;

/** A request that every session answers that is not over. */
export const MARK: Uint8Array = request(ask.realpath("/"), MARKED_ID);

const handle = u32(0);
const greeting = concat(init(), MARK);

/** A conversation that begins well. */
function ending(name: string, ...pieces: readonly Uint8Array[]): Ending {
  return { name, pieces: [greeting, ...pieces] };
}

/** As {@linkcode ending}, with a packet that the session outlives. */
function survived(name: string, ...packets: readonly Uint8Array[]): Ending {
  return ending(name, concat(...packets, MARK));
}

/** A whole request of each kind, whose last field is one that cannot be left out. */
const wholeRequests: Readonly<Record<string, Uint8Array>> = {
  OPEN: request(ask.open("/x", 1, {}), 1),
  CLOSE: request(ask.close(handle), 1),
  READ: request(ask.read(handle, 0, 1), 1),
  WRITE: request(ask.write(handle, 0, "abc"), 1),
  LSTAT: request(ask.lstat("/x"), 1),
  FSTAT: request(ask.fstat(handle), 1),
  SETSTAT: request(ask.setstat("/x", { atime: 1, mtime: 2 }), 1),
  FSETSTAT: request(ask.fsetstat(handle, { size: 1 }), 1),
  OPENDIR: request(ask.opendir("/x"), 1),
  READDIR: request(ask.readdir(handle), 1),
  REMOVE: request(ask.remove("/x"), 1),
  MKDIR: request(ask.mkdir("/x"), 1),
  RMDIR: request(ask.rmdir("/x"), 1),
  REALPATH: request(ask.realpath("/x"), 1),
  STAT: request(ask.stat("/x"), 1),
  RENAME: request(ask.rename("/x", "/y"), 1),
  READLINK: request(ask.readlink("/x"), 1),
  SYMLINK: request(ask.symlink("/x", "/y"), 1),
  EXTENDED: packet(Type.EXTENDED, u32(1), str("name")),
  "posix-rename": request(ask.posixRename("/x", "/y"), 1),
  statvfs: request(ask.statvfs("/x"), 1),
  fstatvfs: request(ask.fstatvfs(handle), 1),
  hardlink: request(ask.hardlink("/x", "/y"), 1),
  fsync: request(ask.fsync(handle), 1),
  lsetstat: request(ask.lsetstat("/x", { uid: 1, gid: 1 }), 1),
  "expand-path": request(ask.expandPath("/x"), 1),
  "copy-data": request(ask.copyData(handle, 0, 0, u32(1), 0), 1),
  "home-directory": request(ask.homeDirectory("root"), 1),
  "users-groups-by-id": request(ask.usersGroupsById([0], [0]), 1),
};

/** A packet without its last byte, and with a length field that agrees. */
function cut(whole: Uint8Array): Uint8Array {
  const shorter = whole.slice(0, -1);
  new DataView(shorter.buffer).setUint32(0, shorter.length - 4);
  return shorter;
}

const cuts: Ending[] = Object.entries(wholeRequests).map(([name, whole]) =>
  ending(`${name} that is a byte too short`, cut(whole))
);

const withNul: Ending[] = [
  survived("STAT of a name with a NUL in it", request(ask.stat("/a\0b"), 1)),
  survived("STAT of a name of two NULs", request(ask.stat("\0\0"), 1)),
  survived("STAT of a name with a NUL at its end", request(ask.stat("/etc\0"), 1)),
  survived("STAT of a name that is a NUL", request(ask.stat("\0"), 1)),
  survived("RENAME to a name with a NUL in it", request(ask.rename("/a", "/b\0c"), 1)),
  survived("SYMLINK with a text with a NUL in it", request(ask.symlink("a\0b", "/l"), 1)),
  survived("an extension with a NUL in its name", request(ask.extended("a\0b"), 1)),
  survived("WRITE of NULs", request(ask.write(handle, 0, "a\0b\0"), 1)),
  survived("CLOSE of a handle with NULs", request(ask.close(bytesOf("\0a\0b")), 1)),
];

function extendedAttrs(count: number, ...pairs: readonly Uint8Array[]): Uint8Array {
  return packet(Type.SETSTAT, u32(1), str("/etc"), u32(0x80000000), u32(count), ...pairs);
}

const strange: Ending[] = [
  { name: "nothing at all", pieces: [] },
  { name: "half an INIT", pieces: [init().subarray(0, 7)] },
  { name: "a first packet that is too long", pieces: [bytesOf("SSH-2.0-OpenSSH_9.2\r\n")] },
  { name: "a request before INIT", pieces: [MARK] },
  { name: "what is no request before INIT", pieces: [concat(packet(99, u32(1)), MARK)] },
  { name: "an INIT without a version", pieces: [concat(packet(Type.INIT), MARK)] },
  { name: "an INIT with half a version", pieces: [packet(Type.INIT, new Uint8Array(3))] },
  { name: "an INIT with extensions", pieces: [concat(init(3, str("a@b"), str("1")), MARK)] },
  { name: "an INIT with rubbish behind it", pieces: [concat(init(3, u64(7)), MARK)] },
  survived("a second INIT", init()),
  ending("no request at all"),
  ending("half a length field", Uint8Array.of(0, 0)),
  ending("half a packet", MARK.subarray(0, 9)),
  ending("a packet of 262,145 bytes", concat(u32(262_145), new Uint8Array(100))),
  // OpenSSH's server looks at a length when a byte stands behind it.
  ending("a packet of 2^32 - 1 bytes", concat(u32(0xffffffff), Uint8Array.of(1))),
  survived(
    "a packet of 262,144 bytes",
    packet(Type.STAT, u32(5), str("/etc"), new Uint8Array(262_144 - 13)),
  ),
  ending("a packet of no bytes", concat(u32(0), Uint8Array.of(1))),
  ending("a packet of no bytes before another", concat(u32(0), MARK)),
  ending("a request without an id", packet(Type.STAT)),
  ending("a request with half an id", packet(Type.STAT, Uint8Array.of(1))),
  ending("what is no request, without an id", packet(99)),
  survived("a string that is longer than its packet", packet(Type.STAT, u32(1), u32(100))),
  survived("a string of 2^32 - 1 bytes", packet(Type.STAT, u32(1), u32(0xffffffff), u32(1))),
  survived("extended attributes", extendedAttrs(1, str("a"), str("b"))),
  survived("fewer extended attributes than said", extendedAttrs(2, str("a"), str("b"))),
  survived("more extended attributes than said", extendedAttrs(0, str("a"), str("b"))),
  survived("2^20 + 1 extended attributes", extendedAttrs(0x100001)),
  survived(
    "attributes with unknown flags",
    packet(Type.SETSTAT, u32(1), str("/etc"), u32(0x7ffffff0)),
  ),
  survived(
    "numbers that do not fill users-groups-by-id",
    request(ask.extended("users-groups-by-id@openssh.com", str("abc"), str("")), 1),
  ),
  survived(
    "a thousand requests in one piece",
    ...Array.from({ length: 1000 }, (_, id) => request(ask.lstat("/etc"), 1000 + id)),
  ),
  survived(
    "handles that are left open",
    request(ask.opendir("/etc"), 1),
    request(ask.open("/etc/passwd", 1), 2),
  ),
  ending(
    "a file that is left open before rubbish",
    concat(request(ask.open("/left-open", 2 | 8), 1), MARK),
    packet(Type.SETSTAT, u32(3), attrs()),
  ),
];

const versions: Ending[] = [0, 1, 2, 4, 6, 0xffffffff].map((version) => ({
  name: `a client of version ${version}`,
  pieces: [concat(init(version), request(ask.stat("/missing"), 1), MARK)],
}));

// OpenSSH's server does not look at what stands behind such a packet before more comes.
const unknownTypes: Ending[] = [0, 2, 21, 100, 101, 105, 199, 201, 255].map((type) =>
  ending(`a packet of type ${type}`, packet(type, u32(1), str("/etc")))
);

/** How sessions end, and what they say before. */
export const endings: readonly Ending[] = [
  ...cuts,
  ...withNul,
  ...strange,
  ...versions,
  ...unknownTypes,
];
