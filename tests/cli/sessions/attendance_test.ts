/** Sessions that the limits refuse, and state folders that cannot be used. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Errno } from "../../../lib/linux/errno.ts";
import { needs } from "../../support/programs.ts";
import { ask, request } from "../../support/raw.ts";
import { withoutCalls } from "../../support/without_calls.ts";
import { jailWords } from "../../support/jail.ts";
import { ChildServer, type Ended, run, sftpwrap } from "../../support/wire_session.ts";
import { fromClient, type Sessions, withSessions } from "./live.ts";

const REFUSED = 75;

/** Starts a session that ends at once. */
async function tried(
  { jail, state }: Sessions,
  options: readonly string[],
  env = fromClient("192.0.2.7"),
): Promise<Ended> {
  const given = ["--log-to-stderr", "--state-dir", state, ...options];
  return await run(jailWords(jail, { options: given }), { env });
}

Deno.test("a user has so many sessions, and one more is refused and logged", async () => {
  await withSessions(async (sessions) => {
    const two = [0, 1].map(() => sessions.start(["--max-sessions=2"], fromClient("192.0.2.7")));
    for (const server of two) await server.greet();
    const { code, stdout, stderr } = await tried(sessions, ["--max-sessions=2"]);
    assertEquals([code, stdout.length], [REFUSED, 0]);
    const reason = "too many sessions of alice: 2, and --max-sessions is 2";
    assertStringIncludes(
      stderr,
      `session not started: ${reason} (local user alice from [192.0.2.7])\n`,
    );
    assertStringIncludes(stderr, `sftpwrap: ${reason}\n`);
    // One with a higher limit of its own, or of another name, is not.
    assertEquals((await tried(sessions, ["--max-sessions=3"])).code, 0);
    assertEquals((await tried(sessions, ["--max-sessions=2", "--log-user=b"])).code, 0);
    // Those of a process that was killed do not count.
    Deno.kill(two[0]!.pid, "SIGKILL");
    await two[0]!.end();
    assertEquals((await tried(sessions, ["--max-sessions=2"])).code, 0);
    assertEquals((await two[1]!.end()).code, 0);
  });
});

Deno.test("a user has so many sessions from one address", async () => {
  await withSessions(async (sessions) => {
    const limit = ["--max-sessions-per-address=1"];
    const server = sessions.start(limit, fromClient("192.0.2.7"));
    await server.greet();
    const { code, stderr } = await tried(sessions, limit);
    assertEquals(code, REFUSED);
    assertStringIncludes(
      stderr,
      "too many sessions of alice from 192.0.2.7: 1, and --max-sessions-per-address is 1",
    );
    assertEquals((await tried(sessions, limit, fromClient("192.0.2.8"))).code, 0);
    await server.end();
  });
});

Deno.test("sessions that start at once take no more than their places", async () => {
  await withSessions(async (sessions) => {
    const servers = Array.from({ length: 12 }, () => sessions.start(["--max-sessions=5"]));
    // A refused session hangs up instead of an answer.
    const greeted = await Promise.all(
      servers.map((server) => server.greet().then(() => true, () => false)),
    );
    const codes = await Promise.all(servers.map(async (server) => (await server.end()).code));
    assertEquals(greeted.filter((isServed) => isServed).length, 5);
    assertEquals(codes.map((code) => code === 0), greeted);
    assertEquals(codes.filter((code) => code === REFUSED).length, 7);
  });
});

Deno.test("a session whose slot is damaged, or of a later version, counts for everyone", async () => {
  await withSessions(async (sessions) => {
    const server = sessions.start(["--who", "--log-user=other"]);
    await server.greet();
    assertEquals((await tried(sessions, ["--max-sessions=1"])).code, 0);
    for await (const { name } of Deno.readDir(`${sessions.state}/sessions`)) {
      await Deno.writeTextFile(`${sessions.state}/sessions/${name}`, "damaged");
    }
    assertEquals((await tried(sessions, ["--max-sessions=1"])).code, REFUSED);
    await server.end();
  });
});

Deno.test("a limit whose sessions cannot be counted refuses the session", async () => {
  await withSessions(async (sessions) => {
    const { jail, state } = sessions;
    const options = ["--max-sessions=9"];
    await Deno.mkdir(`${state}-real`, { mode: 0o700 });
    await Deno.symlink(`${state}-real`, state);
    const link = await tried(sessions, options);
    assertEquals(link.code, 1);
    assertMatch(
      link.stderr,
      /session not started: the state folder .* it is a link or no directory/,
    );
    await Deno.remove(state);

    const inside = await tried({ ...sessions, state: `${jail}/state` }, options);
    assertEquals(inside.code, 1);
    assertStringIncludes(inside.stderr, "it is in the jail");

    const words = jailWords(jail, { options: [...options, "-e", "--state-dir", state] });
    const noLocks = await run(withoutCalls(["flock"], Errno.ENOLCK, words));
    assertEquals(noLocks.code, 1);
    assertMatch(noLocks.stderr, /the sessions in .* cannot be counted: no locks available/);

    const permissions = [`--allow-read=${jail}`, `--allow-write=${jail}`];
    const how = { options: [...options, "--confine=portable", "-e"], permissions };
    const noFfi = await run(jailWords(jail, how));
    assertEquals(noFfi.code, 1);
    assertStringIncludes(noFfi.stderr, "sessions cannot be counted: no permission for FFI");
  });
});

Deno.test({
  name: "a full disk refuses a session that nothing would list",
  ...needs("unshare", "mount"),
  ignore: Deno.uid() !== 0 || needs("unshare", "mount").ignore === true,
  fn: () =>
    withSessions(async ({ jail, state }) => {
      await Deno.mkdir(state, { mode: 0o700 });
      const script = `mount -t tmpfs -o size=4k,mode=700 none ${state} && ` +
        `mkdir ${state}/sessions && ` +
        `head -c 4096 /dev/zero > ${state}/fill; exec "$@"`;
      const words = jailWords(jail, { options: ["--who", "-e", "--state-dir", state] });
      const { code, stderr } = await run(["unshare", "-m", "sh", "-c", script, "sh", ...words]);
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, "cannot be counted: no space left on device");
    }),
});

Deno.test("tokens in --state-dir are the user's", async () => {
  await withSessions(async ({ jail, state }) => {
    const options = ["--who", "--state-dir", `${state}-%u`];
    const { code } = await run(jailWords(jail, { options }), { env: fromClient("192.0.2.7") });
    assertEquals(code, 0);
    assertEquals((await Deno.stat(`${state}-alice/sessions`)).isDirectory, true);
  });
});

Deno.test("a rate works without FFI, and holds up no look-up", async () => {
  await withSessions(async ({ jail }) => {
    await Deno.writeFile(`${jail}/down`, new Uint8Array(100_000));
    const permissions = [`--allow-read=${jail}`, `--allow-write=${jail}`];
    const options = ["--confine=portable", "--rate=1K"];
    const words = sftpwrap(["jail", ...options, jail], permissions);
    const server = new ChildServer(words);
    await server.greet();
    const down = await server.handle(ask.open("/down", 1));
    await server.send(request(ask.read(down, 0, 50_000), 1000));
    // The READ would be answered in most of a minute.
    const reply = await server.ask(ask.stat("/down"));
    assertEquals(reply.kind, "attrs");
    Deno.kill(server.pid, "SIGKILL");
    await server.end();
  });
});
