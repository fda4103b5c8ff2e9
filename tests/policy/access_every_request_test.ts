import { assert, assertEquals } from "@std/assert";
import { type AccessPolicy, applyPolicies } from "../../lib/policy/access.ts";
import { appendOnly } from "../../lib/policy/append_only.ts";
import { maxFileSize } from "../../lib/policy/max_file_size.ts";
import { forcedModes } from "../../lib/policy/modes.ts";
import { noDelete } from "../../lib/policy/no_delete.ts";
import { noOverwrite } from "../../lib/policy/no_overwrite.ts";
import { denyPaths, hidePaths } from "../../lib/policy/path_limits.ts";
import { readOnly } from "../../lib/policy/read_only.ts";
import { uploadOnly } from "../../lib/policy/upload_only.ts";
import { requestNames } from "../../lib/session/request_names.ts";
import { JailStorage } from "../../lib/storage/local/jail.ts";
import { openLibc } from "../../lib/linux/libc.ts";
import type { Root } from "../../lib/storage/local/root.ts";
import { openKernelRoot } from "../../lib/storage/local/kernel/root.ts";
import { PortableRoot } from "../../lib/storage/local/portable/root.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { later } from "../support/later.ts";
import { Dialogue } from "../support/wire_session.ts";
import { type Attempt, attempts, outcomeOf } from "./every_request.ts";

/** A column of the table. */
interface Column {
  readonly name: string;
  readonly policies: () => AccessPolicy[];
  /** The folder that contains the files; the root if absent. */
  readonly here?: string;
}

const columns: readonly Column[] = [
  { name: "no policy", policies: () => [] },
  { name: "read-only", policies: () => [readOnly()] },
  { name: "upload-only", policies: () => [uploadOnly()] },
  { name: "append-only", policies: () => [appendOnly()] },
  { name: "no-overwrite", policies: () => [noOverwrite()] },
  { name: "no-delete", policies: () => [noDelete()] },
  { name: "max-file-size", policies: () => [maxFileSize(10)] },
  {
    name: "modes",
    policies: () => [forcedModes({ file: 0o640, directory: 0o750, ignoreChmod: true })],
  },
  { name: "deny elsewhere", policies: () => [denyPaths(["*.key", "/kept"])] },
  { name: "deny here", policies: () => [denyPaths(["*.key", "/kept"])], here: "/kept" },
  { name: "hide here", policies: () => [hidePaths(["*.key", "/kept"])], here: "/kept" },
];

/**
 * The answer to each attempt in each column: `+` done, `d` PERMISSION_DENIED, `a` NO_SUCH_FILE, `f`
 * FAILURE, `e` an empty listing. If no handle can be opened, one is made up, so `f` and `a` also
 * stand for a bad handle.
 */
const table: Readonly<Record<string, string>> = {
  "open: to read": "+ + d + + + + + + d a",
  "open: to write to what is there": "+ d d + d + + + + d a",
  "open: to append to what is there": "+ d d + d + + + + d a",
  "open: to upload over what is there": "+ d d d d + + + + d a",
  "open: to upload through a link": "+ d d d d + + + + d a",
  "open: to create what is there, exclusively": "f d f f f f f f f d a",
  "open: to upload anew": "+ d + + + + + + + d a",
  "open: to create, and only read": "+ d d + + + + + + d a",
  "open: to truncate, and only read": "+ d d d d + + + + d a",
  "open: to truncate, with no other flag": "+ d d d d + + + + d a",
  "open: to resume an own upload": "+ d + + + + + + + d a",
  "open: to begin an own upload again": "+ d + d + + + + + d a",
  "open: to read an own upload": "+ a d + + + + + + d a",
  "close: a new file": "+ a + + + + + + + a a",
  "read: what is there": "+ + d + + + + + + f f",
  "read: a new file": "+ f d + + + + + + f f",
  "write: over what is there": "+ d f d f + + + + f f",
  "write: behind what is there": "+ d f + f + + + + f f",
  "write: to the end": "+ d f + f + + + + f f",
  "write: far behind": "+ d f + f + f + + f f",
  "write: by a handle to read": "a d f d d a a a a f f",
  "write: to a new file": "+ d + + + + + + + f f",
  "write: beyond the limit": "+ d + + + + f + + f f",
  "write: to the end, beyond the limit": "+ d + + + + f + + f f",
  "lstat": "+ + + + + + + + + d a",
  "fstat": "+ f + + + + + + + f f",
  "setstat: mode": "+ d d + + + + + + d a",
  "setstat: times": "+ d d + + + + + + d a",
  "setstat: times of a folder": "+ d d + + + + + + d a",
  "setstat: a smaller size": "+ d d d d + + + + d a",
  "setstat: a smaller size by a link": "+ d d d d + + + + d a",
  "setstat: a larger size": "+ d d + d + + + + d a",
  "setstat: beyond the limit": "+ d d + d + f + + d a",
  "setstat: mode of an own upload": "+ d + + + + + + + d a",
  "setstat: times of an own upload": "+ d + + + + + + + d a",
  "setstat: a smaller size of an own upload": "+ d + d + + + + + d a",
  "fsetstat: mode": "+ d f + + + + + + f f",
  "fsetstat: a smaller size": "+ d f d f + + + + f f",
  "fsetstat: a larger size": "+ d f + f + + + + f f",
  "fsetstat: mode of a new file": "+ d + + + + + + + f f",
  "fsetstat: times of a new file": "+ d + + + + + + + f f",
  "fsetstat: a smaller size of a new file": "+ d + + + + + + + f f",
  "fsetstat: beyond the limit": "+ d + + + + f + + f f",
  "opendir": "+ + + + + + + + + d a",
  "readdir": "+ + e + + + + + + f f",
  "remove: a file": "+ d d d + d + + + d a",
  "remove: a link": "+ d d d + d + + + d a",
  "remove: an own upload": "+ d + d + + + + + d a",
  "mkdir": "+ d + + + + + + + d a",
  "rmdir": "+ d d d + d + + + d a",
  "realpath": "+ + + + + + + + + d a",
  "stat": "+ + + + + + + + + d a",
  "stat: what is missing": "a a a a a a a a a d a",
  "rename: a file": "+ d d + d + + + + d a",
  "rename: a folder": "+ d d + d + + + + d a",
  "rename: over a file": "f d d f d f f f f d a",
  "rename: an own upload": "+ d + + + + + + + d a",
  "rename: an own upload over a file": "f d f f f f f f f d a",
  "readlink": "+ + d + + + + + + d a",
  "symlink": "+ d d + + + + + + d a",
  "posix-rename: a file": "+ d d + d + + + + d a",
  "posix-rename: over a file": "+ d d f d f + + + d a",
  "posix-rename: over an empty folder": "+ d d f d f + + + d a",
  "posix-rename: an own upload": "+ d + + + + + + + d a",
  "posix-rename: an own upload over a file": "+ d f f f + + + + d a",
  "posix-rename: an own upload over an own upload": "+ d + f f + + + + d a",
  "statvfs": "+ + + + + + + + + d a",
  "fstatvfs": "+ f + + + + + + + f f",
  "hardlink": "+ d d + d + + + + d a",
  "hardlink: to an own upload": "+ d d + + + + + + d a",
  "fsync": "+ d + + + + + + + a a",
  "lsetstat: times": "+ d d + + + + + + d a",
  "lsetstat: times of an own upload": "+ d + + + + + + + d a",
  "limits": "+ + + + + + + + + + +",
  "expand-path": "+ + + + + + + + + d a",
  "copy-data: from what is there to a new file": "+ d d + + + + + + f f",
  "copy-data: from a new file over what is there": "+ d d d f + + + + f f",
  "copy-data: from a new file to a handle to read": "a d d d d a a a a f f",
  "copy-data: beyond the limit": "+ d d + + + f + + f f",
  "home-directory": "+ + + + + + + + + + +",
  "users-groups-by-id": "+ + + + + + + + + + +",
  "check-file-handle: what is there": "+ + d + + + + + + f f",
  "check-file-handle: a new file": "+ f d + + + + + + f f",
  "check-file-name": "+ + d + + + + + + d a",
  "check-file": "+ f d + + + + + + f f",
};

const LETTERS = {
  ok: "+",
  denied: "d",
  absent: "a",
  failure: "f",
  empty: "e",
  invalid: "i",
  unsupported: "u",
};

const libc = openLibc();

const RIGHTS = { symlink: true, statfs: true };

const everywhere = [
  "posix-rename",
  "statvfs",
  "fstatvfs",
  "hardlink",
  "fsync",
  "lsetstat",
  "limits",
  "expand-path",
  "copy-data",
  "home-directory",
  "users-groups-by-id",
  "check-file-handle",
  "check-file-name",
  "check-file",
];

/** Extensions that a column does not advertise; it advertises all others. */
const unadvertised: Readonly<Record<string, readonly string[]>> = {
  "read-only": ["posix-rename", "hardlink", "fsync", "lsetstat", "copy-data"],
  "upload-only": ["hardlink", "copy-data", "check-file-handle", "check-file-name", "check-file"],
};

Deno.test("every request is attempted, and every attempt has its line in the table", () => {
  assertEquals(
    [...new Set(attempts.map(({ request }) => request))].sort(),
    [...requestNames].sort(),
  );
  assertEquals(attempts.map(titleOf), Object.keys(table));
});

for (const [index, column] of columns.entries()) {
  Deno.test(`${column.name}: each request has its answer, in memory`, async () => {
    await assertAnswers(index, () => ({ storage: new MemoryStorage() }));
  });

  Deno.test(`${column.name}: each request has its answer, in memory by promises`, async () => {
    await assertAnswers(index, () => {
      const storage = new MemoryStorage();
      return { storage, served: later(storage) };
    });
  });

  Deno.test(`${column.name}: each request has its answer, in a jail`, async () => {
    await assertAnswers(index, () => inJail((directory) => openKernelRoot(directory, libc)));
  });

  Deno.test(`${column.name}: each request has its answer, in a portable jail`, async () => {
    await assertAnswers(index, () => inJail((directory) => new PortableRoot(directory, RIGHTS)));
  });

  Deno.test(`${column.name}: what is refused is not advertised, and all else is`, () => {
    const { storage, policy } = applyPolicies(new MemoryStorage(), column.policies());
    const { version } = new Dialogue(storage, { policy });
    assert(version.kind === "version");
    const refused = unadvertised[column.name] ?? [];
    assertEquals(
      version.extensions.map(([name]) => name.replace(/@.*/, "")),
      everywhere.filter((name) => !refused.includes(name)),
    );
  });
}

Deno.test("applyPolicies() advertises no extension that the storage lacks", () => {
  const bare = new Proxy(new MemoryStorage(), {
    get(target, name) {
      if (name === "extensions") return {};
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  for (const { policies } of columns) {
    assertEquals(Object.keys(applyPolicies(bare, policies()).storage.extensions), []);
  }
});

/** A storage for the attempts, and what belongs to it. */
interface Ground {
  readonly storage: Storage;
  readonly served?: Storage;
  readonly dispose?: () => void;
}

function inJail(open: (directory: string) => Root): Ground {
  const directory = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "sftpwrap_policy_" }));
  return {
    storage: new JailStorage(open(directory)),
    dispose: () => Deno.removeSync(directory, { recursive: true }),
  };
}

async function assertAnswers(index: number, ground: () => Ground): Promise<void> {
  const { policies, here = "" } = columns[index]!;
  const answers: Record<string, string> = {};
  const expected: Record<string, string> = {};
  for (const attempt of attempts) {
    const { storage, served, dispose } = ground();
    const outcome = await outcomeOf(attempt, { storage, served, policies: policies(), here });
    dispose?.();
    answers[titleOf(attempt)] = LETTERS[outcome];
    expected[titleOf(attempt)] = table[titleOf(attempt)]!.split(" ")[index]!;
  }
  assertEquals(answers, expected);
}

function titleOf({ request, what }: Attempt): string {
  return what === "" ? request : `${request}: ${what}`;
}
