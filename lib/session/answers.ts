/**
 * The border between a storage and the wire: what a storage answers is looked at before it is used.
 * A wrong answer is a bug of the storage, which is logged; the client is told that the request failed.
 *
 * @module
 */

import { FARTHEST_SECOND } from "../attrs.ts";
import type { DirEntry, FileAttrs, FileSystemStats, OwnerNames } from "../storage/storage.ts";
import { STATVFS_FIGURES } from "../wire/extensions.ts";

const MAX_U64 = 2 ** 64;

/** Longer values are cut where they are told. */
const MAX_TOLD_CHARACTERS = 100;

/** A storage has answered what no client can be told. */
class WrongAnswer extends Error {
  /** `WrongAnswer` */
  override readonly name = "WrongAnswer";

  /**
   * A bug of a storage.
   *
   * @param method The method that answered.
   * @param what What is wrong, by its name.
   * @param value The answer.
   * @param wanted What it should be.
   */
  constructor(
    method: string,
    { what, value, wanted }: {
      readonly what: string;
      readonly value: unknown;
      readonly wanted: string;
    },
  ) {
    super(`${method} of the storage answered a wrong ${what}: ${told(value)} (${wanted})`);
  }
}

/** Attributes as they are, if they can be sent. */
export function checkedAttrs(method: string, attrs: FileAttrs): FileAttrs {
  if (!areSound(attrs)) refuseAttrs(method, attrs);
  return attrs;
}

/** Whether attributes can be sent. It costs a few comparisons, since it runs for each entry. */
function areSound(attrs: FileAttrs): boolean {
  if (typeof attrs !== "object" || attrs === null) return false;
  const { size, uid, gid, permissions, atime, mtime, extended } = attrs;
  if (extended !== undefined) return false;
  if (size === undefined && permissions === undefined && mtime === undefined) return false;
  return (size === undefined || isCount(size)) && isU32(permissions) && isU32(uid) && isU32(gid) &&
    isSecond(atime) && isSecond(mtime);
}

/** Throws what is wrong; what is only unusual passes. */
function refuseAttrs(method: string, attrs: FileAttrs): void {
  checkObject(method, "answer", attrs, "attributes are wanted");
  const { size, uid, gid, permissions, atime, mtime, extended } = attrs;
  if (size !== undefined && !isCount(size)) {
    throw wrong(method, "size", size, "bytes as a number, from 0 on, are wanted");
  }
  if (!isU32(permissions)) throw wrong(method, "permissions", permissions, U32);
  if (!isU32(uid)) throw wrong(method, "uid", uid, U32);
  if (!isU32(gid)) throw wrong(method, "gid", gid, U32);
  if (!isSecond(atime)) throw wrong(method, "atime", atime, SECONDS);
  if (!isSecond(mtime)) throw wrong(method, "mtime", mtime, SECONDS);
  if (extended !== undefined) checkExtended(method, extended);
}

const U32 = "a whole number from 0 to 2^32 - 1 is wanted";
const SECONDS = "whole seconds since 1970, as a number, are wanted";

/** Returns a number of bytes if it is one, and at most `most`. */
export function checkedCount(method: string, count: number, most: number): number {
  if (isCount(count) && count <= most) return count;
  throw wrong(method, "count", count, `a whole number from 0 to ${most} is wanted`);
}

/** A text as it is, if it is one. */
export function checkedText(method: string, text: string): string {
  if (typeof text === "string") return text;
  throw wrong(method, "answer", text, "a text is wanted");
}

/** An open file or directory as it is, if it is an object at all. */
export function checkedHandle<T extends object>(method: string, handle: T): T {
  checkObject(method, "answer", handle, "an open file or directory is wanted");
  return handle;
}

/** Entries of a directory as they are, if they can be sent. */
export function checkedEntries(entries: readonly DirEntry[]): readonly DirEntry[] {
  const method = "next()";
  if (!Array.isArray(entries)) {
    throw wrong(method, "answer", entries, "an array of entries is wanted");
  }
  for (const entry of entries) {
    if (typeof entry !== "object" || entry === null) {
      throw wrong(method, "entry", entry, "an object is wanted");
    }
    const { name, attrs, links, owner, group, longname } = entry;
    if (typeof name !== "string") throw wrong(method, "name", name, "a text is wanted");
    if (!areSound(attrs)) refuseAttrs(`next(), of the entry ${told(name)},`, attrs);
    if (links !== undefined && !isCount(links)) throw wrong(method, "links", links, U32);
    if (!isText(owner)) throw wrong(method, "owner", owner, "a text is wanted");
    if (!isText(group)) throw wrong(method, "group", group, "a text is wanted");
    if (!isText(longname)) throw wrong(method, "longname", longname, "a text is wanted");
  }
  return entries;
}

/** Figures of a file system as they are, if they can be sent. */
export function checkedFigures(method: string, figures: FileSystemStats): FileSystemStats {
  checkObject(method, "answer", figures, "figures are wanted");
  for (const name of STATVFS_FIGURES) {
    const figure = figures[name];
    if (typeof figure === "bigint" && figure >= 0n && figure < 2n ** 64n) continue;
    throw wrong(method, name, figure, "a bigint from 0n to 2n ** 64n - 1n is wanted");
  }
  return figures;
}

/** Returns names of owners if there are as many as were asked for. */
export function checkedOwners(
  owners: OwnerNames,
  asked: { readonly uids: readonly number[]; readonly gids: readonly number[] },
): OwnerNames {
  const method = "ownerNames()";
  checkObject(method, "answer", owners, "names are wanted");
  checkNames(method, "users", owners.users, asked.uids.length);
  checkNames(method, "groups", owners.groups, asked.gids.length);
  return owners;
}

function checkNames(method: string, what: string, names: readonly string[], count: number): void {
  const isRight = Array.isArray(names) && names.length === count &&
    names.every((name) => typeof name === "string");
  if (!isRight) throw wrong(method, what, names, `${count} texts are wanted`);
}

function checkExtended(method: string, extended: readonly unknown[]): void {
  const isRight = Array.isArray(extended) &&
    extended.every((pair) =>
      Array.isArray(pair) && typeof pair[0] === "string" && pair[1] instanceof Uint8Array
    );
  if (!isRight) throw wrong(method, "extended", extended, "pairs of a text and bytes are wanted");
}

function checkObject(method: string, what: string, value: unknown, wanted: string): void {
  if (typeof value === "object" && value !== null && !isThenable(value)) return;
  throw wrong(method, what, value, wanted);
}

/** What looks like a promise but is not one is an answer that has not come. */
function isThenable(value: object): boolean {
  return typeof (value as { readonly then?: unknown }).then === "function";
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= MAX_U64 &&
    Math.floor(value) === value;
}

function isU32(value: unknown): boolean {
  return value === undefined || typeof value === "number" && value >>> 0 === value;
}

/** What does not fit the wire is sent as C sends it, modulo 2^32. */
function isSecond(value: unknown): boolean {
  return value === undefined ||
    typeof value === "number" && value <= FARTHEST_SECOND && value >= -FARTHEST_SECOND &&
      Math.floor(value) === value;
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function wrong(method: string, what: string, value: unknown, wanted: string): WrongAnswer {
  return new WrongAnswer(method, { what, value, wanted });
}

/** A value in a log line; of an object only what kind it is, as it may be anything. */
function told(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`.slice(0, MAX_TOLD_CHARACTERS);
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_TOLD_CHARACTERS));
  if (typeof value !== "object" || value === null) {
    return String(value).slice(0, MAX_TOLD_CHARACTERS);
  }
  if (isThenable(value)) return "what has a then() and is no Promise";
  return `an object of the kind ${value.constructor?.name ?? "null"}`;
}
