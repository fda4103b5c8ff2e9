/**
 * What is measured: a stage is one kind of work in an open session.
 *
 * @module
 */

import { OpenFlag, PacketType, StatusCode } from "../../lib/wire/constants.ts";
import type { Connection, Reply } from "./connection.ts";
import type { Bytes } from "./libc.ts";
import { request, Ring, setHandle, transferPacket } from "./packets.ts";
import { ENTRIES, FILE, patternAt, patternBlock } from "./workspace.ts";

const KIB = 1024;

/** The most that OpenSSH's server takes and gives in one packet, in KiB. */
const LARGE = 255;

/**
 * How much work each stage is: bytes to read or write in whole requests, STATs that each wait for the
 * one before, STATs with 64 in flight, and files to open, read and close.
 */
export type Load = Readonly<Record<"bytes" | "stats" | "piped" | "opens", number>>;

/** What a stage did: operations, entries or bytes. */
export interface Outcome {
  readonly amount: number;
  readonly seconds: number;
}

/** One kind of work; its id is as in `--stages`. */
export interface Stage {
  readonly id: string;
  readonly name: string;
  /** What a table shows: this many of `amount` in a second are one of `unit`. */
  readonly unit: string;
  readonly divisor: number;
  /** Whether it moves the content of files, so that CPU time per GiB is shown too. */
  readonly moves: boolean;
  /** @throws {Error} If a reply is not what it should be. */
  run(connection: Connection, load: Load): Outcome;
}

/** The stages, in their order. */
export const STAGES: readonly Stage[] = [
  transfer("r32", "READ", 32, 64),
  transfer("r255", "READ", LARGE, 16),
  transfer("w32", "WRITE", 32, 64),
  transfer("w255", "WRITE", LARGE, 16),
  operations("s1", "STAT, one at a time", "requests/s", (to, load) => stat(to, load.stats, 1)),
  operations("sp", "STAT, 64 in flight", "requests/s", (to, load) => stat(to, load.piped, 64)),
  operations("oc", "open + read + close", "files/s", openReadClose),
  operations("rd", "READDIR, attributes and longname", "entries/s", list),
];

function operations(id: string, name: string, unit: string, run: Stage["run"]): Stage {
  return { id, name, unit, divisor: 1, moves: false, run };
}

function transfer(id: string, type: "READ" | "WRITE", kib: number, window: number): Stage {
  const name = `${type} ${kib} KiB, ${window} in flight`;
  const size = kib * KIB;
  const run = (to: Connection, { bytes }: Load) => {
    const { WRITE, CREAT, TRUNC, READ } = OpenFlag;
    const handle = type === "READ"
      ? open(to, FILE.big, READ)
      : open(to, FILE.out, WRITE | CREAT | TRUNC);
    const data = type === "READ" ? size : patternBlock().slice(0, size);
    const ring = new Ring(transferPacket(PacketType[type], handle, data), window);
    const count = Math.floor(bytes / size);
    const prepare = (index: number) => ring.place(index, handle, index * size);
    const reply = type === "READ" ? (one: Reply) => expectPattern(one, size) : expectOk;
    const seconds = timed(() => to.run({ ring, count, prepare, reply }));
    close(to, handle);
    const amount = count * size;
    if (type === "WRITE") expectSize(to.call(request(PacketType.STAT, FILE.out)), amount);
    return { amount, seconds };
  };
  return { id, name, unit: "MB/s", divisor: 1e6, moves: true, run };
}

function expectPattern(reply: Reply, size: number): void {
  expect(reply, PacketType.DATA);
  if (reply.u32(5) === size && reply.u8(9) === patternAt(reply.u32(1) * size)) return;
  throw new Error("READ returned what the file does not hold");
}

/** The lower half of a size is after its flags and its upper half. */
function expectSize(reply: Reply, size: number): void {
  expect(reply, PacketType.ATTRS);
  if (reply.u32(13) !== size >>> 0) throw new Error("WRITE wrote another length than it said");
}

function stat(to: Connection, count: number, window: number): Outcome {
  const ring = new Ring(request(PacketType.STAT, FILE.small), window);
  const reply = (one: Reply) => expect(one, PacketType.ATTRS);
  return { amount: count, seconds: timed(() => to.run({ ring, count, reply })) };
}

function openReadClose(to: Connection, { opens }: Load): Outcome {
  const opening = request(PacketType.OPEN, FILE.small, OpenFlag.READ, 0);
  let length = -1;
  let reading: Bytes = new Uint8Array();
  let closing: Bytes = new Uint8Array();
  const seconds = timed(() => {
    for (let index = 0; index < opens; index++) {
      const reply = to.call(opening);
      expect(reply, PacketType.HANDLE);
      const handle = reply.bytes(5);
      if (handle.length !== length) {
        length = handle.length;
        reading = transferPacket(PacketType.READ, handle, 32 * KIB);
        closing = request(PacketType.CLOSE, handle);
      }
      setHandle(reading, handle);
      setHandle(closing, handle);
      expect(to.call(reading), PacketType.DATA);
      expectOk(to.call(closing));
    }
  });
  return { amount: opens, seconds };
}

function list(to: Connection): Outcome {
  let listed = 0;
  const seconds = timed(() => {
    const opened = to.call(request(PacketType.OPENDIR, FILE.many));
    expect(opened, PacketType.HANDLE);
    const handle = opened.bytes(5);
    const reading = request(PacketType.READDIR, handle);
    for (;;) {
      const reply = to.call(reading);
      if (reply.type === PacketType.STATUS && reply.u32(5) === StatusCode.EOF) break;
      expect(reply, PacketType.NAME);
      listed += reply.u32(5);
    }
    close(to, handle);
  });
  // Some servers list "." and "..", some do not.
  if (listed !== ENTRIES && listed !== ENTRIES + 2) {
    throw new Error(`${listed} entries were listed, not ${ENTRIES}`);
  }
  return { amount: listed, seconds };
}

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

/** Opens a file and returns its handle. */
export function open(connection: Connection, name: string, flags: number): Bytes {
  const reply = connection.call(request(PacketType.OPEN, name, flags, 0));
  expect(reply, PacketType.HANDLE);
  return reply.bytes(5);
}

export function close(connection: Connection, handle: Bytes): void {
  expectOk(connection.call(request(PacketType.CLOSE, handle)));
}

/** @throws {Error} Unless the reply is a STATUS of success. */
export function expectOk(reply: Reply): void {
  expect(reply, PacketType.STATUS);
  if (reply.u32(5) !== StatusCode.OK) throw new Error(`status ${reply.u32(5)}`);
}

function expect(reply: Reply, type: number): void {
  if (reply.type === type) return;
  const status = reply.type === PacketType.STATUS ? `, status ${reply.u32(5)}` : "";
  throw new Error(`a reply of type ${reply.type}${status}, not ${type}`);
}
