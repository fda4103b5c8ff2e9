import { Buffer } from "node:buffer";
import { getCiphers } from "node:crypto";
import ssh2Crypto from "ssh2/lib/protocol/crypto.js";
import { assertEquals, assertThrows } from "@std/assert";
import { BatchingSocket } from "../../../../lib/storage/proxy/ssh2/batching_socket.ts";

/** Runs `use` with a socket and what stands at its other end. */
async function connected(
  use: (socket: BatchingSocket, other: Deno.TcpConn) => Promise<void>,
): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = new BatchingSocket();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.connect({ host: "127.0.0.1", port: listener.addr.port });
  using other = await listener.accept();
  try {
    await use(socket, other);
  } finally {
    socket.destroy();
    await closed;
  }
}

/** Everything up to the end, or `length` bytes. */
async function received(other: Deno.TcpConn, length = Infinity): Promise<Uint8Array> {
  const chunks: number[] = [];
  const buffer = new Uint8Array(65_536);
  while (chunks.length < length) {
    const count = await other.read(buffer);
    if (count === null) break;
    for (const byte of buffer.subarray(0, count)) chunks.push(byte);
  }
  return Uint8Array.from(chunks);
}

Deno.test("a BatchingSocket sends every byte in its order, short and long", async () => {
  await connected(async (socket, other) => {
    const all = Uint8Array.from({ length: 700_000 }, (_, index) => index * 31 >> 3);
    const reading = received(other, all.length);
    let at = 0;
    for (const length of [4, 32_000, 16, 1, 300_000, 0, 262_144, 5]) {
      socket.write(all.slice(at, at + length));
      at += length;
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
    socket.write(all.subarray(at));
    assertEquals(await reading, all);
  });
});

Deno.test("a BatchingSocket has its own copy of what is written", async () => {
  await connected(async (socket, other) => {
    const chunk = Uint8Array.of(1, 2, 3);
    socket.write(chunk);
    chunk.fill(9);
    assertEquals(await received(other, 3), Uint8Array.of(1, 2, 3));
  });
});

Deno.test("a BatchingSocket keeps bytes and text in order, and sends them before its end", async () => {
  await connected(async (socket, other) => {
    socket.write(Uint8Array.of(0x61));
    socket.write("b");
    socket.write(Uint8Array.of(0x63));
    socket.end();
    assertEquals(new TextDecoder().decode(await received(other)), "abc");
  });
});

Deno.test("a BatchingSocket gives a packet's memory back at the end of the turn, and no other", async () => {
  await connected(async (socket, other) => {
    const packet = new Uint8Array(32_004);
    const shared = new Uint8Array(65_536);
    const short = new Uint8Array(16);
    socket.write(packet.subarray(4));
    socket.write(shared.subarray(0, 32_000));
    socket.write(short);
    assertEquals([packet.length, shared.length, short.length], [32_004, 65_536, 16]);
    await Promise.resolve();
    assertEquals([packet.length, shared.length, short.length], [0, 65_536, 16]);
    assertEquals(await received(other, 64_016), new Uint8Array(64_016));
  });
});

/** What of ssh2 encrypts packets; its types are not declared anywhere. */
interface Ssh2Crypto {
  readonly init: Promise<void>;
  readonly CIPHER_INFO: Readonly<Record<string, unknown>>;
  createCipher(config: { readonly outbound: Readonly<Record<string, unknown>> }): {
    allocPacket(length: number): Buffer;
    encrypt(packet: Buffer): void;
  };
}

Deno.test("ssh2 still writes a packet in three pieces: if not, a BatchingSocket may go", async () => {
  const { init, CIPHER_INFO, createCipher } = ssh2Crypto as unknown as Ssh2Crypto;
  await init;
  const pieces: number[] = [];
  const cipher = createCipher({
    outbound: {
      seqno: 0,
      cipherInfo: CIPHER_INFO["chacha20-poly1305@openssh.com"],
      cipherKey: Buffer.alloc(64),
      cipherIV: Buffer.alloc(0),
      macInfo: {},
      onWrite: (piece: Uint8Array) => pieces.push(piece.length),
    },
  });
  const encrypt = () => cipher.encrypt(cipher.allocPacket(20));
  if (!getCiphers().includes("chacha20")) {
    // Up to Deno 2.6; there ssh2 uses other ciphers.
    assertThrows(encrypt);
    return;
  }
  encrypt();
  // The length, what it is the length of, and the MAC.
  assertEquals(pieces, [4, 32, 16]);
});
