import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { needs } from "../../support/programs.ts";
import { run, sftpwrap } from "../../support/wire_session.ts";
import { ask } from "../../support/raw.ts";
import { comes, fromClient, withSessions } from "./live.ts";

const me = new TextDecoder().decode(new Deno.Command("id", { args: ["-un"] }).outputSync().stdout)
  .trim();

Deno.test("who lists the sessions that live, and what they have moved", async () => {
  await withSessions(async ({ start, tell, who, jail }) => {
    assertEquals(await who(), []);
    await Deno.writeFile(`${jail}/down`, new Uint8Array(5000));
    const one = start(["--who", "--log-user", "partner A"], fromClient("192.0.2.7"));
    await one.greet();
    const other = start(["--max-sessions=9"], fromClient("2001:db8::1"));
    await other.greet();
    const down = await one.handle(ask.open("/down", 1));
    const up = await one.handle(ask.open("/up", 2 | 8));
    await one.ask(ask.read(down, 0, 5000));
    await one.ask(ask.write(up, 0, "abc"));
    await comes("the counters", async () => (await who())[0]?.["bytesRead"] === 5000);
    const [first, second, ...more] = await who();
    assertEquals(more, []);
    const { session, since, ...facts } = first!;
    assertMatch(String(session), /^[\da-f-]{36}$/);
    assertMatch(String(since), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assertEquals(facts, {
      user: me,
      logUser: "partner A",
      client: "192.0.2.7",
      pid: one.pid,
      serves: { jail },
      bytesRead: 5000,
      bytesWritten: 3,
    });
    assertEquals([second?.["client"], second?.["pid"]], ["2001:db8::1", other.pid]);
    const { stdout, code } = await tell("who");
    const [head = "", row = ""] = new TextDecoder().decode(stdout).split("\n");
    assertMatch(head, /^SESSION {3}USER +LOG-USER +ADDRESS +SINCE +READ +WRITTEN +SERVES$/);
    const id = String(session).slice(0, 8);
    assertMatch(row, new RegExp(`^${id} +${me} +partner A +192.0.2.7 +${since} +5000 +3 +jail /`));
    assertEquals(code, 0);
    await one.end();
    await other.end();
    assertEquals(await who(), []);
  });
});

Deno.test("a session without an option that asks for it is not listed, and makes no folder", async () => {
  await withSessions(async ({ start, who, state }) => {
    const server = start(["--rate=1M"]);
    await server.greet();
    assertEquals(await who(), []);
    await Deno.stat(state).then(() => assertEquals("the folder", "is there"), () => {});
    await server.end();
  });
});

Deno.test("what a session says of itself does not reach the terminal as it is", async () => {
  await withSessions(async ({ start, tell, state }) => {
    const server = start(["--who"]);
    await server.greet();
    const [{ name } = { name: "" }] = await Array.fromAsync(Deno.readDir(`${state}/sessions`));
    const evil = JSON.stringify({ pid: 1, logUser: "\u001b[2J", user: "root", since: "\u0007" });
    await Deno.writeTextFile(`${state}/sessions/${name}`, `${evil}\n{}\n`);
    const { stdout } = await tell("who");
    const text = new TextDecoder().decode(stdout);
    assertEquals(/[^\x20-\x7e\n]/.test(text), false, text);
    assertStringIncludes(text, "\\033[2J");
    await server.end();
  });
});

Deno.test({
  name: "root sees the sessions of all users, each by the owner of its folder",
  ...needs("flock"),
  ignore: Deno.uid() !== 0 || needs("flock").ignore === true,
  fn: () =>
    withSessions(async ({ state }) => {
      const folder = `${state}/of-bin/sessions`;
      await Deno.mkdir(folder, { recursive: true });
      const id = "11111111-0000-4000-8000-000000000001";
      await Deno.writeTextFile(`${folder}/${id}`, '{"pid":1,"user":"root"}\n{"bytesRead":7}\n');
      for (const path of [`${state}/of-bin`, folder, `${folder}/${id}`]) {
        await Deno.chown(path, 2, 2);
      }
      // A folder that leads elsewhere is not followed.
      await Deno.symlink("of-bin", `${state}/link`);
      const holder = new Deno.Command("flock", {
        args: [`${folder}/${id}`, "cat"],
        stdin: "piped",
        stdout: "null",
      }).spawn();
      let text = "";
      await comes("the session", async () => {
        const { stdout } = await run(sftpwrap(["who", "--state-dir", state, "--json"]));
        text = new TextDecoder().decode(stdout);
        return text !== "";
      });
      await holder.stdin.close();
      await holder.status;
      assertEquals(
        text,
        `{"session":"${id}","user":"bin","pid":1,"bytesRead":7,"bytesWritten":0}\n`,
      );
    }),
});
