/**
 * What is measured: a stage is one kind of work on an open session.
 *
 * @module
 */

import { OpenFlag, PacketType, SFTP_VERSION, StatusCode } from "../../lib/wire/constants.ts";
import { type Connection, type Replies, ReplyError } from "./connection.ts";
import type { Bytes } from "./libc.ts";
import * as packets from "./packets.ts";
import { Ring } from "./packets.ts";
import { FILE, patternAt, patternBlock } from "./workspace.ts";

const KIB = 1024;

/** The most that OpenSSH's server takes and gives in one packet. */
const LARGE = 255 * KIB;

/** How much work each stage is. */
export interface Load {
  /** Bytes to read or write; rounded down to whole requests. */
  readonly bytes: number;
  /** STATs that each wait for the one before. */
  readonly stats: number;
  /** STATs with 64 on their way. */
  readonly pipelinedStats: number;
  /** Files to open, read and close. */
  readonly opens: number;
  /** A directory, by its name in the start directory, and how many entries it has. */
  readonly directory: string;
  readonly entries: number;
}

/** What came of a stage. */
export interface Outcome {
  /** Operations, entries or bytes: what the stage counts. */
  readonly amount: number;
  /** Seconds. */
  readonly elapsed: number;
}

/** One kind of work. */
export interface Stage {
  /** As in `--stages`. */
  readonly id: string;
  readonly name: string;
  /** What a table shows: this many of `amount` in a second are one of `unit`. */
  readonly unit: string;
  readonly divisor: number;
  /** Whether it moves the content of files, so that CPU time per GiB is told too. */
  readonly moves: boolean;
  /** @throws {ReplyError} If the server does not do it. */
  run(connection: Connection, load: Load): Outcome;
}

/** The stages, in their order. */
export const STAGES: readonly Stage[] = [
  transfer(
    "r32",
    "READ 32 KiB, 64 in flight",
    (connection, { bytes }) => read(connection, { bytes, chunk: 32 * KIB, window: 64 }),
  ),
  transfer(
    "r255",
    "READ 255 KiB, 16 in flight",
    (connection, { bytes }) => read(connection, { bytes, chunk: LARGE, window: 16 }),
  ),
  transfer(
    "w32",
    "WRITE 32 KiB, 64 in flight",
    (connection, { bytes }) => write(connection, { bytes, chunk: 32 * KIB, window: 64 }),
  ),
  transfer(
    "w255",
    "WRITE 255 KiB, 16 in flight",
    (connection, { bytes }) => write(connection, { bytes, chunk: LARGE, window: 16 }),
  ),
  operations(
    "s1",
    "STAT, one at a time",
    "requests/s",
    (connection, load) => stat(connection, load.stats, 1),
  ),
  operations(
    "sp",
    "STAT, 64 in flight",
    "requests/s",
    (connection, load) => stat(connection, load.pipelinedStats, 64),
  ),
  operations(
    "oc",
    "open + read + close",
    "files/s",
    (connection, load) => openReadClose(connection, load.opens),
  ),
  operations("rd", "READDIR, attributes and longname", "entries/s", list),
];

/** How much of a file is asked for at once, and how many requests are on their way. */
interface Transfer {
  readonly bytes: number;
  readonly chunk: number;
  readonly window: number;
}

/**
 * Begins the session.
 *
 * @throws {Error} If this is no SFTP server.
 */
export function handshake(connection: Connection): void {
  const reply = connection.call(packets.initPacket());
  if (reply.type !== PacketType.VERSION || reply.u32(1) !== SFTP_VERSION) {
    throw new Error("no SFTP version 3 is spoken");
  }
}

function transfer(id: string, name: string, run: Stage["run"]): Stage {
  return { id, name, unit: "MB/s", divisor: 1e6, moves: true, run };
}

function operations(id: string, name: string, unit: string, run: Stage["run"]): Stage {
  return { id, name, unit, divisor: 1, moves: false, run };
}

function read(connection: Connection, { bytes, chunk, window }: Transfer): Outcome {
  const count = Math.floor(bytes / chunk);
  const handle = open(connection, FILE.big, OpenFlag.READ);
  const ring = new Ring(packets.readPacket(handle, chunk), window);
  const offset = packets.positionAt(handle);
  let short = 0;
  const elapsed = timed(() =>
    connection.run({
      ring,
      count,
      prepare: (index) => ring.place(index, offset, index * chunk),
      reply(reply) {
        expect(reply, PacketType.DATA);
        if (reply.u8(9) !== patternAt(reply.u32(1) * chunk)) {
          throw new Error("READ returned what the file does not hold");
        }
        if (reply.u32(5) !== chunk) short++;
      },
    })
  );
  close(connection, handle);
  if (short > 0) throw new ReplyError(`READ of ${chunk} bytes returned less`);
  return { amount: count * chunk, elapsed };
}

function write(connection: Connection, { bytes, chunk, window }: Transfer): Outcome {
  const count = Math.floor(bytes / chunk);
  const handle = open(
    connection,
    FILE.out,
    OpenFlag.WRITE | OpenFlag.CREAT | OpenFlag.TRUNC,
  );
  const ring = new Ring(packets.writePacket(handle, patternBlock().slice(0, chunk)), window);
  const offset = packets.positionAt(handle);
  let refused = 0;
  const elapsed = timed(() =>
    connection.run({
      ring,
      count,
      prepare: (index) => ring.place(index, offset, index * chunk),
      reply(reply) {
        expect(reply, PacketType.STATUS);
        if (reply.u32(5) !== StatusCode.OK) refused++;
      },
    })
  );
  close(connection, handle);
  if (refused > 0) throw new ReplyError(`WRITE of ${chunk} bytes was refused`);
  expectLength(connection, count * chunk);
  return { amount: count * chunk, elapsed };
}

/** Reads where the written file is to end. */
function expectLength(connection: Connection, length: number): void {
  const handle = open(connection, FILE.out, OpenFlag.READ);
  const last = new Ring(packets.readPacket(handle, 2), 1);
  last.place(0, packets.positionAt(handle), length - 1);
  const reply = connection.call(last.bytes);
  if (reply.type !== PacketType.DATA || reply.u32(5) !== 1) {
    throw new Error("WRITE did not write all that it said");
  }
  close(connection, handle);
}

function stat(connection: Connection, count: number, window: number): Outcome {
  const ring = new Ring(packets.namePacket(PacketType.STAT, FILE.small), window);
  const elapsed = timed(() =>
    connection.run({ ring, count, reply: (reply) => expect(reply, PacketType.ATTRS) })
  );
  return { amount: count, elapsed };
}

function openReadClose(connection: Connection, count: number): Outcome {
  const opening = packets.openPacket(FILE.small, OpenFlag.READ);
  let length = -1;
  let reading = new Uint8Array();
  let closing = new Uint8Array();
  const elapsed = timed(() => {
    for (let index = 0; index < count; index++) {
      const reply = connection.call(opening);
      expect(reply, PacketType.HANDLE);
      const handle = reply.bytes(5);
      if (handle.length !== length) {
        length = handle.length;
        reading = packets.readPacket(handle, 32 * KIB);
        closing = packets.handlePacket(PacketType.CLOSE, handle);
      }
      packets.setHandle(reading, handle);
      packets.setHandle(closing, handle);
      expect(connection.call(reading), PacketType.DATA);
      expectOk(connection.call(closing));
    }
  });
  return { amount: count, elapsed };
}

function list(connection: Connection, { directory, entries }: Load): Outcome {
  let listed = 0;
  const elapsed = timed(() => {
    const opened = connection.call(packets.namePacket(PacketType.OPENDIR, directory));
    expect(opened, PacketType.HANDLE);
    const handle = opened.bytes(5);
    const reading = packets.handlePacket(PacketType.READDIR, handle);
    for (;;) {
      const reply = connection.call(reading);
      if (reply.type === PacketType.STATUS && reply.u32(5) === StatusCode.EOF) break;
      expect(reply, PacketType.NAME);
      listed += reply.u32(5);
    }
    close(connection, handle);
  });
  // Some servers list "." and "..", some do not.
  if (listed !== entries && listed !== entries + 2) {
    throw new Error(`${listed} entries were listed, not ${entries}`);
  }
  return { amount: listed, elapsed };
}

function open(connection: Connection, name: string, flags: number): Bytes {
  const reply = connection.call(packets.openPacket(name, flags));
  expect(reply, PacketType.HANDLE);
  return reply.bytes(5);
}

function close(connection: Connection, handle: Bytes): void {
  expectOk(connection.call(packets.handlePacket(PacketType.CLOSE, handle)));
}

function expectOk(reply: Replies): void {
  expect(reply, PacketType.STATUS);
  if (reply.u32(5) !== StatusCode.OK) throw new ReplyError(`status ${reply.u32(5)}`);
}

function expect(reply: Replies, type: number): void {
  if (reply.type === type) return;
  throw new ReplyError(
    reply.type === PacketType.STATUS
      ? `status ${reply.u32(5)} instead of an answer`
      : `a reply of type ${reply.type}`,
  );
}

/** Seconds. */
function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}
