/** Each of the three rings alone, and what a session may still do behind all of them. */

import { assert, assertEquals } from "@std/assert";
import { confinedProbe, type Outcomes } from "../support/confined_probe.ts";
import { type Attempt, attempts, escapes } from "../support/jail_attempts.ts";
import { lookOutside, Prober, type Site, withSite } from "../support/jail_fixture.ts";
import { scopedFlags } from "../support/jail_ways.ts";
import { type OpenOptions, openServer } from "./open_server.ts";
import type { Need } from "../support/programs.ts";
import { ask, Code, Flag } from "../support/raw.ts";
import { ALL, run, sftpwrap } from "../support/wire_session.ts";
import { families, type Family } from "./families.ts";

const EACCES = -13;
const EXDEV = -18;

const LINUX: Need = Deno.build.os === "linux"
  ? { ignore: false, reason: "" }
  : { ignore: true, reason: "Landlock is Linux's" };

/** What Landlock lets pass everywhere: stat, chmod, chown, utimes, and making a link to somewhere. */
const UNGOVERNED: readonly string[] = [
  "STAT",
  "LSTAT",
  "REALPATH",
  "READLINK",
  "statvfs",
  "expand-path",
  "SETSTAT permissions",
  "SETSTAT times",
  "SETSTAT owner",
  "lsetstat permissions",
  "lsetstat times",
  "lsetstat owner",
  "SYMLINK to",
];

const governed = attempts.filter(({ name }) => !UNGOVERNED.includes(name));

/** The server waits for its own input there, where nothing is resolved. */
const waysOut = families.filter(({ name }) => name !== "through links into /proc and /dev/fd");

async function tried(
  { words, site, family, tries }: {
    readonly words: readonly string[];
    readonly site: Site;
    readonly family: Family;
    readonly tries: readonly Attempt[];
  },
): Promise<string[]> {
  await using prober = await Prober.start(words, site);
  const plant = () => family.plant(site, prober);
  return await escapes(prober, site, { paths: family.paths(site), plant, tries });
}

function testAlone(
  name: string,
  { server, tries = attempts, among = waysOut }: {
    readonly server: (site: Site) => readonly string[];
    readonly tries?: readonly Attempt[];
    readonly among?: readonly Family[];
  },
): void {
  for (const family of among) {
    Deno.test({
      name: `${name} ${family.name}`,
      ...LINUX,
      fn: () =>
        withSite(async (site) => {
          assertEquals(await tried({ words: server(site), site, family, tries }), []);
        }),
    });
  }
}

function open(options: OpenOptions) {
  return (site: Site) => openServer(site, options);
}

testAlone("Landlock alone lets nothing be opened, made, moved or removed outside", {
  server: open({ root: "plain", landlock: true }),
  tries: governed,
});

testAlone("Landlock alone holds libc's calls too, which would go out", {
  server: open({ root: "unresolved", landlock: true }),
  tries: governed,
  among: waysOut.filter(({ name }) => name === "by .." || name === "through links"),
});

Deno.test({
  name: "Landlock alone does not govern stat, chmod, utimes and chown",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const family = families.find(({ name }) => name === "through links")!;
      const words = openServer(site, { root: "plain", landlock: true });
      const tries = attempts.filter(({ name }) => UNGOVERNED.includes(name));
      const out = await tried({ words, site, family, tries });
      for (const name of ["STAT", "SETSTAT permissions", "SETSTAT times"]) {
        assert(out.some((line) => line.startsWith(`${name} /`)), name);
      }
    }),
});

testAlone("resolution by the kernel alone lets no request out", {
  server: open({ root: "kernel" }),
  among: families,
});

testAlone("resolution step by step alone lets no request out", {
  // Without libc there is no Landlock.
  server: ({ jail }) => sftpwrap(["jail", "--confine=portable", jail], [...ALL, "--deny-ffi"]),
  among: families,
});

testAlone("Deno's flags alone refuse whatever names the outside", {
  server: (site) => openServer(site, { root: "plain", permissions: scopedFlags(site.jail) }),
  among: families.filter(({ name }) => name === "by .." || name === "by absolute names"),
});

Deno.test("Deno's flags alone follow links out, and are no jail", () =>
  withSite(async (site) => {
    const family = families.find(({ name }) => name === "through links")!;
    const words = openServer(site, { root: "plain", permissions: scopedFlags(site.jail) });
    const tries = attempts.filter(({ name }) => name === "OPENDIR" || name === "MKDIR");
    const out = await tried({ words, site, family, tries });
    for (const { name } of tries) assert(out.some((line) => line.startsWith(`${name} /`)), name);
  }));

/** What a confined session could do, and then a working session. */
async function outcomesOf(
  mode: "kernel" | "portable",
  site: Site,
  permissions: readonly string[],
): Promise<Outcomes> {
  await Deno.writeTextFile(`${site.jail}/own`, "own");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const before = lookOutside(site);
  const words = confinedProbe(mode, { directory: site.jail, port, permissions });
  const prober = await Prober.start(words, site);
  try {
    if (mode === "kernel") {
      const status = await Deno.readTextFile(`/proc/${prober.server.pid}/status`);
      assertEquals(/^NoNewPrivs:\t(.*)$/m.exec(status)?.[1], "1");
    }
    await useSession(prober);
  } finally {
    listener.close();
  }
  const { code, stderr } = await prober.end();
  assertEquals(code, 0, stderr);
  assertEquals(lookOutside(site), before);
  return JSON.parse(stderr);
}

async function useSession(prober: Prober): Promise<void> {
  const handle = await prober.open(ask.open("/new", Flag.READ | Flag.WRITE | Flag.CREAT));
  assertEquals(await prober.code(ask.write(handle!, 0, "still works")), Code.OK);
  assertEquals((await prober.ask(ask.read(handle!, 6, 100))).kind, "data");
  assertEquals(await prober.code(ask.close(handle!)), Code.OK);
  assertEquals(await prober.code(ask.mkdir("/dir")), Code.OK);
  assertEquals(await prober.code(ask.rename("/new", "/dir/new")), Code.OK);
  assertEquals(await prober.code(ask.hardlink("/dir/new", "/hard")), Code.OK);
  assertEquals(await prober.code(ask.setstat("/hard", { permissions: 0o600, size: 3 })), Code.OK);
  const directory = await prober.open(ask.opendir("/dir"));
  assertEquals((await prober.ask(ask.readdir(directory!))).kind, "name");
  assertEquals(await prober.code(ask.remove("/dir/new")), Code.OK);
  assertEquals(await prober.code(ask.rmdir("/dir")), Code.OK);
}

Deno.test({
  name: "a session kept by the kernel has no permission left, and libc reaches nothing outside",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const { dumpable, ...outcomes } = await outcomesOf("kernel", site, ALL);
      assertEquals(dumpable, 0);
      const crossing = ["libc renames in", "libc renames out", "libc links in", "libc links out"];
      for (const [name, outcome] of Object.entries(outcomes)) {
        if (crossing.includes(name)) assert([EACCES, EXDEV].includes(Number(outcome)), name);
        else if (name.startsWith("libc ")) assertEquals(outcome, EACCES, name);
        else assertEquals(outcome, "NotCapable", name);
      }
    }),
});

Deno.test({
  name: "a portable session with libc has Landlock around it, whatever the flags allow",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      await Deno.writeTextFile(`${site.jail}/own`, "own");
      const options = { directory: site.jail, port: 9, permissions: ALL };
      const { code, stderr } = await run(confinedProbe("portable", options));
      assertEquals(code, 0, stderr);
      const outcomes: Outcomes = JSON.parse(stderr);
      // Not "read outside later": Deno does that on another thread, and the root never does.
      const held = ["read", "open", "list", "write", "remove", "mkdir"];
      for (const name of held) {
        assertEquals(outcomes[`${name} outside`], "PermissionDenied", name);
      }
      assertEquals(outcomes["read inside"], "done");
      assertEquals(outcomes["write inside"], "done");
    }),
});

Deno.test("a portable session under flags for the jail alone can touch nothing but the jail", () =>
  withSite(async (site) => {
    const outcomes = await outcomesOf("portable", site, scopedFlags(site.jail));
    for (const [name, outcome] of Object.entries(outcomes)) {
      assertEquals(outcome, name.endsWith(" inside") ? "done" : "NotCapable", name);
    }
  }));
