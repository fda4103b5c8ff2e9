import { assertEquals } from "@std/assert";
import type { SftpClient } from "../../lib/client/client.ts";
import { SftpStatusError } from "../../lib/client/errors.ts";
import { binary, needsCompile } from "../support/binaries.ts";
import { withJail } from "../support/jail.ts";
import { startServer } from "../support/server.ts";

const SESSIONS = 300;
const ROUNDS = 30;

/** Requests that fail, and the one answer that is right. */
const KINDS: readonly [string, (client: SftpClient) => Promise<unknown>][] = [
  ["Failure: file exists", (client) => client.mkdir("/d")],
  ["Failure: directory not empty", (client) => client.rmdir("/d")],
  ["Failure: file exists", (client) => {
    return client.open("/d/file", { write: true, create: true, exclusive: true });
  }],
  ["Failure: file exists", (client) => client.symlink("text", "/d/file")],
  ["Bad message", (client) => client.readLink("/d/file")],
  ["Bad message", (client) => client.stat(`/${"y".repeat(300)}`)],
];

async function answer(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return "OK";
  } catch (error) {
    if (error instanceof SftpStatusError) return error.text;
    throw error;
  }
}

Deno.test({
  // Under strace each call takes long enough for V8's other threads to get in its way.
  name: `no request of ${SESSIONS} sessions under strace has another call's error`,
  ...needsCompile("strace"),
  async fn() {
    const { path } = await binary("sftpwrap");
    await withJail(async ({ jail }) => {
      await Deno.mkdir(`${jail}/d`);
      await Deno.writeTextFile(`${jail}/d/file`, "");
      const strace = ["-f", "-o", "/dev/null", "-e", "trace=openat2,mkdirat,renameat2"];
      const wrong: string[] = [];
      for (let session = 0; session < SESSIONS; session++) {
        await using server = await startServer("strace", [...strace, path, "jail", jail]);
        for (let round = 0; round < ROUNDS; round++) {
          for (const [right, ask] of KINDS) {
            const told = await answer(ask(server.client));
            if (told !== right) wrong.push(`${right}, told as ${told}`);
          }
        }
      }
      assertEquals(wrong, []);
    });
  },
});
