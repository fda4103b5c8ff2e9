/** Sessions that share a rate, as processes: each has the same part, by the clock of the system. */

import { assert } from "@std/assert";
import { withSessions } from "../cli/sessions/live.ts";
import { ask, request } from "../support/raw.ts";
import type { ChildServer } from "../support/wire_session.ts";

const SESSIONS = 4;
const RATE = 4 * 1024 * 1024;
const DURATION_MS = 10_000;
const READ_BYTES = 32_768;
/** Requests that a client has under way: OpenSSH's sftp has 64. */
const DEPTH = 16;

/** Downloads without end; counts what comes. */
async function download(server: ChildServer, count: (bytes: number) => void): Promise<void> {
  await server.greet();
  const handle = await server.handle(ask.open("/zeros", 1));
  const next = (id: number) => server.send(request(ask.read(handle, 0, READ_BYTES), id));
  for (let id = 100; id < 100 + DEPTH; id++) await next(id);
  for (let id = 200;; id++) {
    const reply = await server.receive();
    if (reply === undefined) return;
    if (reply.kind === "data") count(reply.data.length);
    await next(id);
  }
}

Deno.test("four sessions have a quarter of a shared rate each, within 10 %", async () => {
  await withSessions(async ({ jail, start }) => {
    await Deno.writeFile(`${jail}/zeros`, new Uint8Array(READ_BYTES));
    const moved = Array.from({ length: SESSIONS }, () => 0);
    const servers = moved.map(() => start([`--shared-rate=${RATE}`]));
    const all = servers.map((server, index) => download(server, (bytes) => moved[index]! += bytes));
    // All have begun, and a burst is over.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const before = [...moved];
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, DURATION_MS));
    const seconds = (performance.now() - began) / 1000;
    const parts = moved.map((bytes, index) => bytes - before[index]!);
    for (const server of servers) Deno.kill(server.pid, "SIGKILL");
    await Promise.all(all);
    for (const server of servers) await server.end();
    const fair = RATE * seconds / SESSIONS;
    const told = parts.map((bytes) => (bytes / fair).toFixed(3)).join(" ");
    assert(parts.every((bytes) => Math.abs(bytes / fair - 1) < 0.1), told);
  });
});
