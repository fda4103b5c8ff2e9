/**
 * The books of a quota: what is used, what live sessions have reserved, and which files are open.
 * One copy of them is true for all sessions: see {@linkcode Ledger}.
 *
 * @module
 */

import type { NodeUsage } from "../storage/storage.ts";

/** The version of the books; another one is not understood. */
export const FORMAT = 1;

/** An amount of space. */
export interface Amount {
  /** Bytes. */
  bytes: number;
  /** Files, directories and links. */
  files: number;
}

/** What a storage may hold. */
export interface QuotaLimit {
  /** Bytes. */
  readonly bytes: number;
  /** Files, directories and links; any number if absent. */
  readonly files?: number | undefined;
}

/** A file that sessions have open. */
export interface OpenNode {
  /** How many of its bytes are in {@linkcode Books.used}. */
  bytes: number;
  /** The slots of the sessions that have it open, once for each handle. */
  holders: number[];
}

/** What is counted of a file: the blocks that it has, or its size. */
export type Unit = "blocks" | "sizes";

/** Bytes that may appear by themselves. */
export interface Owed {
  bytes: number;
  /** When the last were added: milliseconds since 1970. */
  since: number;
}

/** The books. Every number is whole and not negative, except for `used` while it is put right. */
export interface Books {
  /** The limit that the last session had. */
  limit: QuotaLimit;
  /** What is counted; absent before the first count. */
  unit?: Unit | undefined;
  /** When the machine was started, for sessions of which it may not have kept all. */
  boot?: string | undefined;
  /** What is there, without what sessions have not yet settled. */
  used: Amount;
  /** What the file system may still add, once it writes to the disk, to files in many pieces. */
  owed: Owed;
  /** What live sessions may add without asking, by slot. */
  readonly reserved: Map<number, Amount>;
  /** By identity. Files that are open and removed still count. */
  readonly open: Map<string, OpenNode>;
  /** When everything was counted last: milliseconds since 1970, 0 for never. */
  counted: number;
  /** Whether a session has died, so that `used` may be too much. */
  unsure: boolean;
  /** Goes up with each change of the books. */
  changes: number;
  /** What was ever added, and ever taken away. */
  readonly added: Amount;
  readonly taken: Amount;
  /** Names that were ever given to what was there before. */
  moves: number;
}

/** Books of an empty storage that has never been counted. */
export function newBooks(): Books {
  return {
    limit: { bytes: 0 },
    used: nothing(),
    owed: { bytes: 0, since: 0 },
    reserved: new Map(),
    open: new Map(),
    counted: 0,
    unsure: false,
    changes: 0,
    added: nothing(),
    taken: nothing(),
    moves: 0,
  };
}

/** No space. */
export function nothing(): Amount {
  return { bytes: 0, files: 0 };
}

/** Adds to what is used, or takes from it. */
export function add({ used, added, taken }: Books, bytes: number, files = 0): void {
  used.bytes += bytes;
  used.files += files;
  added.bytes += Math.max(bytes, 0);
  added.files += Math.max(files, 0);
  taken.bytes -= Math.min(bytes, 0);
  taken.files -= Math.min(files, 0);
}

/** What may still be reserved, under a limit. */
export function available({ used, owed, reserved }: Books, limit: QuotaLimit): Amount {
  let bytes = limit.bytes - used.bytes - owed.bytes;
  let files = (limit.files ?? Infinity) - used.files;
  for (const amount of reserved.values()) {
    bytes -= amount.bytes;
    files -= amount.files;
  }
  return { bytes: Math.max(bytes, 0), files: Math.max(files, 0) };
}

/** Settles what a node takes now, if it took `before` when it was looked at last. */
export function settle(books: Books, { identity, bytes }: NodeUsage, before: number): number {
  const node = books.open.get(identity);
  const grown = bytes - (node?.bytes ?? before);
  if (node !== undefined) node.bytes = bytes;
  add(books, grown);
  return grown;
}

/** Takes away a node that has just lost a name, unless it has another one or is open. */
export function drop(books: Books, { identity, bytes, links }: NodeUsage): void {
  if (links <= 1 && !books.open.has(identity)) add(books, -bytes, -1);
}

/** A session opens a node. */
export function hold(books: Books, slot: number, { identity, bytes }: NodeUsage): void {
  const node = books.open.get(identity);
  if (node === undefined) books.open.set(identity, { bytes, holders: [slot] });
  else node.holders.push(slot);
}

/** A session closes a node, which is gone with the last handle if it has no name. */
export function letGo(books: Books, slot: number, { identity, links }: NodeUsage): void {
  const node = books.open.get(identity);
  const index = node?.holders.indexOf(slot) ?? -1;
  if (node === undefined || index === -1) return;
  node.holders.splice(index, 1);
  if (node.holders.length > 0) return;
  books.open.delete(identity);
  if (links === 0) add(books, -node.bytes, -1);
}

/**
 * Settles the account of a session that has died: what it had reserved may all have been used, until
 * everything is counted again.
 */
export function bury(books: Books, slot: number): void {
  const amount = books.reserved.get(slot) ?? nothing();
  books.reserved.delete(slot);
  add(books, amount.bytes, amount.files);
  for (const [identity, node] of books.open) {
    node.holders = node.holders.filter((holder) => holder !== slot);
    if (node.holders.length === 0) books.open.delete(identity);
  }
  books.unsure = true;
}

/** The books as text. */
export function textOf(books: Books): string {
  const { reserved, open, ...rest } = books;
  return JSON.stringify({ ...rest, reserved: [...reserved], open: [...open] });
}

/** The books in a text; undefined if it is damaged. */
export function booksIn(text: string): Books | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isRecord(read)) return undefined;
  const {
    boot,
    unit,
    limit,
    used,
    owed,
    reserved,
    open,
    counted,
    unsure,
    changes,
    added,
    taken,
    moves,
  } = read;
  if (!isAmount(used) || !isAmount(added) || !isAmount(taken) || !isLimit(limit)) return undefined;
  if (unit !== undefined && unit !== "blocks" && unit !== "sizes") return undefined;
  if (!isRecord(owed) || !isNumber(owed["bytes"]) || !isNumber(owed["since"])) return undefined;
  if (!isNumber(counted) || !isNumber(changes) || !isNumber(moves)) return undefined;
  if (typeof unsure !== "boolean" || (boot !== undefined && typeof boot !== "string")) return;
  if (!isListOf(reserved, isNumber, isAmount)) return undefined;
  if (!isListOf(open, (key) => typeof key === "string", isOpenNode)) return undefined;
  return {
    owed: { bytes: owed["bytes"], since: owed["since"] },
    ...{ boot, unit, limit, used, counted, unsure, changes, added, taken, moves },
    reserved: new Map(reserved),
    open: new Map(open),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isAmount(value: unknown): value is Amount {
  return isRecord(value) && isNumber(value["bytes"]) && isNumber(value["files"]);
}

function isLimit(value: unknown): value is QuotaLimit {
  return isRecord(value) && isNumber(value["bytes"]) &&
    (value["files"] === undefined || isNumber(value["files"]));
}

function isOpenNode(value: unknown): value is OpenNode {
  return isRecord(value) && isNumber(value["bytes"]) && Array.isArray(value["holders"]) &&
    value["holders"].every(isNumber);
}

function isListOf<Key, Value>(
  list: unknown,
  isKey: (value: unknown) => value is Key,
  isValue: (value: unknown) => value is Value,
): list is [Key, Value][] {
  return Array.isArray(list) &&
    list.every((pair) =>
      Array.isArray(pair) && pair.length === 2 && isKey(pair[0]) && isValue(pair[1])
    );
}
