import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { LIBC_PATHS } from "../../../lib/linux/libc.ts";
import type { SystemCall } from "../../../lib/linux/linux.ts";
import { namesIn, Prober, type Site, withSite } from "../../support/jail_fixture.ts";
import { scopedFlags } from "../../support/jail_ways.ts";
import { ask, Code, Flag } from "../../support/raw.ts";
import { ALL, type Ended, run, sftpwrap } from "../../support/wire_session.ts";
import { withoutCalls } from "../../support/without_calls.ts";

const EPERM = 1;
const ENOSYS = 38;
const EOPNOTSUPP = 95;

const LINUX = { ignore: Deno.build.os !== "linux" };

const LIBC_FLAG = `--allow-ffi=${LIBC_PATHS.join(",")}`;

/** The rings that a log tells of: `permissions+` holds, `landlock-` does not. */
function ringsIn(log: string): string[] {
  return Array.from(
    log.matchAll(/ring (\w+) (holds|does not hold): /g),
    ([, name, holds]) => `${name}${holds === "holds" ? "+" : "-"}`,
  );
}

interface Given {
  readonly options?: readonly string[];
  readonly permissions?: readonly string[];
}

function words(site: Site, { options = [], permissions = ALL }: Given): string[] {
  // At INFO, rings that hold share one line.
  const level = options.some((option) => option.startsWith("--log-level"))
    ? []
    : ["--log-level=VERBOSE"];
  return sftpwrap(["jail", "-e", ...level, ...options, site.jail], permissions);
}

/** A session that ends before it has begun, or what refused to begin one. */
function start(site: Site, given: Given = {}): Promise<Ended> {
  return run(words(site, given));
}

function startWithout(
  site: Site,
  { calls, errno }: { calls: readonly (keyof typeof SystemCall)[]; errno: number },
  options: readonly string[],
): Promise<Ended> {
  return run(withoutCalls(calls, errno, words(site, { options })));
}

function assertRefused({ code, stdout, stderr }: Ended, expected: RegExp): void {
  assertEquals(code, 1, stderr);
  assertEquals(stdout.length, 0);
  // The log says the same once more where there is one.
  const lines = stderr.split("\n").filter((line) => line.startsWith("sftpwrap: "));
  assertEquals(lines.length, 1, stderr);
  assertMatch(lines[0]!, expected);
  assert(!stderr.includes("    at "), stderr);
}

Deno.test({
  name: "--confine=auto and --confine=kernel take the kernel, and log that all rings hold",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      for (
        const options of [[], ["--confine=auto"], ["--confine=kernel"], ["--confine", "kernel"]]
      ) {
        const { code, stderr } = await start(site, { options });
        assertEquals(code, 0, stderr);
        assertEquals(ringsIn(stderr), ["permissions+", "resolution+", "landlock+"]);
      }
    }),
});

Deno.test({
  name: "the kernel's rings need no more permissions than libc's and the jail's",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const permissions = [...scopedFlags(site.jail), LIBC_FLAG];
      const { code, stderr } = await start(site, { options: ["--confine=kernel"], permissions });
      assertEquals(code, 0, stderr);
      assertEquals(ringsIn(stderr), ["permissions+", "resolution+", "landlock+"]);
    }),
});

Deno.test("--confine=portable logs that the flags hold, and that two rings are missing", () =>
  withSite(async (site) => {
    const options = ["--confine=portable"];
    const scoped = await start(site, { options, permissions: scopedFlags(site.jail) });
    assertEquals(scoped.code, 0, scoped.stderr);
    assertEquals(ringsIn(scoped.stderr), ["permissions+", "resolution-", "landlock-"]);
    const wide = await start(site, { options, permissions: [...ALL, "--deny-ffi"] });
    assertEquals(ringsIn(wide.stderr), ["permissions-", "resolution-", "landlock-"]);
    assertStringIncludes(wide.stderr, `--allow-read=${site.jail} --allow-write=${site.jail}`);
  }));

Deno.test({
  name: "--confine=portable applies Landlock where libc may be called",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const options = ["--confine=portable"];
      const { code, stderr } = await start(site, { options });
      assertEquals(code, 0, stderr);
      assertEquals(ringsIn(stderr), ["permissions-", "resolution-", "landlock+"]);
    }),
});

Deno.test("a ring that does not hold is logged as an error, and one that holds is not", () =>
  withSite(async (site) => {
    const options = ["--confine=portable", "--log-level=ERROR"];
    const scoped = await start(site, { options, permissions: scopedFlags(site.jail) });
    assertEquals(ringsIn(scoped.stderr), ["resolution-", "landlock-"]);
  }));

/** Permissions that do not limit the program to the jail, and give it no libc. */
const wideFlags: readonly (readonly [name: string, flags: (site: Site) => string[]])[] = [
  ["everything but libc", () => [...ALL, "--deny-ffi"]],
  ["reading everywhere", ({ jail }) => ["--allow-read", `--allow-write=${jail}`]],
  ["writing everywhere", ({ jail }) => [`--allow-read=${jail}`, "--allow-write"]],
  ["the directory above", ({ base, jail }) => [`--allow-read=${base}`, `--allow-write=${jail}`]],
  ["/etc beside it", ({ jail }) => [`--allow-read=${jail},/etc`, `--allow-write=${jail}`]],
];

for (const [name, flags] of wideFlags) {
  Deno.test(`without the kernel, auto refuses flags that allow ${name}`, () =>
    withSite(async (site) => {
      const refused = await start(site, { permissions: flags(site) });
      assertRefused(
        refused,
        /: nothing keeps this jail: no permission for FFI .*; --confine=portable serves all the same$/,
      );
    }));
}

Deno.test("without the kernel, auto takes flags that allow files of names beside the jail", () =>
  withSite(async (site) => {
    const permissions = [
      `--allow-read=${site.jail},/etc/passwd,/etc/group`,
      `--allow-write=${site.jail}`,
    ];
    const { code, stderr } = await start(site, { permissions });
    assertEquals(code, 0, stderr);
    assertEquals(ringsIn(stderr), ["permissions+", "resolution-", "landlock-"]);
  }));

Deno.test("without the permission for FFI, kernel refuses in one line and auto says what is missing", () =>
  withSite(async (site) => {
    const permissions = scopedFlags(site.jail);
    const refused = await start(site, { options: ["--confine=kernel"], permissions });
    assertRefused(
      refused,
      /the kernel cannot keep this jail: no permission for FFI \(--allow-ffi=/,
    );
    const auto = await start(site, { permissions });
    assertEquals(auto.code, 0, auto.stderr);
    assertEquals(ringsIn(auto.stderr), ["permissions+", "resolution-", "landlock-"]);
    assertStringIncludes(auto.stderr, "no permission for FFI");
  }));

for (
  const [where, errno] of [["a kernel before 5.6", ENOSYS], [
    "an old seccomp profile",
    EPERM,
  ]] as const
) {
  Deno.test({
    name: `without openat2, as under ${where}, kernel refuses, and auto but for flags that hold`,
    ...LINUX,
    fn: () =>
      withSite(async (site) => {
        const lacking = { calls: ["openat2"], errno } as const;
        const refused = await startWithout(site, lacking, ["--confine=kernel"]);
        assertRefused(refused, /the kernel cannot keep this jail: openat2 is not available/);
        const auto = await startWithout(site, lacking, ["--confine=auto"]);
        assertRefused(
          auto,
          /: nothing keeps this jail: openat2 is not available on this system, .*; --confine=portable serves/,
        );
        const scoped = words(site, { permissions: [...scopedFlags(site.jail), LIBC_FLAG] });
        const limited = await run(withoutCalls(lacking.calls, errno, scoped));
        assertEquals(limited.code, 0, limited.stderr);
        assertEquals(ringsIn(limited.stderr), ["permissions+", "resolution-", "landlock+"]);
        assertStringIncludes(limited.stderr, "openat2 is not available");
        const portable = await startWithout(site, lacking, ["--confine=portable"]);
        assertEquals(portable.code, 0, portable.stderr);
        assertEquals(ringsIn(portable.stderr), ["permissions-", "resolution-", "landlock+"]);
      }),
  });
}

for (
  const [where, errno] of [
    ["a kernel before 5.13", ENOSYS],
    ["a kernel that has it switched off", EOPNOTSUPP],
    ["an old seccomp profile", EPERM],
  ] as const
) {
  Deno.test({
    name: `without Landlock, as under ${where}, kernel refuses and auto keeps the other rings`,
    ...LINUX,
    fn: () =>
      withSite(async (site) => {
        const lacking = { calls: ["landlockCreateRuleset"], errno } as const;
        const refused = await startWithout(site, lacking, ["--confine=kernel"]);
        assertRefused(refused, /the kernel cannot keep this jail: .*Landlock/);
        const auto = await startWithout(site, lacking, []);
        assertEquals(auto.code, 0, auto.stderr);
        assertEquals(ringsIn(auto.stderr), ["permissions+", "resolution+", "landlock-"]);
      }),
  });
}

for (const call of ["landlockAddRule", "landlockRestrictSelf"] as const) {
  Deno.test({
    name: `where the kernel has Landlock but refuses ${call}, kernel refuses and auto goes on`,
    ...LINUX,
    fn: () =>
      withSite(async (site) => {
        const lacking = { calls: [call], errno: EPERM };
        const refused = await startWithout(site, lacking, ["--confine=kernel"]);
        assertRefused(refused, /the kernel cannot keep this jail: Cannot .* of Landlock: error 1$/);
        const auto = await startWithout(site, lacking, []);
        assertEquals(auto.code, 0, auto.stderr);
        assertEquals(ringsIn(auto.stderr), ["permissions+", "resolution+", "landlock-"]);
      }),
  });
}

/** How the options are to work in each mode. */
const modes = [
  { mode: "kernel", permissions: () => ALL, linux: true },
  { mode: "portable", permissions: ({ jail }: Site) => scopedFlags(jail), linux: false },
] as const;

for (const { mode, permissions, linux } of modes) {
  const ignore = linux && LINUX.ignore;
  const server = (site: Site, options: readonly string[]) =>
    words(site, { options: [`--confine=${mode}`, ...options], permissions: permissions(site) });

  Deno.test({
    name: `--confine=${mode} starts in the start directory, and at the root where that is none`,
    ignore,
    fn: () =>
      withSite(async (site) => {
        await Deno.mkdir(`${site.jail}/in/deep`, { recursive: true });
        await Deno.symlink("/in", `${site.jail}/link`);
        await Deno.symlink(site.outside, `${site.jail}/out`);
        const places = {
          "in": "/in",
          "/in/deep": "/in/deep",
          "/link/deep": "/in/deep",
          "../../in": "/in",
          "none": "/",
          "out": "/",
          [site.outside]: "/",
        };
        for (const [given, expected] of Object.entries(places)) {
          await using prober = await Prober.start(server(site, ["-d", given]), site);
          const reply = await prober.ask(ask.realpath("."));
          assertEquals(reply.kind === "name" && reply.names[0]?.filename, expected, given);
          assertEquals(prober.found, []);
        }
      }),
  });

  Deno.test({
    name: `--confine=${mode} with -R refuses every change, and still reads`,
    ignore,
    fn: () =>
      withSite(async (site) => {
        await Deno.writeTextFile(`${site.jail}/own`, "own");
        await using prober = await Prober.start(server(site, ["-R"]), site);
        const handle = await prober.open(ask.open("/own", Flag.READ));
        assertEquals((await prober.ask(ask.read(handle!, 0, 10))).kind, "data");
        const refused = [
          ask.open("/own", Flag.WRITE),
          ask.open("/own", Flag.READ | Flag.TRUNC),
          ask.open("/new", Flag.WRITE | Flag.CREAT),
          ask.fsetstat(handle!, { permissions: 0 }),
          ask.setstat("/own", { size: 0 }),
          ask.mkdir("/new"),
          ask.remove("/own"),
          ask.rmdir("/own"),
          ask.rename("/own", "/new"),
          ask.posixRename("/own", "/new"),
          ask.hardlink("/own", "/new"),
          ask.symlink("/own", "/new"),
        ];
        for (const request of refused) {
          assertEquals(await prober.code(request) === Code.OK, false, JSON.stringify(request));
        }
        assertEquals(await Deno.readTextFile(`${site.jail}/own`), "own");
        assertEquals(namesIn(site.jail), ["own"]);
      }),
  });
}

Deno.test({
  name: "without the permission to write a jail is read-only, by Landlock too",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      await Deno.writeTextFile(`${site.jail}/own`, "own");
      const permissions = [`--allow-read=${site.jail}`, LIBC_FLAG];
      const options = ["--confine=kernel"];
      await using prober = await Prober.start(words(site, { options, permissions }), site);
      assertEquals(await prober.code(ask.remove("/own")), Code.PERMISSION_DENIED);
      assertEquals(await prober.code(ask.mkdir("/new")), Code.PERMISSION_DENIED);
      const { stderr } = await prober.end();
      assertEquals(ringsIn(stderr), ["permissions+", "resolution+", "landlock+"]);
      assertStringIncludes(stderr, "read-only");
    }),
});

Deno.test("--confine=portable -u needs a permission, and says which", () =>
  withSite(async (site) => {
    const options = ["--confine=portable", "-u", "077"];
    const refused = await start(site, { options, permissions: scopedFlags(site.jail) });
    assertRefused(refused, /-u needs the permission --allow-sys$/);
  }));

Deno.test("-u sets the umask of a session in either mode", () =>
  withSite(async (site) => {
    for (const mode of LINUX.ignore ? ["portable"] : ["kernel", "portable"]) {
      const options = [`--confine=${mode}`, "-u", "027"];
      await using prober = await Prober.start(words(site, { options }), site);
      assertEquals(await prober.code(ask.mkdir(`/${mode}`, { permissions: 0o777 })), Code.OK);
      assertEquals(((await Deno.stat(`${site.jail}/${mode}`)).mode ?? 0) & 0o777, 0o750);
    }
  }));
