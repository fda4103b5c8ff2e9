/**
 * A Unix datagram socket to listen on, as syslog does; Deno offers none without an unstable flag.
 *
 * @module
 */

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;

const libc = Deno.build.os !== "linux" ? undefined : Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
});

/** Receives datagrams at a path, which must not exist before. */
export class DatagramListener implements Disposable {
  readonly #socket: number;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.#socket = libc!.symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const address = new TextEncoder().encode(`\x01\0${path}\0`);
    if (this.#socket < 0 || libc!.symbols.bind(this.#socket, address, address.length) !== 0) {
      throw new Error(`cannot listen on ${path}`);
    }
  }

  /** Takes what has arrived so far. */
  take(): string[] {
    const messages: string[] = [];
    const room = new Uint8Array(256 * 1024);
    for (;;) {
      const length = libc!.symbols.recv(this.#socket, room, BigInt(room.length), MSG_DONTWAIT);
      if (length < 0) return messages;
      messages.push(new TextDecoder().decode(room.subarray(0, length)));
    }
  }

  /** Disappears, as syslog does when it is restarted. */
  [Symbol.dispose](): void {
    libc!.symbols.close(this.#socket);
    Deno.removeSync(this.#path);
  }
}
