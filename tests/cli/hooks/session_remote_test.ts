import { assert, assertEquals, assertMatch } from "@std/assert";
import { proxyWords, withFarSide } from "../../clients/proxied.ts";
import { gridFsWords } from "../../support/gridfs.ts";
import { withScripts } from "../../support/hooks.ts";
import { needsMongo, withMongo } from "../../support/mongodb.ts";
import { needs } from "../../support/programs.ts";
import { ask, Flag, textOf } from "../../support/raw.ts";
import { ChildServer } from "../../support/wire_session.ts";
import { messageOf, upload } from "./jail_session.ts";

async function contentOf(server: ChildServer, path: string): Promise<string> {
  const handle = await server.handle(ask.open(path, Flag.READ));
  const data = await server.ask(ask.read(handle, 0, 100));
  await server.ask(ask.close(handle));
  return data.kind === "data" ? textOf(data.data) : data.kind;
}

/** An upload that is accepted, and one that is refused and quarantined, in a session of these words. */
async function decideUploads(
  words: (options: readonly string[]) => readonly string[],
): Promise<void> {
  await withScripts(async (scripts) => {
    const { directory } = scripts;
    const quarantine = `${directory}/quarantine`;
    await Deno.mkdir(quarantine);
    const decides = await scripts.script(
      "decides",
      `read doc; echo "$doc" >>${directory}/told\ncase $doc in *'"size":4,'*) exit 0; esac; echo no >&2; exit 1`,
    );
    const tells = await scripts.script("tells", `cat >>${directory}/told`);
    const on = [`--on=upload=${decides}`, `--on=rename=${tells}`, `--on=session-end=${tells}`];
    const server = new ChildServer(words(["--log-to-stderr", ...on, `--quarantine=${quarantine}`]));
    await server.greet();
    assertEquals(messageOf(await upload(server, "/file", "good")), "ok");
    assertEquals(messageOf(await upload(server, "/file", "worse")), "Failure: no");
    assertEquals(messageOf(await upload(server, "/other", "worst")), "Failure: no");
    assertEquals(await contentOf(server, "/file"), "good");
    assertEquals((await server.ask(ask.stat("/other"))).kind, "status");
    assertEquals(messageOf(await server.ask(ask.rename("/file", "/renamed"))), "ok");
    const { code, stderr } = await server.end();
    assertEquals(code, 0, stderr);
    const told = (await scripts.told()).trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(told.map(({ event, path, size }) => [event, path, size]), [
      ["upload", "/file", 4],
      ["upload", "/file", 5],
      ["upload", "/other", 5],
      ["rename", "/file", undefined],
      ["session-end", undefined, undefined],
    ]);
    assert(told.every((document) => document.hostPath === undefined));
    const kept = await Array.fromAsync(Deno.readDir(quarantine));
    assertEquals(kept.length, 2, stderr);
    const { name } = kept.find(({ name }) => name.endsWith("-other"))!;
    assertEquals(await Deno.readTextFile(`${quarantine}/${name}`), "worst");
    assertMatch(stderr, /hook for upload "\/other": refused with status 1: no/);
  });
}

for (const openssh of [false, true]) {
  Deno.test({
    name: `a command decides about uploads through a proxy by ${openssh ? "openssh" : "ssh2"}`,
    ...needs("sshd", "ssh", "ssh-keygen"),
    fn: () =>
      withFarSide(async ({ far, jail }) => {
        await decideUploads((options) => proxyWords(far, { openssh, options }));
        const names = (await Array.fromAsync(Deno.readDir(jail))).map(({ name }) => name);
        assertEquals(names, ["renamed"]);
      }),
  });
}

Deno.test({
  name: "a command decides about uploads to GridFS, before any session sees them",
  ...needsMongo(),
  fn: () => withMongo((mongo) => decideUploads((options) => gridFsWords(mongo, { options }))),
});
