import { assertEquals, assertMatch } from "@std/assert";
import { needs } from "../../support/programs.ts";
import { run } from "../../support/run.ts";
import { withSshd } from "../../support/sshd.ts";
import { sftpwrap } from "../../support/wire_session.ts";

async function doctor(args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const [program = "", ...words] = sftpwrap(["doctor", "--no-sshd", ...args]);
  return await run(program, words);
}

Deno.test({
  name: "doctor connects a proxy as a session would, and says why it cannot",
  ...needs("sshd", "ssh-keygen"),
  fn: () =>
    withSshd({}, async ({ host, port, user, clientKey, knownHosts }) => {
      const line = ["proxy", "-k", clientKey, "-p", String(port), `${user}@${host}`];
      const known = await doctor([...line.slice(0, -1), "-n", knownHosts, line.at(-1)!]);
      assertEquals(known.code, 0, known.stdout);
      assertMatch(known.stdout, /^ok {3}far side: connected to /m);
      const unknown = await doctor([...line.slice(0, -1), "-n", "/dev/null", line.at(-1)!]);
      assertEquals(unknown.code, 1, unknown.stdout);
      assertMatch(unknown.stdout, /^BAD {2}far side: .*key/m);
    }),
});

Deno.test("doctor of a bucket where no database listens says so", async () => {
  const uri = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200";
  const { code, stdout } = await doctor(["gridfs", uri]);
  assertEquals(code, 1, stdout);
  assertMatch(stdout, /^BAD {2}far side: 127\.0\.0\.1:1: /m);
});
