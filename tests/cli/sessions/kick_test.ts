import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { kicked } from "../../../lib/cli/sessions/kick.ts";
import { findSessions } from "../../../lib/cli/sessions/folders.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { needs } from "../../support/programs.ts";
import { ask, joined, request } from "../../support/raw.ts";
import type { ChildServer } from "../../support/wire_session.ts";
import { comes, fromClient, type Sessions, withSessions } from "./live.ts";

const libc = openLibc();

/** What the log says of the end of a session. */
function endIn(stderr: string): string[] {
  return stderr.split("\n").filter((line) => /session (ended|closed)|forced/.test(line))
    .map((line) => line.replace(/^.*?\]: /, ""));
}

/** Kicks the only session, and returns what was printed and what the session's log says. */
async function kickOnly(
  { tell, who }: Sessions,
  server: ChildServer,
): Promise<{ printed: string; code: number; log: readonly string[] }> {
  const [only] = await who();
  const id = String(only?.["session"]);
  const { code: status, stdout } = await tell("kick", id.slice(0, 8));
  assertEquals(status, 0);
  // The session hangs up by itself.
  while (await server.receive() !== undefined);
  const { code, stderr } = await server.end();
  assertEquals(await who(), []);
  return {
    code,
    printed: new TextDecoder().decode(stdout).replace(id, "ID"),
    log: endIn(stderr),
  };
}

const WHO = "local user alice from [192.0.2.7]";
const me = new TextDecoder().decode(new Deno.Command("id", { args: ["-un"] }).outputSync().stdout)
  .trim();

Deno.test("a kicked session closes its files, logs that, and hangs up", async () => {
  await withSessions(async (sessions) => {
    const server = sessions.start(["--who"], fromClient("192.0.2.7"));
    await server.greet();
    const up = await server.handle(ask.open("/up", 2 | 8));
    await server.ask(ask.write(up, 0, "abc"));
    const { code, printed, log } = await kickOnly(sessions, server);
    assertEquals(code, 255);
    assertEquals(printed, `session ID of ${me} has ended\n`);
    assertEquals(log, [
      `session ended for ${WHO}: kicked by ${me}`,
      'forced close "/up" bytes read 0 written 3',
      `session closed for ${WHO}`,
    ]);
    assertEquals(await Deno.readTextFile(`${sessions.jail}/up`), "abc");
  });
});

Deno.test("a kicked session ends that waits for its rate", async () => {
  await withSessions(async (sessions) => {
    await Deno.writeFile(`${sessions.jail}/down`, new Uint8Array(1_000_000));
    const server = sessions.start(["--shared-rate=1K"], fromClient("192.0.2.7"));
    await server.greet();
    const down = await server.handle(ask.open("/down", 1));
    const up = await server.handle(ask.open("/up", 2 | 8));
    const waits = Array.from({ length: 20 }, (_, index) => [
      request(ask.read(down, index * 30_000, 30_000), 100 + index),
      request(ask.write(up, index * 30_000, new Uint8Array(30_000)), 200 + index),
    ]).flat();
    await server.send(joined(waits));
    const { code, log } = await kickOnly(sessions, server);
    assertEquals(code, 255);
    assertEquals(log[0], `session ended for ${WHO}: kicked by ${me}`);
    assertEquals(log.slice(1).map((line) => line.replace(/ bytes.*/, "")), [
      'forced close "/down"',
      'forced close "/up"',
      `session closed for ${WHO}`,
    ]);
  });
});

Deno.test("a kicked session ends whose client takes no replies", async () => {
  await withSessions(async (sessions) => {
    await Deno.writeFile(`${sessions.jail}/down`, new Uint8Array(300_000));
    const server = sessions.start(["--who"], fromClient("192.0.2.7"));
    await server.greet();
    const down = await server.handle(ask.open("/down", 1));
    const reads = Array.from({ length: 100 }, (_, id) => request(ask.read(down, 0, 200_000), id));
    const sending = server.send(joined(reads));
    await comes("the reading", async () => Number((await sessions.who())[0]?.["bytesRead"]) > 0);
    const { code } = await kickOnly(sessions, server);
    assertEquals(code, 255);
    await sending;
  });
});

Deno.test("a session that hangs is killed, and kick says so", async () => {
  await withSessions(async (sessions) => {
    const server = sessions.start(["--who"]);
    await server.greet();
    Deno.kill(server.pid, "SIGSTOP");
    const [session] = findSessions(libc, { stateDirectory: sessions.state }).sessions;
    const said: string[] = [];
    const isEnded = await kicked(libc, session!, { patience: 200, say: (line) => said.push(line) });
    assertEquals(isEnded, true);
    assertMatch(said.join(), /^session .* hung and was killed: its log does not say so$/);
    assertEquals(await sessions.who(), []);
    const { code } = await server.end();
    assertEquals(code, 137);
  });
});

Deno.test({
  name: "no other process is killed, whatever a session says of itself",
  ...needs("flock"),
  fn: () =>
    withSessions(async ({ state }) => {
      const id = "11111111-0000-4000-8000-000000000001";
      const victim = new Deno.Command("sleep", { args: ["60"] }).spawn();
      await Deno.mkdir(`${state}/sessions`, { recursive: true });
      await Deno.writeTextFile(`${state}/sessions/${id}`, `{"pid":${victim.pid}}\n{}\n`);
      const holder = new Deno.Command("flock", {
        args: [`${state}/sessions/${id}`, "cat"],
        stdin: "piped",
        stdout: "null",
      }).spawn();
      const find = () => findSessions(libc, { stateDirectory: state }).sessions;
      await comes("the session", () => Promise.resolve(find().length === 1));
      const said: string[] = [];
      const say = (line: string) => said.push(line);
      assertEquals(await kicked(libc, find()[0]!, { patience: 200, say }), false);
      assertMatch(said.join(), /does not end$/);
      assertEquals(libc.kill(victim.pid, 0), 0);
      victim.kill("SIGKILL");
      assertEquals((await victim.status).signal, "SIGKILL");
      await holder.stdin.close();
      await holder.status;
    }),
});

Deno.test("kick ends exactly the session that is meant", async () => {
  await withSessions(async ({ start, tell, who }) => {
    const server = start(["--who"]);
    await server.greet();
    for (const name of ["ffffffff-0000", "12ab"]) {
      const { code, stderr } = await tell("kick", name);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `no session ${name} lives`);
    }
    for (const name of ["abc", "../x", "*", ""]) {
      const { code, stderr } = await tell("kick", name);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "is not a session");
    }
    assertEquals((await who()).length, 1);
    assertEquals((await server.end()).code, 0);
  });
});
