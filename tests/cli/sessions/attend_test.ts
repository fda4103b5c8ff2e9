/** The limits of sessions that another host serves. */

import { assertEquals, assertMatch } from "@std/assert";
import { proxyWords, withFarSide } from "../../clients/proxied.ts";
import { withTempDir } from "../../support/files.ts";
import { gridFsWords } from "../../support/gridfs.ts";
import { needsMongo, withMongo } from "../../support/mongodb.ts";
import { needs } from "../../support/programs.ts";
import { ask, request } from "../../support/raw.ts";
import { ChildServer, run, sftpwrap } from "../../support/wire_session.ts";

/** A session is listed, lets none beside it, holds up its READs alone, and is kicked. */
async function keepsLimits(
  wordsOf: (options: readonly string[]) => string[],
  serves: RegExp,
): Promise<void> {
  await withTempDir(async (directory) => {
    const state = `${directory}/state`;
    const options = ["--log-to-stderr", "--max-sessions=1", "--rate=1K", "--state-dir", state];
    const server = new ChildServer(wordsOf(options));
    await server.greet();
    const up = await server.handle(ask.open("/up", 1 | 2 | 8));
    await server.ask(ask.write(up, 0, "abc"));
    assertEquals((await run(wordsOf(options))).code, 75);
    const { stdout } = await run(sftpwrap(["who", "--json", "--state-dir", state]));
    const text = new TextDecoder().decode(stdout);
    assertMatch(text, serves);
    // What would take most of a minute does not hold up what is small.
    await server.send(request(ask.write(up, 3, new Uint8Array(50_000)), 1000));
    assertEquals((await server.ask(ask.stat("/up"))).kind, "attrs");
    const { session } = JSON.parse(text);
    assertEquals((await run(sftpwrap(["kick", "--state-dir", state, session]))).code, 0);
    while (await server.receive() !== undefined);
    const { code, stderr } = await server.end();
    assertEquals(code, 255, stderr);
    assertMatch(stderr, /session ended for .*: kicked by \S+\n[^]*forced close "\/up"/);
    assertMatch(stderr, /session closed for/);
  });
}

for (const openssh of [false, true]) {
  Deno.test({
    name: `a proxy keeps the limits of sessions, by ${openssh ? "OpenSSH's ssh" : "its own SSH"}`,
    ...needs("sshd", "ssh-keygen", "ssh"),
    fn: () =>
      withFarSide(({ far }) =>
        keepsLimits((options) => proxyWords(far, { options, openssh }), /"serves":\{"proxy":"/)
      ),
  });
}

Deno.test({
  name: "GridFS keeps the limits of sessions",
  ...needsMongo(),
  fn: () =>
    withMongo((mongo) =>
      keepsLimits((options) => gridFsWords(mongo, { options }), /"serves":\{"gridfs":"[^"]+\/fs"\}/)
    ),
});
