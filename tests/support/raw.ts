/**
 * SFTP packets as bytes, written and read without `lib/wire`, so that the code under test neither
 * makes nor reads what a test sends and sees.
 *
 * @module
 */

/** Packet types, from draft-ietf-secsh-filexfer-02. */
export const Type = {
  INIT: 1,
  VERSION: 2,
  OPEN: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  LSTAT: 7,
  FSTAT: 8,
  SETSTAT: 9,
  FSETSTAT: 10,
  OPENDIR: 11,
  READDIR: 12,
  REMOVE: 13,
  MKDIR: 14,
  RMDIR: 15,
  REALPATH: 16,
  STAT: 17,
  RENAME: 18,
  READLINK: 19,
  SYMLINK: 20,
  STATUS: 101,
  HANDLE: 102,
  DATA: 103,
  NAME: 104,
  ATTRS: 105,
  EXTENDED: 200,
  EXTENDED_REPLY: 201,
} as const;

/** `pflags` of OPEN. */
export const Flag = { READ: 1, WRITE: 2, APPEND: 4, CREAT: 8, TRUNC: 16, EXCL: 32 } as const;

/** Codes of STATUS. */
export const Code = {
  OK: 0,
  EOF: 1,
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  FAILURE: 4,
  BAD_MESSAGE: 5,
  OP_UNSUPPORTED: 8,
} as const;

/** Text as UTF-8, or bytes as they are. */
export type Text = string | Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a text. */
export function bytesOf(text: Text): Uint8Array {
  return typeof text === "string" ? encoder.encode(text) : text;
}

/** Bytes as text; if they are not UTF-8, with `\xNN` for each that is not ASCII. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return Array.from(
      bytes,
      (byte) => byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
    ).join("");
  }
}

/** One after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joined(parts);
}

/** As {@linkcode concat}, for any number of parts: a call may not have that many arguments. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** `uint32` */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** `uint64` */
export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** `string` */
export function str(text: Text): Uint8Array {
  const bytes = bytesOf(text);
  return concat(u32(bytes.length), bytes);
}

/** A whole packet: length, type, fields. */
export function packet(type: number, ...fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = concat(...fields);
  return concat(u32(body.length + 1), Uint8Array.of(type), body);
}

/** What a client may say about a file. The missing half of a pair is sent as 0. */
export interface SentAttrs {
  readonly size?: number | bigint;
  readonly uid?: number;
  readonly gid?: number;
  readonly permissions?: number;
  readonly atime?: number;
  readonly mtime?: number;
  readonly extended?: readonly (readonly [type: string, data: string])[];
}

/** An attribute block. */
export function attrs(sent: SentAttrs = {}): Uint8Array {
  const { size, uid, gid, permissions, atime, mtime, extended } = sent;
  const owned = uid !== undefined || gid !== undefined;
  const timed = atime !== undefined || mtime !== undefined;
  const flags = (size === undefined ? 0 : 1) | (owned ? 2 : 0) |
    (permissions === undefined ? 0 : 4) | (timed ? 8 : 0) | (extended ? 0x80000000 : 0);
  const pairs = (extended ?? []).flatMap((pair) => pair.map(str));
  return concat(
    u32(flags),
    ...(size === undefined ? [] : [u64(size)]),
    ...(owned ? [u32(uid ?? 0), u32(gid ?? 0)] : []),
    ...(permissions === undefined ? [] : [u32(permissions)]),
    ...(timed ? [u32(atime ?? 0), u32(mtime ?? 0)] : []),
    ...(extended ? [u32(extended.length), ...pairs] : []),
  );
}

/** A request without its id. */
export interface Request {
  readonly type: number;
  readonly fields: Uint8Array;
}

/** A request with its id, as a packet. */
export function request({ type, fields }: Request, id: number): Uint8Array<ArrayBuffer> {
  return packet(type, u32(id), fields);
}

function made(type: number, ...fields: readonly Uint8Array[]): Request {
  return { type, fields: concat(...fields) };
}

/** The requests, by their names in OpenSSH's server. A handle is its bytes. */
export const ask = {
  open: (path: Text, pflags: number, sent: SentAttrs = {}): Request =>
    made(Type.OPEN, str(path), u32(pflags), attrs(sent)),
  close: (handle: Uint8Array): Request => made(Type.CLOSE, str(handle)),
  read: (handle: Uint8Array, offset: number | bigint, length: number): Request =>
    made(Type.READ, str(handle), u64(offset), u32(length)),
  write: (handle: Uint8Array, offset: number | bigint, data: Text): Request =>
    made(Type.WRITE, str(handle), u64(offset), str(data)),
  lstat: (path: Text): Request => made(Type.LSTAT, str(path)),
  fstat: (handle: Uint8Array): Request => made(Type.FSTAT, str(handle)),
  setstat: (path: Text, sent: SentAttrs): Request => made(Type.SETSTAT, str(path), attrs(sent)),
  fsetstat: (handle: Uint8Array, sent: SentAttrs): Request =>
    made(Type.FSETSTAT, str(handle), attrs(sent)),
  opendir: (path: Text): Request => made(Type.OPENDIR, str(path)),
  readdir: (handle: Uint8Array): Request => made(Type.READDIR, str(handle)),
  remove: (path: Text): Request => made(Type.REMOVE, str(path)),
  mkdir: (path: Text, sent: SentAttrs = {}): Request => made(Type.MKDIR, str(path), attrs(sent)),
  rmdir: (path: Text): Request => made(Type.RMDIR, str(path)),
  realpath: (path: Text): Request => made(Type.REALPATH, str(path)),
  stat: (path: Text): Request => made(Type.STAT, str(path)),
  rename: (from: Text, to: Text): Request => made(Type.RENAME, str(from), str(to)),
  readlink: (path: Text): Request => made(Type.READLINK, str(path)),
  /** In OpenSSH's order: the text first. */
  symlink: (target: Text, link: Text): Request => made(Type.SYMLINK, str(target), str(link)),
  extended: (name: Text, ...fields: readonly Uint8Array[]): Request =>
    made(Type.EXTENDED, str(name), ...fields),
  posixRename: (from: Text, to: Text): Request =>
    ask.extended("posix-rename@openssh.com", str(from), str(to)),
  statvfs: (path: Text): Request => ask.extended("statvfs@openssh.com", str(path)),
  fstatvfs: (handle: Uint8Array): Request => ask.extended("fstatvfs@openssh.com", str(handle)),
  hardlink: (from: Text, to: Text): Request =>
    ask.extended("hardlink@openssh.com", str(from), str(to)),
  fsync: (handle: Uint8Array): Request => ask.extended("fsync@openssh.com", str(handle)),
  lsetstat: (path: Text, sent: SentAttrs): Request =>
    ask.extended("lsetstat@openssh.com", str(path), attrs(sent)),
  limits: (): Request => ask.extended("limits@openssh.com"),
  expandPath: (path: Text): Request => ask.extended("expand-path@openssh.com", str(path)),
  copyData: (
    source: Uint8Array,
    sourceOffset: number | bigint,
    length: number | bigint,
    target: Uint8Array,
    targetOffset: number | bigint,
  ): Request =>
    ask.extended(
      "copy-data",
      str(source),
      u64(sourceOffset),
      u64(length),
      str(target),
      u64(targetOffset),
    ),
  homeDirectory: (user: Text): Request => ask.extended("home-directory", str(user)),
  usersGroupsById: (uids: readonly number[], gids: readonly number[]): Request =>
    ask.extended(
      "users-groups-by-id@openssh.com",
      str(concat(...uids.map(u32))),
      str(concat(...gids.map(u32))),
    ),
  checkFileName: (path: Text, algorithms: string, blockSize = 0): Request =>
    ask.extended("check-file-name", str(path), str(algorithms), u64(0), u64(0), u32(blockSize)),
  checkFileHandle: (
    handle: Uint8Array,
    algorithms: string,
    { name = "check-file-handle", blockSize = 0 } = {},
  ): Request => ask.extended(name, str(handle), str(algorithms), u64(0), u64(0), u32(blockSize)),
} as const;

/** INIT, which has no id. */
export function init(version = 3, ...more: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return packet(Type.INIT, u32(version), ...more);
}

/** What a server says about a file; what it does not say is absent. */
export interface SeenAttrs {
  readonly size?: bigint;
  readonly uid?: number;
  readonly gid?: number;
  readonly permissions?: number;
  readonly atime?: number;
  readonly mtime?: number;
  readonly extended?: number;
}

/** An entry of a NAME reply. */
export interface SeenName {
  readonly filename: string;
  readonly longname: string;
  readonly attrs: SeenAttrs;
}

/** A reply, told apart by `kind`. */
export type Reply =
  | {
    readonly kind: "version";
    readonly version: number;
    readonly extensions: readonly (readonly [name: string, data: string])[];
  }
  | {
    readonly kind: "status";
    readonly id: number;
    readonly code: number;
    readonly message: string;
    readonly language: string;
  }
  | { readonly kind: "handle"; readonly id: number; readonly handle: Uint8Array }
  | { readonly kind: "data"; readonly id: number; readonly data: Uint8Array }
  | { readonly kind: "name"; readonly id: number; readonly names: readonly SeenName[] }
  | { readonly kind: "attrs"; readonly id: number; readonly attrs: SeenAttrs }
  | { readonly kind: "extended"; readonly id: number; readonly body: Uint8Array };

/** A cursor over the fields of a packet; reading past the end throws a `RangeError`. */
export class Fields {
  #at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  u32(): number {
    const value = this.#view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  u64(): bigint {
    const value = this.#view.getBigUint64(this.#at);
    this.#at += 8;
    return value;
  }

  str(): Uint8Array {
    const length = this.u32();
    if (length > this.left) throw new RangeError("The string is longer than its packet");
    this.#at += length;
    return this.bytes.slice(this.#at - length, this.#at);
  }

  text(): string {
    return textOf(this.str());
  }

  rest(): Uint8Array {
    const start = this.#at;
    this.#at = this.bytes.length;
    return this.bytes.slice(start);
  }

  attrs(): SeenAttrs {
    const flags = this.u32();
    return {
      ...(flags & 1 ? { size: this.u64() } : {}),
      ...(flags & 2 ? { uid: this.u32(), gid: this.u32() } : {}),
      ...(flags & 4 ? { permissions: this.u32() } : {}),
      ...(flags & 8 ? { atime: this.u32(), mtime: this.u32() } : {}),
      ...(flags & 0x80000000 ? { extended: this.u32() } : {}),
    };
  }
}

/** Reads a reply without its length field; one with bytes left over is an error. */
export function parseReply(body: Uint8Array): Reply {
  const fields = new Fields(body.subarray(1));
  const reply = parseFields(body[0]!, fields);
  if (fields.left > 0) {
    throw new RangeError(`A reply "${reply.kind}" has ${fields.left} bytes more`);
  }
  return reply;
}

function parseFields(type: number, fields: Fields): Reply {
  const id = fields.u32();
  switch (type) {
    case Type.VERSION: {
      const extensions: [string, string][] = [];
      while (fields.left > 0) extensions.push([fields.text(), fields.text()]);
      return { kind: "version", version: id, extensions };
    }
    case Type.STATUS: {
      const code = fields.u32();
      if (fields.left === 0) return { kind: "status", id, code, message: "", language: "" };
      return { kind: "status", id, code, message: fields.text(), language: fields.text() };
    }
    case Type.HANDLE:
      return { kind: "handle", id, handle: fields.str() };
    case Type.DATA:
      return { kind: "data", id, data: fields.str() };
    case Type.NAME: {
      const names = Array.from({ length: fields.u32() }, () => ({
        filename: fields.text(),
        longname: fields.text(),
        attrs: fields.attrs(),
      }));
      return { kind: "name", id, names };
    }
    case Type.ATTRS:
      return { kind: "attrs", id, attrs: fields.attrs() };
    case Type.EXTENDED_REPLY:
      return { kind: "extended", id, body: fields.rest() };
    default:
      throw new RangeError(`There is no reply of type ${type}`);
  }
}

/** Takes whole packets off the front of a stream of bytes. */
export class Splitter {
  #bytes: Uint8Array = new Uint8Array(0);

  /** Bytes that are not a whole packet yet. */
  get left(): number {
    return this.#bytes.length;
  }

  /** Takes further bytes, and returns the packets that are whole now, without their lengths. */
  push(chunk: Uint8Array): Uint8Array[] {
    const all = this.#bytes.length === 0 ? chunk : concat(this.#bytes, chunk);
    const packets: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= 4) {
      const length = new DataView(all.buffer, all.byteOffset + at).getUint32(0);
      if (all.length - at - 4 < length) break;
      packets.push(all.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#bytes = all.slice(at);
    return packets;
  }
}
