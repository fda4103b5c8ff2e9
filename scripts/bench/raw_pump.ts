/**
 * The least that a proxy over ssh2 can do: bytes from standard input to the SFTP channel and back,
 * whatever they mean. The proxy is compared with it. It checks no host key.
 *
 *     raw_pump.ts USER HOST PORT KEY
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { connect } from "node:net";
import { ALGORITHMS } from "../../lib/storage/proxy/ssh2/algorithms.ts";
import type { Client, Ssh2 } from "../../lib/storage/proxy/ssh2/ssh2.d.ts";

const INPUT_BYTES = 256 * 1024;

const [username = "", host = "", port = "", keyFile = ""] = Deno.args;
const { default: ssh2 } = await import("ssh2");
const { parseKey }: Pick<Ssh2, "parseKey"> = ssh2.utils;
const [key] = [parseKey(Buffer.from(await Deno.readFile(keyFile)))].flat();
if (key === undefined || key instanceof Error) throw key;
const client: Client = new ssh2.Client();
const channel = await new Promise<Duplex>((resolve, reject) => {
  client.on("error", reject);
  client.on("ready", () => {
    client.subsys("sftp", (error, channel) => error ? reject(error) : resolve(channel));
  });
  const { cipher, mac, kex, hostKey } = ALGORITHMS;
  const sock = connect({ host, port: Number(port) });
  // Compiled, its option of that name does nothing, and each request waits for an acknowledgement.
  sock.once("connect", () => sock.setNoDelay(true));
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
    authHandler: (_methods, _partial, next) => next({ type: "publickey", username, key }),
  });
});
pumpOut();
const buffer = new Uint8Array(INPUT_BYTES);
for (let count: number | null = 0; count !== null; count = await Deno.stdin.read(buffer)) {
  if (channel.write(buffer.slice(0, count))) continue;
  await new Promise<void>((resolve) => channel.once("drain", resolve));
}
client.end();
Deno.exit(0);

async function pumpOut(): Promise<void> {
  for await (const chunk of channel) {
    for (let at = 0; at < chunk.length;) at += await Deno.stdout.write(chunk.subarray(at));
  }
}
