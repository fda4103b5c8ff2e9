import * as fs from "node:fs";
import { StorageError } from "../../lib/storage/errors.ts";
import { attempt, statusOf } from "../../lib/storage/local/portable/deno_fs.ts";
import { openToRead } from "../../lib/storage/local/portable/checked_close.ts";
import { PortableDir } from "../../lib/storage/local/portable/dir.ts";
import { PortableFile } from "../../lib/storage/local/portable/file.ts";
import type { NodeStatus, Root, RootDir, RootFile } from "../../lib/storage/local/root.ts";
import type { OpenOptions } from "../../lib/storage/storage.ts";

/**
 * A root that keeps nobody in: a path of the client is put behind the
 * directory's, or is one of the host where that is there, and links and `..`
 * lead wherever they lead. It shows what the rings beside the resolution
 * withstand by themselves, and that the tests of a jail see an escape.
 */
export class PlainRoot implements Root {
  readonly bytewise = false;
  readonly #directory: string;

  /** @param directory The directory, which is no jail. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  open(path: string, options: OpenOptions, mode: number): RootFile {
    const { O_WRONLY, O_RDWR, O_RDONLY, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = fs.constants;
    const { read, write, create, exclusive, truncate, append } = options;
    const flags = (write ? read ? O_RDWR : O_WRONLY : O_RDONLY) | (create ? O_CREAT : 0) |
      (exclusive ? O_EXCL : 0) | (truncate ? O_TRUNC : 0) | (append ? O_APPEND : 0);
    const opened = openToRead(() => attempt(() => fs.openSync(this.#host(path), flags, mode)));
    const { dev, ino } = fs.fstatSync(opened.fd);
    return new PortableFile(opened, { dev, ino }, () => {
      throw new StorageError("unsupported", "no figures");
    });
  }

  openDir(path: string): RootDir {
    const host = this.#host(path);
    attempt(() => Deno.readDirSync(host)[Symbol.iterator]().next());
    return new PortableDir(host, host);
  }

  stat(path: string): NodeStatus {
    return statusOf(attempt(() => Deno.statSync(this.#host(path))));
  }

  lstat(path: string): NodeStatus {
    return statusOf(attempt(() => Deno.lstatSync(this.#host(path))));
  }

  truncate(path: string, size: number): void {
    attempt(() => fs.truncateSync(this.#host(path), size));
  }

  chmod(path: string, mode: number): void {
    attempt(() => Deno.chmodSync(this.#host(path), mode));
  }

  utimes(path: string, atime: number, mtime: number): void {
    attempt(() => Deno.utimeSync(this.#host(path), atime, mtime));
  }

  chown(path: string, uid: number, gid: number): void {
    attempt(() => Deno.chownSync(this.#host(path), uid, gid));
  }

  lchmod(path: string, mode: number): void {
    this.chmod(path, mode);
  }

  lutimes(path: string, atime: number, mtime: number): void {
    attempt(() => fs.lutimesSync(this.#host(path), atime, mtime));
  }

  lchown(path: string, uid: number, gid: number): void {
    this.chown(path, uid, gid);
  }

  mkdir(path: string, mode: number): void {
    attempt(() => Deno.mkdirSync(this.#host(path), { mode }));
  }

  rmdir(path: string): void {
    attempt(() => fs.rmdirSync(this.#host(path)));
  }

  unlink(path: string): void {
    attempt(() => fs.unlinkSync(this.#host(path)));
  }

  rename(from: string, to: string): void {
    attempt(() => Deno.renameSync(this.#host(from), this.#host(to)));
  }

  renameNoReplace(from: string, to: string): void {
    this.rename(from, to);
  }

  link(existing: string, link: string): void {
    attempt(() => Deno.linkSync(this.#host(existing), this.#host(link)));
  }

  symlink(target: string, link: string): void {
    attempt(() => Deno.symlinkSync(target, this.#host(link)));
  }

  readLink(path: string): string {
    return attempt(() => Deno.readLinkSync(this.#host(path)));
  }

  realPath(path: string): string {
    const real = attempt(() => Deno.realPathSync(this.#host(path)));
    return `${real}/`.startsWith(`${this.#directory}/`)
      ? real.slice(this.#directory.length) || "/"
      : real;
  }

  close(): void {}

  #host(path: string): string {
    const segments = path.split("/").filter((segment) => segment !== "");
    const [first = ""] = segments;
    const isHosts = this.#directory.startsWith(`/${first}/`) || first === "proc";
    return isHosts ? path : this.#directory + path;
  }
}
