/**
 * The least that a proxy over ssh2 can do: bytes from standard input to the SFTP channel and back,
 * whatever they mean. It is what the proxy is measured against, and checks no host key.
 *
 *     raw_pump.ts USER HOST PORT KEY
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { Socket } from "node:net";
import { ALGORITHMS } from "../../lib/storage/proxy/ssh2/algorithms.ts";
import type { Client, Ssh2 } from "../../lib/storage/proxy/ssh2/ssh2.d.ts";

/** Bytes that may wait for the client before the far side is held up. */
const MOST_WAITING = 4 * 1024 * 1024;

const INPUT_LENGTH = 256 * 1024;

async function open([username = "", host = "", port = "", key = ""]: readonly string[]) {
  const { default: ssh2 } = await import("ssh2");
  const { parseKey }: Pick<Ssh2, "parseKey"> = ssh2.utils;
  const parsed = parseKey(Buffer.from(await Deno.readFile(key)));
  if (parsed instanceof Error) throw parsed;
  const [privateKey] = [parsed].flat();
  if (privateKey === undefined) throw new Error(`There is no key in ${key}`);
  const client: Client = new ssh2.Client();
  const sock = new Socket();
  sock.pause();
  await new Promise<void>((resolve, reject) => {
    sock.once("error", reject);
    sock.connect(Number(port), host, resolve);
  });
  sock.setNoDelay(true);
  return await new Promise<{ client: typeof client; channel: Duplex }>((resolve, reject) => {
    client.on("error", reject);
    client.on("ready", () => {
      client.subsys("sftp", (error, channel) => {
        if (error) reject(error);
        else resolve({ client, channel });
      });
    });
    const { cipher, mac, kex, hostKey } = ALGORITHMS;
    client.connect({
      sock,
      username,
      readyTimeout: 20_000,
      keepaliveInterval: 0,
      keepaliveCountMax: 0,
      algorithms: {
        cipher: cipher.offered,
        hmac: mac.offered,
        kex: kex.offered,
        serverHostKey: hostKey.offered,
        compress: ["none"],
      },
      hostVerifier: (_key, verify) => verify(true),
      authHandler: (_methods, _partial, next) =>
        next({ type: "publickey", username, key: privateKey }),
    });
  });
}

/** Bytes from the far side to the client. */
async function pumpOut(channel: Duplex): Promise<void> {
  const waiting: Uint8Array[] = [];
  let length = 0;
  let wake: () => void = () => {};
  channel.on("data", (chunk: Uint8Array) => {
    waiting.push(chunk);
    length += chunk.length;
    if (length > MOST_WAITING) channel.pause();
    wake();
  });
  for (;;) {
    const chunk = waiting.shift();
    if (chunk === undefined) {
      await new Promise<void>((resolve) => wake = resolve);
      continue;
    }
    for (let at = 0; at < chunk.length;) at += await Deno.stdout.write(chunk.subarray(at));
    length -= chunk.length;
    if (channel.isPaused() && length < MOST_WAITING / 2) channel.resume();
  }
}

/** Bytes from the client to the far side, to their end. */
async function pumpIn(channel: Duplex): Promise<void> {
  const buffer = new Uint8Array(INPUT_LENGTH);
  for (;;) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) return;
    if (!channel.write(buffer.slice(0, count))) {
      await new Promise<void>((resolve) => channel.once("drain", resolve));
    }
  }
}

const { client, channel } = await open(Deno.args);
pumpOut(channel);
await pumpIn(channel);
client.end();
Deno.exit(0);
