import { assertEquals, assertMatch } from "@std/assert";
import { run, sftpwrap } from "../../support/wire_session.ts";
import { withSessions } from "../sessions/live.ts";

Deno.test("the doctor says how many sessions live, and makes no folder for them", async () => {
  await withSessions(async ({ jail, state, start }) => {
    const look = async (...options: string[]) => {
      const args = ["doctor", "--no-sshd", "jail", ...options, "--state-dir", state, jail];
      const { stdout } = await run(sftpwrap(args));
      const lines = new TextDecoder().decode(stdout).split("\n");
      return lines.filter((line) => /^\S+ +sessions: /.test(line));
    };
    assertEquals(await look(), []);
    const before = `ok   sessions: 0 live, and find each other in ${state}`;
    assertEquals(await look("--who"), [`${before} (made by the first session)`]);
    await Deno.stat(state).then(() => assertEquals("the folder", "is there"), () => {});
    const server = start(["--who"]);
    await server.greet();
    assertEquals(await look("--max-sessions=1"), [
      `ok   sessions: 1 live, and find each other in ${state}`,
    ]);
    await server.end();
    await Deno.chmod(state, 0o777);
    const [line = ""] = await look("--who");
    assertMatch(line, /^BAD {2}sessions: the state folder .* cannot be used: others may write/);
  });
});
