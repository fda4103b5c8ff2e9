/**
 * Jails under a quota: sessions that fill them, and what is then in them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { SftpClient } from "../../lib/client/client.ts";
import { SftpStatusError } from "../../lib/client/errors.ts";
import type { RemoteFile } from "../../lib/client/remote_file.ts";
import { noise } from "./files.ts";
import { jailWords } from "./jail.ts";
import { randomNumbers } from "./random.ts";
import { run } from "./run.ts";
import { type RunningServer, startServer } from "./server.ts";

/** Where a jail and its books are. */
export interface QuotaPlaces {
  readonly jail: string;
  readonly state: string;
}

/** Starts a session under a quota. */
export function quotaSession(
  { jail, state }: QuotaPlaces,
  quota: string,
  options: readonly string[] = [],
): Promise<RunningServer> {
  const given = [`--quota=${quota}`, `--state-dir=${state}`, "--log-to-stderr", ...options];
  const [command, ...args] = jailWords(jail, { options: given });
  return startServer(command!, args);
}

/** Has a session not begin, and returns what it says of that. */
export async function refusedSession(
  { jail, state }: QuotaPlaces,
  quota: string,
): Promise<string> {
  const options = [`--quota=${quota}`, `--state-dir=${state}`];
  const [command, ...args] = jailWords(jail, { options });
  const { code, stdout, stderr } = await run(command!, args);
  assertEquals([code, stdout], [1, ""]);
  return stderr;
}

/** What du(1) and find(1) say of a directory. */
export async function measured(directory: string): Promise<{ bytes: number; files: number }> {
  // Its status is 1 if something vanishes meanwhile.
  const [bytes, inodes] = [
    await run("du", ["-s", "--block-size=1", directory]),
    await run("du", ["-s", "--inodes", directory]),
  ];
  return { bytes: parseInt(bytes.stdout), files: parseInt(inodes.stdout) };
}

/** What books say. */
export interface Booked {
  readonly used: { readonly bytes: number; readonly files: number };
  readonly reserved: readonly unknown[];
  readonly open: readonly unknown[];
  readonly unsure: boolean;
  readonly unit: string;
}

/** What the books of the only jail in a state folder say. */
export async function booked(state: string): Promise<Booked> {
  const text = await Deno.readTextFile(await bookFile(state));
  const copies = [...text.matchAll(/sftpwrap-quota 1 (\d+) (\d+) [0-9a-f]+\n/g)];
  const [newest] = copies.sort((one, other) => Number(other[1]) - Number(one[1]));
  const start = newest!.index + newest![0].length;
  return JSON.parse(text.slice(start, start + Number(newest![2])));
}

/** The file of the only books in a state folder. */
export async function bookFile(state: string): Promise<string> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(state)) if (name.startsWith("quota-")) names.push(name);
  if (names.length !== 1) throw new Error(`books: ${names}`);
  return `${state}/${names[0]}`;
}

const DATA = noise(256 * 1024);

/**
 * Does as many things as it is told, of every kind that changes what a jail holds, to names that
 * other sessions use too. Nothing has to succeed.
 *
 * @returns How many requests the quota has refused.
 */
export async function fill(client: SftpClient, seed: number, rounds: number): Promise<number> {
  const random = randomNumbers(seed);
  const name = () => `${["", "", "/d0", "/d1"][random(4)]}/f${random(8)}`;
  const folder = () => `/d${random(3)}`;
  let refused = 0;
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SftpStatusError)) throw error;
      if (error.message.includes("quota exceeded")) refused++;
    }
  };
  const using = async (
    path: string,
    mode: Parameters<SftpClient["open"]>[1],
    use: (file: RemoteFile) => Promise<unknown>,
  ) => {
    const file = await client.open(path, mode);
    try {
      await use(file);
    } finally {
      await file.close();
    }
  };
  const write = async (file: RemoteFile, start: number, length: number) => {
    const pieces: Promise<unknown>[] = [];
    for (let at = 0; at < length; at += 30_000) {
      pieces.push(file.write(DATA.subarray(at, Math.min(at + 30_000, length)), start + at));
    }
    const done = await Promise.allSettled(pieces);
    const failed = done.find((piece) => piece.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  };
  const KINDS: readonly (() => Promise<unknown>)[] = [
    () =>
      using(
        name(),
        { write: true, create: true, truncate: true },
        (file) => write(file, 0, random(200_000)),
      ),
    () =>
      using(
        name(),
        { write: true, create: true },
        (file) => write(file, random(400_000), random(100_000)),
      ),
    () => using(name(), { append: true, create: true }, (file) => write(file, 0, random(60_000))),
    () => client.setAttrs(name(), { size: random(300_000) }),
    () => using(name(), { write: true }, (file) => file.setAttrs({ size: random(300_000) })),
    () =>
      using(
        name(),
        { read: true },
        (source) =>
          using(name(), { write: true, create: true }, (target) =>
            client.copyData({
              source,
              sourcePosition: random(1000),
              target,
              targetPosition: random(100_000),
              length: random(200_000),
            })),
      ),
    () => client.symlink("x".repeat(1 + random(3000)), `${name()}l`),
    () => client.remove(`${name()}l`),
    () => client.mkdir(folder()),
    () => client.mkdir(`/d${random(2)}/e${random(40)}${"n".repeat(200)}`),
    () => client.rmdir(`/d${random(2)}/e${random(40)}${"n".repeat(200)}`),
    () => client.rmdir(folder()),
    () => client.rename(name(), name()),
    () => client.posixRename(name(), name()),
    () => client.posixRename(folder(), `/d${random(2)}/m${random(3)}`),
    () => client.hardLink(name(), name()),
    () => client.remove(name()),
    () => client.remove(name()),
    async () => {
      const path = name();
      await using(path, { write: true, create: true }, async (file) => {
        await attempt(() => client.remove(path));
        await write(file, 0, random(200_000));
      });
    },
  ];
  for (let round = 0; round < rounds; round++) await attempt(KINDS[random(KINDS.length)]!);
  return refused;
}
