/**
 * Every request in each form that a client may send, for tests of policies.
 *
 * @module
 */

import type { AccessPolicy } from "../../lib/policy/access.ts";
import { applyPolicies } from "../../lib/policy/access.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { ask, Code, Flag, type Reply, type Request, type SentAttrs } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

const { READ, WRITE, APPEND, CREAT, TRUNC, EXCL } = Flag;

/** How a request was answered. */
export type Outcome = "ok" | "empty" | "denied" | "absent" | "failure" | "invalid" | "unsupported";

/** A request, with whatever must come before it in the same session. */
export interface Attempt {
  /** The name in `-Q`. */
  readonly request: string;
  /** What is attempted. */
  readonly what: string;
  /** Makes it; `here` is the folder that contains the files. */
  readonly make: (client: Client, here: string) => Promise<Request> | Request;
}

/** A handle that was never opened, as a client may make one up. */
const MADE_UP = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

/**
 * A client that prepares an attempt. If the preparation is already refused, it continues
 * nevertheless.
 */
class Client {
  readonly #dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** A handle of what the request opens, or a made-up one. */
  async handle(request: Request): Promise<Uint8Array> {
    const reply = await this.#dialogue.ask(request);
    return reply.kind === "handle" ? reply.handle : MADE_UP;
  }

  open(path: string, flags: number): Promise<Uint8Array> {
    return this.handle(ask.open(path, flags));
  }

  /** A new file of six bytes, which stays open. */
  async own(path: string, flags: number = WRITE | CREAT): Promise<Uint8Array> {
    const handle = await this.open(path, flags);
    await this.#dialogue.ask(ask.write(handle, 0, "upload"));
    return handle;
  }

  /** The same, closed. */
  async uploaded(path: string): Promise<void> {
    await this.#dialogue.ask(ask.close(await this.own(path)));
  }
}

function attempt(request: string, what: string, make: Attempt["make"]): Attempt {
  return { request, what, make };
}

/** An operation on `own`, a file that this session has uploaded and closed. */
function onOwn(request: string, what: string, make: (own: string, here: string) => Request) {
  return attempt(request, what, async (client, here) => {
    await client.uploaded(`${here}/own`);
    return make(`${here}/own`, here);
  });
}

/** An operation on a handle of a new file, open for writing, or also for reading. */
function onNew(request: string, what: string, make: (handle: Uint8Array) => Request, flags = 0) {
  return attempt(
    request,
    what,
    async (client, here) => make(await client.own(`${here}/own`, WRITE | CREAT | flags)),
  );
}

/** An operation on a handle of the file that existed before. */
function onFile(request: string, what: string, flags: number, make: (h: Uint8Array) => Request) {
  return attempt(
    request,
    what,
    async (client, here) => make(await client.open(`${here}/file`, flags)),
  );
}

const TIMES: SentAttrs = { atime: 5, mtime: 6 };

/**
 * All attempts. The files are: `file` (seven bytes), `other`, `link` to `file`, `folder` with a
 * file in it, and `nothing`, an empty folder.
 */
export const attempts: readonly Attempt[] = [
  attempt("open", "to read", (_, here) => ask.open(`${here}/file`, READ)),
  attempt("open", "to write to what is there", (_, here) => ask.open(`${here}/file`, WRITE)),
  attempt(
    "open",
    "to append to what is there",
    (_, here) => ask.open(`${here}/file`, WRITE | APPEND),
  ),
  attempt(
    "open",
    "to upload over what is there",
    (_, here) => ask.open(`${here}/file`, WRITE | CREAT | TRUNC),
  ),
  attempt(
    "open",
    "to upload through a link",
    (_, here) => ask.open(`${here}/link`, WRITE | CREAT | TRUNC),
  ),
  attempt(
    "open",
    "to create what is there, exclusively",
    (_, here) => ask.open(`${here}/file`, WRITE | CREAT | EXCL),
  ),
  attempt("open", "to upload anew", (_, here) => ask.open(`${here}/new`, WRITE | CREAT | TRUNC)),
  attempt("open", "to create, and only read", (_, here) => ask.open(`${here}/new`, READ | CREAT)),
  attempt(
    "open",
    "to truncate, and only read",
    (_, here) => ask.open(`${here}/file`, READ | TRUNC),
  ),
  attempt("open", "to truncate, with no other flag", (_, here) => ask.open(`${here}/file`, TRUNC)),
  onOwn("open", "to resume an own upload", (own) => ask.open(own, WRITE | CREAT)),
  onOwn("open", "to begin an own upload again", (own) => ask.open(own, WRITE | CREAT | TRUNC)),
  onOwn("open", "to read an own upload", (own) => ask.open(own, READ)),
  onNew("close", "a new file", (handle) => ask.close(handle)),
  onFile("read", "what is there", READ, (handle) => ask.read(handle, 0, 9)),
  onNew("read", "a new file", (handle) => ask.read(handle, 0, 9), READ),
  onFile("write", "over what is there", WRITE, (handle) => ask.write(handle, 0, "xyz")),
  onFile("write", "behind what is there", WRITE, (handle) => ask.write(handle, 7, "xyz")),
  onFile("write", "to the end", WRITE | APPEND, (handle) => ask.write(handle, 0, "xyz")),
  onFile("write", "far behind", WRITE, (handle) => ask.write(handle, 99, "xyz")),
  onFile("write", "by a handle to read", READ, (handle) => ask.write(handle, 7, "xyz")),
  onNew("write", "to a new file", (handle) => ask.write(handle, 2, "xyz")),
  onNew("write", "beyond the limit", (handle) => ask.write(handle, 8, "xyz")),
  onNew("write", "to the end, beyond the limit", (h) => ask.write(h, 0, "12345"), APPEND),
  attempt("lstat", "", (_, here) => ask.lstat(`${here}/link`)),
  onNew("fstat", "", (handle) => ask.fstat(handle)),
  attempt("setstat", "mode", (_, here) => ask.setstat(`${here}/file`, { permissions: 0o600 })),
  attempt("setstat", "times", (_, here) => ask.setstat(`${here}/file`, TIMES)),
  attempt("setstat", "times of a folder", (_, here) => ask.setstat(`${here}/folder`, TIMES)),
  attempt("setstat", "a smaller size", (_, here) => ask.setstat(`${here}/file`, { size: 3 })),
  attempt(
    "setstat",
    "a smaller size by a link",
    (_, here) => ask.setstat(`${here}/link`, { size: 0 }),
  ),
  attempt("setstat", "a larger size", (_, here) => ask.setstat(`${here}/file`, { size: 8 })),
  attempt("setstat", "beyond the limit", (_, here) => ask.setstat(`${here}/file`, { size: 99 })),
  onOwn("setstat", "mode of an own upload", (own) => ask.setstat(own, { permissions: 0o600 })),
  onOwn("setstat", "times of an own upload", (own) => ask.setstat(own, TIMES)),
  onOwn("setstat", "a smaller size of an own upload", (own) => ask.setstat(own, { size: 3 })),
  onFile("fsetstat", "mode", READ, (handle) => ask.fsetstat(handle, { permissions: 0o600 })),
  onFile("fsetstat", "a smaller size", READ | WRITE, (handle) => ask.fsetstat(handle, { size: 0 })),
  onFile("fsetstat", "a larger size", READ | WRITE, (handle) => ask.fsetstat(handle, { size: 9 })),
  onNew("fsetstat", "mode of a new file", (h) => ask.fsetstat(h, { permissions: 0o600 })),
  onNew("fsetstat", "times of a new file", (h) => ask.fsetstat(h, TIMES)),
  onNew("fsetstat", "a smaller size of a new file", (h) => ask.fsetstat(h, { size: 3 })),
  onNew("fsetstat", "beyond the limit", (h) => ask.fsetstat(h, { size: 99 })),
  attempt("opendir", "", (_, here) => ask.opendir(`${here}/folder`)),
  attempt(
    "readdir",
    "",
    async (client, here) => ask.readdir(await client.handle(ask.opendir(`${here}/folder`))),
  ),
  attempt("remove", "a file", (_, here) => ask.remove(`${here}/file`)),
  attempt("remove", "a link", (_, here) => ask.remove(`${here}/link`)),
  onOwn("remove", "an own upload", (own) => ask.remove(own)),
  attempt("mkdir", "", (_, here) => ask.mkdir(`${here}/made`)),
  attempt("rmdir", "", (_, here) => ask.rmdir(`${here}/nothing`)),
  attempt("realpath", "", (_, here) => ask.realpath(`${here}/link`)),
  attempt("stat", "", (_, here) => ask.stat(`${here}/file`)),
  attempt("stat", "what is missing", (_, here) => ask.stat(`${here}/missing`)),
  attempt("rename", "a file", (_, here) => ask.rename(`${here}/file`, `${here}/moved`)),
  attempt("rename", "a folder", (_, here) => ask.rename(`${here}/folder`, `${here}/moved`)),
  attempt("rename", "over a file", (_, here) => ask.rename(`${here}/other`, `${here}/file`)),
  onOwn("rename", "an own upload", (own, here) => ask.rename(own, `${here}/moved`)),
  onOwn("rename", "an own upload over a file", (own, here) => ask.rename(own, `${here}/file`)),
  attempt("readlink", "", (_, here) => ask.readlink(`${here}/link`)),
  attempt("symlink", "", (_, here) => ask.symlink("file", `${here}/made`)),
  attempt("posix-rename", "a file", (_, here) => ask.posixRename(`${here}/file`, `${here}/moved`)),
  attempt(
    "posix-rename",
    "over a file",
    (_, here) => ask.posixRename(`${here}/other`, `${here}/file`),
  ),
  attempt(
    "posix-rename",
    "over an empty folder",
    (_, here) => ask.posixRename(`${here}/folder`, `${here}/nothing`),
  ),
  onOwn("posix-rename", "an own upload", (own, here) => ask.posixRename(own, `${here}/moved`)),
  onOwn(
    "posix-rename",
    "an own upload over a file",
    (own, here) => ask.posixRename(own, `${here}/file`),
  ),
  attempt("posix-rename", "an own upload over an own upload", async (client, here) => {
    await client.uploaded(`${here}/own`);
    await client.uploaded(`${here}/own too`);
    return ask.posixRename(`${here}/own`, `${here}/own too`);
  }),
  attempt("statvfs", "", (_, here) => ask.statvfs(`${here}/file`)),
  onNew("fstatvfs", "", (handle) => ask.fstatvfs(handle)),
  attempt("hardlink", "", (_, here) => ask.hardlink(`${here}/file`, `${here}/made`)),
  onOwn("hardlink", "to an own upload", (own, here) => ask.hardlink(own, `${here}/made`)),
  onNew("fsync", "", (handle) => ask.fsync(handle)),
  attempt("lsetstat", "times", (_, here) => ask.lsetstat(`${here}/link`, TIMES)),
  onOwn("lsetstat", "times of an own upload", (own) => ask.lsetstat(own, TIMES)),
  attempt("limits", "", () => ask.limits()),
  attempt("expand-path", "", (_, here) => ask.expandPath(`${here}/file`)),
  attempt("copy-data", "from what is there to a new file", async (client, here) => {
    const target = await client.own(`${here}/own`);
    return ask.copyData(await client.open(`${here}/file`, READ), 0, 0, target, 0);
  }),
  attempt("copy-data", "from a new file over what is there", async (client, here) => {
    const source = await client.own(`${here}/own`, READ | WRITE | CREAT);
    return ask.copyData(source, 0, 0, await client.open(`${here}/file`, WRITE), 0);
  }),
  attempt("copy-data", "from a new file to a handle to read", async (client, here) => {
    const source = await client.own(`${here}/own`, READ | WRITE | CREAT);
    return ask.copyData(source, 0, 0, await client.open(`${here}/file`, READ), 0);
  }),
  attempt("copy-data", "beyond the limit", async (client, here) => {
    const target = await client.own(`${here}/own`);
    return ask.copyData(await client.open(`${here}/file`, READ), 0, 0, target, 6);
  }),
  attempt("home-directory", "", () => ask.homeDirectory("")),
  attempt("users-groups-by-id", "", () => ask.usersGroupsById([0], [0])),
  onFile(
    "check-file-handle",
    "what is there",
    READ,
    (handle) => ask.checkFileHandle(handle, "md5"),
  ),
  onNew("check-file-handle", "a new file", (handle) => ask.checkFileHandle(handle, "md5"), READ),
  attempt("check-file-name", "", (_, here) => ask.checkFileName(`${here}/file`, "md5")),
  onNew("check-file", "", (h) => ask.checkFileHandle(h, "md5", { name: "check-file" }), READ),
];

/** Makes the files. */
export async function fill(storage: Storage, here: string): Promise<void> {
  if (here !== "") await storage.mkdir(here, {});
  for (const folder of ["folder", "nothing"]) await storage.mkdir(`${here}/${folder}`, {});
  for (const name of ["file", "other", "folder/inner"]) {
    const create = { read: false, write: true, append: false, truncate: false, attrs: {} };
    const file = await storage.open(`${here}/${name}`, {
      ...create,
      create: true,
      exclusive: true,
    });
    await file.write(new TextEncoder().encode("content"), 0);
    await file.close(false);
  }
  await storage.symlink("file", `${here}/link`);
}

/** Makes an attempt under policies, and checks that a refused one changes nothing. */
export async function outcomeOf(
  { make }: Attempt,
  { storage, served = storage, policies, here }: {
    readonly storage: Storage;
    /** The same storage in the form in which it is served. */
    readonly served?: Storage | undefined;
    readonly policies: readonly AccessPolicy[];
    readonly here: string;
  },
): Promise<Outcome> {
  await fill(storage, here);
  const limited = applyPolicies(served, policies);
  const dialogue = new Dialogue(limited.storage, { policy: limited.policy });
  const request = await make(new Client(dialogue), here);
  const before = await stateOf(storage);
  const outcome = outcomeIn(await dialogue.ask(request));
  if (outcome !== "ok" && await stateOf(storage) !== before) {
    throw new Error(`What was answered "${outcome}" has changed something`);
  }
  await dialogue.end();
  return outcome;
}

const OUTCOMES: ReadonlyMap<number, Outcome> = new Map([
  [Code.OK, "ok"],
  [Code.EOF, "empty"],
  [Code.NO_SUCH_FILE, "absent"],
  [Code.PERMISSION_DENIED, "denied"],
  [Code.FAILURE, "failure"],
  [Code.BAD_MESSAGE, "invalid"],
  [Code.OP_UNSUPPORTED, "unsupported"],
]);

function outcomeIn(reply: Reply): Outcome {
  return reply.kind === "status" ? OUTCOMES.get(reply.code)! : "ok";
}

/** All names, attributes (except access times) and contents, as text. */
export async function stateOf(storage: Storage, directory = "/"): Promise<string> {
  const dir = await storage.openDir(directory);
  const names: string[] = [];
  for (;;) {
    const entries = await dir.next(100);
    if (entries.length === 0) break;
    names.push(...entries.map(({ name }) => name).filter((name) => !/^\.\.?$/.test(name)));
  }
  await dir.close();
  const lines: string[] = [];
  for (const name of names.sort()) {
    const path = directory === "/" ? `/${name}` : `${directory}/${name}`;
    const { size, uid, gid, permissions = 0, mtime } = await storage.lstat(path);
    const isDirectory = (permissions & 0o170000) === 0o040000;
    const isFile = (permissions & 0o170000) === 0o100000;
    lines.push([path, size, uid, gid, permissions.toString(8), mtime].join(" "));
    if (isDirectory) lines.push(await stateOf(storage, path));
    else if (isFile) lines.push(await contentOf(storage, path));
  }
  return lines.join("\n");
}

/** The content of a file, as text. */
export async function contentOf(storage: Storage, path: string): Promise<string> {
  const flags = { write: false, append: false, create: false, truncate: false, exclusive: false };
  const file = await storage.open(path, { ...flags, read: true, attrs: {} });
  const bytes = new Uint8Array(1000);
  const count = await file.read(bytes, 0);
  await file.close(false);
  return new TextDecoder().decode(bytes.subarray(0, count));
}
