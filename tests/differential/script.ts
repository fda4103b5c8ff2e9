/**
 * Scripts: what is asked, step by step, and what was answered, as text.
 *
 * @module
 */

import {
  ask,
  Fields,
  type Reply,
  type Request,
  type SeenAttrs,
  type SeenName,
  type SentAttrs,
} from "../support/raw.ts";
import type { ChildServer } from "../support/wire_session.ts";
import type { Tree } from "./tree.ts";

/** The words of a text. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** A path or text; in a string, `@` is the name of the case's directory. */
export type PathSpec = string | ((place: string) => Uint8Array);

/** A handle by the name under which a step has kept it, or any bytes. */
export type HandleSpec = string | Uint8Array;

/** What a step may use. */
export interface Context {
  path(spec: PathSpec): string | Uint8Array;
  handle(spec: HandleSpec): Uint8Array;
}

/** How to read the body of an extended reply. */
export type BodyKind = "statvfs" | "limits" | "names";

/** One request. */
export interface Step {
  readonly label: string;
  readonly build: (context: Context) => Request;
  /** The name under which the handle of its reply is kept. */
  readonly keep?: string;
  /** The handle that it needs, by name. */
  readonly uses?: readonly string[];
  readonly body?: BodyKind;
  /** Ask again until a STATUS comes, and tell all entries together. */
  readonly toTheEnd?: boolean;
}

/** A script in a directory of its own. */
export interface Case {
  readonly name: string;
  readonly tree: Tree;
  readonly steps: readonly Step[];
}

/** A step that uses no handle. */
function plain(label: string, build: (context: Context) => Request, body?: BodyKind): Step {
  return { label, build, ...(body === undefined ? {} : { body }) };
}

/** A step on handles. */
function on(
  handles: readonly HandleSpec[],
  label: string,
  build: (context: Context) => Request,
): Step {
  return { label, build, uses: handles.filter((handle) => typeof handle === "string") };
}

const show = (spec: PathSpec) =>
  typeof spec !== "string" ? "bytes" : spec.length > 80 ? `${spec.length} characters` : `"${spec}"`;
const showAttrs = (sent: SentAttrs) =>
  Object.entries(sent).map(([name, value]) =>
    `${name}=${name === "permissions" ? Number(value).toString(8) : String(value)}`
  ).join(" ");

/** The steps, by OpenSSH's names for the requests. */
export const step = {
  open: (keep: string, path: PathSpec, pflags: number, sent: SentAttrs = {}): Step => ({
    label: `open ${show(path)} ${pflags} ${showAttrs(sent)}`.trim(),
    build: (context) => ask.open(context.path(path), pflags, sent),
    keep,
  }),
  close: (handle: HandleSpec) => on([handle], "close", (c) => ask.close(c.handle(handle))),
  read: (handle: HandleSpec, offset: number | bigint, length: number) =>
    on([handle], `read ${offset} ${length}`, (c) => ask.read(c.handle(handle), offset, length)),
  write: (handle: HandleSpec, offset: number | bigint, data: string | Uint8Array) =>
    on(
      [handle],
      `write ${offset}, ${data.length} bytes`,
      (c) => ask.write(c.handle(handle), offset, data),
    ),
  lstat: (path: PathSpec) => plain(`lstat ${show(path)}`, (c) => ask.lstat(c.path(path))),
  stat: (path: PathSpec) => plain(`stat ${show(path)}`, (c) => ask.stat(c.path(path))),
  fstat: (handle: HandleSpec) => on([handle], "fstat", (c) => ask.fstat(c.handle(handle))),
  setstat: (path: PathSpec, sent: SentAttrs) =>
    plain(`setstat ${show(path)} ${showAttrs(sent)}`, (c) => ask.setstat(c.path(path), sent)),
  fsetstat: (handle: HandleSpec, sent: SentAttrs) =>
    on([handle], `fsetstat ${showAttrs(sent)}`, (c) => ask.fsetstat(c.handle(handle), sent)),
  opendir: (keep: string, path: PathSpec): Step => ({
    label: `opendir ${show(path)}`,
    build: (context) => ask.opendir(context.path(path)),
    keep,
  }),
  readdir: (handle: HandleSpec) => on([handle], "readdir", (c) => ask.readdir(c.handle(handle))),
  list: (handle: string): Step => ({ ...step.readdir(handle), label: "list", toTheEnd: true }),
  remove: (path: PathSpec) => plain(`remove ${show(path)}`, (c) => ask.remove(c.path(path))),
  mkdir: (path: PathSpec, sent: SentAttrs = {}) =>
    plain(
      `mkdir ${show(path)} ${showAttrs(sent)}`.trim(),
      (c) => ask.mkdir(c.path(path), sent),
    ),
  rmdir: (path: PathSpec) => plain(`rmdir ${show(path)}`, (c) => ask.rmdir(c.path(path))),
  realpath: (path: PathSpec) => plain(`realpath ${show(path)}`, (c) => ask.realpath(c.path(path))),
  rename: (from: PathSpec, to: PathSpec) =>
    plain(
      `rename ${show(from)} to ${show(to)}`,
      (c) => ask.rename(c.path(from), c.path(to)),
    ),
  readlink: (path: PathSpec) => plain(`readlink ${show(path)}`, (c) => ask.readlink(c.path(path))),
  symlink: (target: PathSpec, at: PathSpec) =>
    plain(
      `symlink ${show(target)} at ${show(at)}`,
      (c) => ask.symlink(c.path(target), c.path(at)),
    ),
  posixRename: (from: PathSpec, to: PathSpec) =>
    plain(
      `posix-rename ${show(from)} to ${show(to)}`,
      (c) => ask.posixRename(c.path(from), c.path(to)),
    ),
  statvfs: (path: PathSpec) =>
    plain(`statvfs ${show(path)}`, (c) => ask.statvfs(c.path(path)), "statvfs"),
  fstatvfs: (handle: HandleSpec): Step => ({
    ...on([handle], "fstatvfs", (c) => ask.fstatvfs(c.handle(handle))),
    body: "statvfs",
  }),
  hardlink: (from: PathSpec, to: PathSpec) =>
    plain(
      `hardlink ${show(from)} to ${show(to)}`,
      (c) => ask.hardlink(c.path(from), c.path(to)),
    ),
  fsync: (handle: HandleSpec) => on([handle], "fsync", (c) => ask.fsync(c.handle(handle))),
  lsetstat: (path: PathSpec, sent: SentAttrs) =>
    plain(`lsetstat ${show(path)} ${showAttrs(sent)}`, (c) => ask.lsetstat(c.path(path), sent)),
  limits: (): Step => plain("limits", () => ask.limits(), "limits"),
  expandPath: (path: PathSpec) =>
    plain(`expand-path ${show(path)}`, (c) => ask.expandPath(c.path(path))),
  copyData: (
    source: HandleSpec,
    sourceOffset: number | bigint,
    length: number | bigint,
    target: HandleSpec,
    targetOffset: number | bigint,
  ) =>
    on(
      [source, target],
      `copy-data ${String(source)} ${sourceOffset} ${length} ${String(target)} ${targetOffset}`,
      (c) => ask.copyData(c.handle(source), sourceOffset, length, c.handle(target), targetOffset),
    ),
  homeDirectory: (user: string) => plain(`home-directory "${user}"`, () => ask.homeDirectory(user)),
  usersGroupsById: (uids: readonly number[], gids: readonly number[]) =>
    plain(
      `users-groups-by-id ${uids.length} ${gids.length}`,
      () => ask.usersGroupsById(uids, gids),
      "names",
    ),
  extended: (name: string, ...fields: readonly Uint8Array[]) =>
    plain(`extended "${name}"`, () => ask.extended(name, ...fields)),
  packet: (label: string, type: number, fields: Uint8Array) =>
    plain(label, () => ({ type, fields })),
} as const;

/** Tells a time; what is of this run is "now". */
export type TimeTeller = (seconds: number) => string;

/** One server's side of a running case. */
export class Performance {
  readonly #server: ChildServer;
  readonly #place: string;
  readonly #time: TimeTeller;
  readonly #handles = new Map<string, Uint8Array>();

  constructor(server: ChildServer, place: string, time: TimeTeller) {
    this.#server = server;
    this.#place = place;
    this.#time = time;
  }

  /** Whether the handles that a step needs are there. */
  can(wanted: Step): boolean {
    return (wanted.uses ?? []).every((name) => this.#handles.has(name));
  }

  /** Does a step, and tells the answer. */
  async do(wanted: Step): Promise<string> {
    const request = wanted.build({
      path: (spec) =>
        typeof spec === "string" ? spec.replaceAll("@", this.#place) : spec(this.#place),
      handle: (spec) => typeof spec === "string" ? this.#handles.get(spec)! : spec,
    });
    if (wanted.toTheEnd) return await this.#doToTheEnd(request);
    const reply = await this.#server.ask(request);
    if (wanted.keep !== undefined) {
      this.#handles.delete(wanted.keep);
      if (reply.kind === "handle") this.#handles.set(wanted.keep, reply.handle);
    }
    return tell(reply, this.#time, wanted.body);
  }

  /** Closes what is still open. */
  async finish(): Promise<void> {
    for (const handle of this.#handles.values()) await this.#server.ask(ask.close(handle));
  }

  async #doToTheEnd(request: Request): Promise<string> {
    const names: SeenName[] = [];
    for (;;) {
      const reply = await this.#server.ask(request);
      if (reply.kind !== "name") {
        const end = tell(reply, this.#time);
        // How many come with each reply is a server's own business.
        return `${tellNames(names, this.#time)}\nthen ${end}`;
      }
      names.push(...reply.names);
    }
  }
}

/** Tells a reply. A handle's bytes are the server's own business. */
export function tell(reply: Reply, time: TimeTeller, body?: BodyKind): string {
  switch (reply.kind) {
    case "version":
      return `VERSION ${reply.version} ${
        reply.extensions.map((pair) => pair.join("=")).sort().join(" ")
      }`;
    case "status":
      return `STATUS ${reply.code} "${reply.message}"` +
        (reply.language === "" ? "" : ` in "${reply.language}"`);
    case "handle":
      return `HANDLE`;
    case "data":
      return `DATA ${reply.data.length} ${tellBytes(reply.data)}`;
    case "name":
      return tellNames(reply.names, time);
    case "attrs":
      return `ATTRS ${tellAttrs(reply.attrs, time)}`;
    case "extended":
      return `EXTENDED_REPLY ${tellBody(reply.body, body)}`;
  }
}

function tellBytes(bytes: Uint8Array): string {
  const head = new TextDecoder().decode(bytes.subarray(0, 60));
  return JSON.stringify(head) + (bytes.length > 60 ? ` … ${bytes.at(-1)}` : "");
}

function tellNames(names: readonly SeenName[], time: TimeTeller): string {
  const lines = names.map(({ filename, longname, attrs }) => {
    // A longname shows the minute, which may pass between the two servers.
    const fixed = attrs.mtime !== undefined && time(attrs.mtime) === "now"
      ? longname.replace(/[A-Z][a-z]{2} [ \d]\d (\d\d:\d\d| \d{4})/, "<now>")
      : longname;
    return `  ${JSON.stringify(filename)} | ${JSON.stringify(fixed)} | ${tellAttrs(attrs, time)}`;
  });
  return `NAME ${names.length}\n${lines.sort().join("\n")}`;
}

function tellAttrs(seen: SeenAttrs, time: TimeTeller): string {
  const parts: string[] = [];
  if (seen.size !== undefined) parts.push(`size ${seen.size}`);
  if (seen.uid !== undefined) parts.push(`owner ${seen.uid}:${seen.gid}`);
  if (seen.permissions !== undefined) parts.push(`mode ${seen.permissions.toString(8)}`);
  if (seen.atime !== undefined) parts.push(`times ${time(seen.atime)} ${time(seen.mtime!)}`);
  if (seen.extended !== undefined) parts.push(`extended ${seen.extended}`);
  return parts.join(", ") || "none";
}

const FIGURES = "bsize frsize blocks bfree bavail files ffree favail fsid flag namemax".split(" ");
/** These change while other programs run. */
const MOVING = ["bfree", "bavail", "ffree", "favail"];

function tellBody(bytes: Uint8Array, kind: BodyKind | undefined): string {
  const fields = new Fields(bytes);
  if (kind === "statvfs") {
    const told = FIGURES.map((name) => {
      const value = fields.u64();
      return `${name} ${MOVING.includes(name) ? (value > 0n ? "some" : "none") : value}`;
    });
    return told.join(", ") + (fields.left > 0 ? ` and ${fields.left} bytes` : "");
  }
  if (kind === "limits") {
    const values = [fields.u64(), fields.u64(), fields.u64(), fields.u64()];
    return values.join(", ") + (fields.left > 0 ? ` and ${fields.left} bytes` : "");
  }
  if (kind === "names") {
    const lists = [fields.str(), fields.str()].map((packed) => {
      const inner = new Fields(packed);
      const names: string[] = [];
      while (inner.left > 0) names.push(inner.text());
      return names.join(",");
    });
    return lists.join(" | ") + (fields.left > 0 ? ` and ${fields.left} bytes` : "");
  }
  return tellBytes(bytes);
}
