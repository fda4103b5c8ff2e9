import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { proxyWords, withFarSide } from "../../clients/proxied.ts";
import { noise } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { run, runOk } from "../../support/run.ts";
import { startServer } from "../../support/server.ts";
import { type Sshd, withSshd } from "../../support/sshd.ts";

const HERE = needs("sshd", "ssh", "ssh-keygen", "[::1]");
const LOOPBACK = { host: "::1" } as const;

/** The ways to name a host by its address of IPv6. */
function placesOf({ user, port }: Sshd): readonly (readonly string[])[] {
  return [
    ["-p", String(port), `${user}@[::1]`],
    ["-p", String(port), `${user}@::1`],
    [`sftp://${user}@[::1]:${port}/`],
  ];
}

/** Uploads and downloads by a proxy of its own. */
async function transfer(words: readonly string[]): Promise<void> {
  const [program = "", ...args] = words;
  await using proxy = await startServer(program, args);
  const bytes = noise(100_000);
  await proxy.client.writeFile("/file", bytes);
  assertEquals(await proxy.client.readFile("/file"), bytes);
}

for (const transport of ["ssh2", "openssh"]) {
  Deno.test({
    name:
      `sftpwrap proxy --transport=${transport} reaches an address of IPv6, however it is written`,
    ...HERE,
    fn: () =>
      withFarSide(async ({ far }) => {
        const places = placesOf(far);
        for (const place of places) {
          await transfer(proxyWords(far, { options: [`--transport=${transport}`], place }));
        }
        const from = (await far.log()).match(/^Accepted publickey for \S+ from ::1 /gm);
        assertEquals(from?.length, places.length);
      }, LOOPBACK),
  });
}

Deno.test({
  name: "sftpwrap proxy learns an address of IPv6 as ssh does, and knows it again",
  ...HERE,
  fn: () =>
    withFarSide(async ({ far }) => {
      const known = await Deno.readTextFile(far.knownHosts);
      await Deno.writeTextFile(far.knownHosts, "");
      const [place = []] = placesOf(far);
      const [program = "", ...args] = proxyWords(far, { place });
      const { code, stderr } = await run(program, args);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `the host key of [::1]:${far.port} is not known`);
      // What is to be typed says the same to ssh-keyscan.
      const [, words = ""] = /add it: (ssh-keyscan [^>]*) >>/.exec(stderr) ?? [];
      const [keyscan = "", ...scanned] = words.split(" ");
      assertEquals(withoutComment(await runOk(keyscan, scanned)), withoutComment(known));
      await transfer(proxyWords(far, { options: ["--accept-new"], place }));
      assertEquals(withoutComment(await Deno.readTextFile(far.knownHosts)), withoutComment(known));
      assertMatch(known, new RegExp(`^\\[::1\\]:${far.port} ssh-ed25519 `));
      for (const transport of ["ssh2", "openssh"]) {
        await transfer(proxyWords(far, { options: [`--transport=${transport}`], place }));
      }
    }, LOOPBACK),
});

for (const transport of ["ssh2", "openssh"]) {
  Deno.test({
    name: `sftpwrap proxy --transport=${transport} goes through a host by its address of IPv6`,
    ...HERE,
    fn: () =>
      withFarSide((places) =>
        withSshd({ ...LOOPBACK, keyOptions: "" }, async (jump) => {
          const { far } = places;
          const sshConfig = `${far.directory}/through`;
          await Deno.writeTextFile(sshConfig, await through(jump, far));
          const openssh = transport === "openssh";
          await transfer(proxyWords({ ...far, sshConfig }, { byConfig: true, openssh }));
          assertMatch(await jump.log(), /^Accepted publickey for \S+ from ::1 /m);
          assertMatch(await far.log(), /^Accepted publickey for \S+ from ::1 /m);
        }), LOOPBACK),
  });
}

/** An ssh_config by which `far` is reached through `[::1]:PORT` of the host before it. */
async function through(jump: Sshd, far: Sshd): Promise<string> {
  return [
    `Host ${far.alias}`,
    `ProxyJump ${jump.user}@[::1]:${jump.port}`,
    "Host ::1",
    `IdentityFile "${jump.clientKey}"`,
    `UserKnownHostsFile "${jump.knownHosts}"`,
    "BatchMode yes",
    await Deno.readTextFile(far.sshConfig),
  ].join("\n");
}

/** Lines of known_hosts without what stands behind the keys. */
function withoutComment(text: string): string[] {
  return text.trim().split("\n").map((line) => line.split(" ").slice(0, 3).join(" "));
}
