/**
 * A jail, its surroundings, and a client that searches every byte of every reply for a trace of
 * these.
 *
 * @module
 */

import { withTempDir } from "./files.ts";
import { bytesOf, concat, parseReply, type Reply, type Request, request, u32, u64 } from "./raw.ts";
import { type ChildOptions, ChildServer } from "./wire_session.ts";

/** The beginning of the content of the file outside. */
const CONTENT = "the canary sings of 6d1f0b";

/** A name outside that no request ever mentions. */
const UNSPOKEN_NAME = "unspoken-93ac";

/** The size of the file outside, which no other file has. */
const SIZE = 6_151_403;

/**
 * Times in seconds that only files outside have. The first is the later one, so that reading
 * changes the second.
 */
const MTIME = 781_937_201;
const ATIME = 770_011_003;

/** The directories of a test, by their real paths. */
export interface Site {
  /** The directory that contains the others; its last segment is in no other path. */
  readonly base: string;
  /** What the client sees as `/`. */
  readonly jail: string;
  /** What no request may reach; see {@linkcode fillOutside}. */
  readonly outside: string;
  /** As `outside`, with a name that begins like the jail's. */
  readonly sibling: string;
}

/** The directories below `base`. */
export function siteAt(base: string): Site {
  return {
    base,
    jail: `${base}/jail`,
    outside: `${base}/outside`,
    sibling: `${base}/jail-evil`,
  };
}

/** Makes an empty jail with its surroundings below `base`, which must exist and be empty. */
export function makeSite(base: string): Site {
  const site = siteAt(base);
  Deno.mkdirSync(site.jail);
  fillOutside(site);
  return site;
}

/**
 * Runs `use` with an empty jail in a directory of its own, so deep that an attempt which gets out by
 * `..` changes nothing of this machine's.
 */
export async function withSite<T>(use: (site: Site) => Promise<T>): Promise<T> {
  return await withTempDir(async (directory) => {
    const base = `${directory}/two/levels`;
    await Deno.mkdir(base, { recursive: true });
    return await use(makeSite(base));
  });
}

/** Makes the surroundings anew: files, directories and a link, all with times of their own. */
export function fillOutside(site: Site): void {
  for (const directory of [site.outside, site.sibling]) {
    // The directory itself stays, if it can: it is a server's working directory.
    if (existsSync(directory)) removeWithin(directory);
    Deno.mkdirSync(`${directory}/dir`, { recursive: true });
    Deno.chmodSync(directory, 0o755);
    Deno.mkdirSync(`${directory}/empty`);
    for (const name of ["canary", `dir/${UNSPOKEN_NAME}`, UNSPOKEN_NAME]) {
      Deno.writeTextFileSync(`${directory}/${name}`, CONTENT);
      Deno.truncateSync(`${directory}/${name}`, SIZE);
      Deno.chmodSync(`${directory}/${name}`, 0o640);
    }
  }
  for (const path of surroundings(site)) Deno.utimeSync(path, ATIME, MTIME);
}

/** Everything outside, the deepest first, including the directory that contains it all. */
function surroundings({ base, outside, sibling }: Site): string[] {
  const names = [
    `dir/${UNSPOKEN_NAME}`,
    "dir",
    "empty",
    "canary",
    UNSPOKEN_NAME,
  ];
  return [
    ...[outside, sibling].flatMap((path) => [...names.map((name) => `${path}/${name}`), path]),
    base,
  ];
}

/**
 * Everything that `lstat` shows of the surroundings. What is made or removed there shows in a
 * directory's time, what is read or listed in the access time: so this neither reads nor lists.
 */
export function lookOutside(site: Site): string {
  return surroundings(site).map((path) => {
    if (!existsSync(path)) return `${path} is gone`;
    const { ino, mode, uid, gid, nlink, size, mtime, atime, ctime } = Deno.lstatSync(path);
    const times = [mtime, atime, ctime].map((time) => time?.getTime());
    return [path, ino, mode?.toString(8), uid, gid, nlink, size, ...times].join(" ");
  }).join("\n");
}

/** Where a test may have mounted a file system in the jail. */
export const MOUNT_POINT = "proc";

/** Removes everything in the jail, except what is mounted there. */
export function emptyJail({ jail }: Site): void {
  removeWithin(jail);
}

function removeWithin(directory: string): void {
  for (const name of namesIn(directory)) {
    if (name !== MOUNT_POINT) Deno.removeSync(`${directory}/${name}`, { recursive: true });
  }
}

/** A text that shows whether anything in the jail has changed, except what is mounted there. */
export function stateOf(directory: string): string {
  const { ino, mode, uid, nlink, size, mtime, ctime, isDirectory } = Deno.lstatSync(directory);
  const own = [directory, ino, mode, uid, nlink, size, mtime?.getTime(), ctime?.getTime()].join(
    " ",
  );
  if (!isDirectory) return own;
  const below = namesIn(directory).filter((name) => name !== MOUNT_POINT)
    .map((name) => stateOf(`${directory}/${name}`));
  return [own, ...below].join("\n");
}

/** Bytes that no reply may contain, and what each would give away. */
export function tracesOf({ base }: Site): readonly (readonly [what: string, bytes: Uint8Array])[] {
  return [
    ["a host path", bytesOf(base.slice(base.lastIndexOf("/") + 1))],
    ["content from outside", bytesOf(CONTENT)],
    ["a name from outside", bytesOf(UNSPOKEN_NAME)],
    ["the size of a file outside", u64(SIZE)],
    ["the time of a file outside", concat(u32(ATIME), u32(MTIME))],
  ];
}

/** What one reply gives away; a link's text is the jail's own content. */
function traceIn(body: Uint8Array, sent: Request, traces: ReturnType<typeof tracesOf>): string[] {
  const READLINK = 19;
  return traces
    .filter(([what]) => sent.type !== READLINK || what !== "a host path")
    .filter(([, bytes]) => indexOf(body, bytes) !== -1)
    .map(([what]) => `told ${what}`);
}

function indexOf(haystack: Uint8Array, needle: Uint8Array): number {
  outer: for (let at = 0; at <= haystack.length - needle.length; at++) {
    for (let index = 0; index < needle.length; index++) {
      if (haystack[at + index] !== needle[index]) continue outer;
    }
    return at;
  }
  return -1;
}

/** A client that records what replies give away. */
export class Prober implements AsyncDisposable {
  /** What replies have given away since it was emptied last. */
  readonly found: string[] = [];
  readonly server: ChildServer;
  readonly #traces: ReturnType<typeof tracesOf>;
  #nextId = 1;
  #ended: Promise<{ code: number; stderr: string }> | undefined;

  private constructor(server: ChildServer, site: Site) {
    this.server = server;
    this.#traces = tracesOf(site);
  }

  /** Starts a server by its command, and sends INIT. It runs in the directory outside. */
  static async start(
    words: readonly string[],
    site: Site,
    options: ChildOptions = {},
  ): Promise<Prober> {
    const server = new ChildServer(words, { cwd: site.outside, ...options });
    const prober = new Prober(server, site);
    const version = await server.greet();
    prober.found.push(...traceIn(bytesOf(JSON.stringify(version)), noRequest, prober.#traces));
    return prober;
  }

  /** Sends a request and returns its reply. */
  async ask(sent: Request): Promise<Reply> {
    const id = this.#nextId++;
    await this.server.send(request(sent, id));
    const body = await this.server.receiveBody();
    if (body === undefined) {
      throw new Error(`The server ended: ${(await this.end()).stderr}`);
    }
    this.found.push(...traceIn(body, sent, this.#traces));
    const reply = parseReply(body);
    if (!("id" in reply) || reply.id !== id) throw new Error(`Request ${id} got another's reply`);
    return reply;
  }

  /** Sends a request that opens something; returns the handle, or nothing if it was refused. */
  async open(sent: Request): Promise<Uint8Array | undefined> {
    const reply = await this.ask(sent);
    return reply.kind === "handle" ? reply.handle : undefined;
  }

  /** Sends a request whose reply must be STATUS, and returns its code. */
  async code(sent: Request): Promise<number> {
    const reply = await this.ask(sent);
    if (reply.kind !== "status") throw new Error(`No status but ${reply.kind}`);
    return reply.code;
  }

  /** Hangs up and waits for the server's end. */
  end(): Promise<{ code: number; stderr: string }> {
    return this.#ended ??= this.server.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

const noRequest: Request = { type: 1, fields: new Uint8Array(0) };

/** The names in a directory, sorted. */
export function namesIn(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
}

/** Whether there is an entry with this name; a link is not followed. */
export function existsSync(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
