import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync, type Site, withSite } from "../../support/jail_fixture.ts";
import { binaryWay, jailWays, scopedFlags } from "../../support/jail_ways.ts";
import { needs } from "../../support/programs.ts";
import { runOk } from "../../support/run.ts";
import { needsSyslogDev, SyslogDev } from "../../support/syslog_dev.ts";
import { ALL, run, sftpwrap } from "../../support/wire_session.ts";
import { withoutCalls } from "../../support/without_calls.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

const ENOSYS = 38;

interface Checked {
  readonly code: number;
  readonly lines: readonly string[];
}

async function checked(command: readonly string[], env?: Record<string, string>): Promise<Checked> {
  const ended = await run(command, env === undefined ? {} : { env });
  assertEquals(ended.stderr, "");
  return { code: ended.code, lines: new TextDecoder().decode(ended.stdout).trimEnd().split("\n") };
}

/** Where Deno keeps its downloads; with another home it would look there. */
function denoDir(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return Deno.env.get("DENO_DIR") ?? `${cache}/deno`;
}

function check(
  { jail }: Site,
  options: readonly string[] = [],
  permissions: readonly string[] = ALL,
): Promise<Checked> {
  return checked(sftpwrap(["jail", "--check", ...options, jail], permissions));
}

function findings({ lines }: Checked): string[] {
  return lines.filter((line) => /^(ok|BAD) /.test(line));
}

function bad(checked: Checked): string[] {
  return findings(checked).filter((line) => line.startsWith("BAD "));
}

for (const way of jailWays) {
  Deno.test({
    name: `${way.name}: --check exits with ${way.kernel ? 0 : 1}, and names each ring`,
    ...way.need,
    fn: () =>
      way.withSite(async (site) => {
        const result = await checked(await way.command(site, ["--check"]));
        assertEquals(result.lines[0], `jail ${site.jail}`);
        assertMatch(result.lines[1]!, /^started with --allow-read/);
        assertMatch(result.lines[2]!, /^ok +ring permissions: /);
        assertMatch(
          result.lines[3]!,
          way.kernel ? /^ok +ring resolution: / : /^BAD +ring resolution: /,
        );
        assertMatch(
          result.lines[4]!,
          way.kernel ? /^ok +ring landlock: .*\(ABI \d+\)$/ : /^BAD +ring landlock: not applied/,
        );
        assertEquals(result.code, way.kernel ? 0 : 1);
      }),
  });
}

for (const way of jailWays) {
  Deno.test({
    name: `${way.name}: --check says what --atomic-uploads means`,
    ...way.need,
    fn: () =>
      way.withSite(async (site) => {
        const uploads = async (options: readonly string[]) => {
          const result = await checked(await way.command(site, ["--check", ...options]));
          return result.lines.filter((line) => line.includes("uploads: "));
        };
        assertEquals(await uploads([]), []);
        const [whole, swept] = await uploads(["--sync-uploads"]);
        const stored = "files appear when they are complete, and are on the disk by then";
        assertEquals(whole, `ok   uploads: ${stored}`);
        const locks = way.name === "portable root"
          ? /^warn uploads: .* after a day: there are no locks without --allow-ffi$/
          : /^ok +uploads: what a broken one leaves is removed by the next session$/;
        assertMatch(swept!, locks);
      }),
  });
}

Deno.test("--check shows the flags that it runs with", () =>
  withSite(async (site) => {
    const flags = scopedFlags(site.jail);
    const { lines } = await check(site, ["--confine=portable"], flags);
    assertEquals(lines[1], `started with ${flags.join(" ")}`);
    const all = await check(site);
    for (const name of ["read", "write", "env", "sys", "net", "run", "ffi"]) {
      assert(all.lines[1]!.split(" ").includes(`--allow-${name}`), all.lines[1]);
    }
  }));

Deno.test({
  name: "--check exits with 1 when Landlock is missing, and says so",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      for (const [mode, expected] of [["auto", /landlock/], ["kernel", /Landlock/]] as const) {
        const command = sftpwrap(["jail", "--check", `--confine=${mode}`, site.jail]);
        const result = await checked(withoutCalls(["landlockCreateRuleset"], ENOSYS, command));
        assertEquals(result.code, 1);
        assertEquals(bad(result).length, 1);
        assertMatch(bad(result)[0]!, expected);
      }
    }),
});

Deno.test({
  name: "--check advises a compiled program that runs without openat2",
  ...binaryWay.need,
  fn: () =>
    withSite(async (site) => {
      const checkedBy = async (options: readonly string[]) => {
        const command = await binaryWay.command(site, ["--check", ...options]);
        return await checked(withoutCalls(["openat2"], ENOSYS, command));
      };
      const auto = await checkedBy([]);
      assertEquals(auto.code, 1);
      assertEquals(bad(auto).length, 1);
      assertMatch(
        bad(auto)[0]!,
        /^BAD +nothing keeps this jail: openat2 is not available .*; --confine=portable serves/,
      );
      const portable = await checkedBy(["--confine=portable"]);
      assertEquals(bad(portable).map((line) => line.split(":")[0]), [
        "BAD  ring permissions",
        "BAD  ring resolution",
      ]);
      assertStringIncludes(
        bad(portable)[0]!,
        `compile one for this jail (deno task compile --jail ${site.jail} --output FILE)`,
      );
    }),
});

Deno.test({
  name: "--check exits with 1 when anyone may write in the jail",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      await Deno.chmod(site.jail, 0o777);
      const open = await check(site);
      assertEquals(open.code, 1);
      assertEquals(bad(open).length, 1);
      assertMatch(bad(open)[0]!, /mode 777 lets every user write in it$/);
      assert(open.lines.includes(`     run: chmod o-w ${site.jail}`), open.lines.join("\n"));
      await Deno.chmod(site.jail, 0o750);
      assertEquals((await check(site)).code, 0);
    }),
});

Deno.test({
  name: "--check exits with 1 when the jail contains a way out, unless that is allowed",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const command = (options: readonly string[]) =>
        sftpwrap(["jail", "--check", ...options, site.jail]);
      const inside = { HOME: `${site.jail}/home`, DENO_DIR: denoDir() };
      await Deno.mkdir(inside.HOME);
      const result = await checked(command([]), inside);
      assertEquals(result.code, 1);
      assertMatch(bad(result).join(), /home directory/);
      assertEquals((await checked(command(["--allow-home"]), inside)).code, 0);
      const logged = await check(site, ["-l", `${site.jail}/log`]);
      assertMatch(bad(logged).join(), /log file/);
      assertEquals(logged.code, 1);
    }),
});

Deno.test("--check of what is not a directory says so", () =>
  withSite(async (site) => {
    const expected: [string, RegExp][] = [
      [`${site.jail}/none`, /^BAD {2}directory: \S+\/none does not exist$/],
      [`${site.outside}/canary`, /^BAD {2}directory: \S+\/canary is not a directory$/],
    ];
    for (const [path, says] of expected) {
      const result = await checked(sftpwrap(["jail", "--check", path]));
      assertEquals([result.code, bad(result).length], [1, 1]);
      assertMatch(bad(result)[0]!, says);
    }
  }));

Deno.test({
  name: "--check exits with 1 when the log or the start directory cannot be used",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const log = await check(site, ["-l", `${site.base}/none/log`]);
      assertEquals([log.code, bad(log).length], [1, 1]);
      assertMatch(
        bad(log)[0]!,
        /^BAD {2}log: cannot open \S+\/none\/log: .*; the session is served/,
      );
      const required = await check(site, ["-l", `${site.base}/none/log`, "--log-required"]);
      assertMatch(bad(required)[0]!, /; the session is refused \(--log-required\)$/);
      const start = await check(site, ["-d", "/nix"]);
      assertEquals([start.code, bad(start).length], [1, 1]);
      assertMatch(
        bad(start)[0]!,
        /^BAD {2}start directory "\/nix": .*, so the session starts at \/$/,
      );
    }),
});

Deno.test({
  name: "--check says whether a session is served where no syslog listens",
  ...needsSyslogDev(),
  fn: () =>
    withSite(async ({ base, jail }) => {
      using dev = new SyslogDev(`${base}/dev`, { listens: false });
      const told = async (options: readonly string[]) => {
        const command = dev.around(sftpwrap(["jail", "--check", ...options, jail]));
        const { code, lines } = await checked(command);
        return [code, lines.find((line) => line.slice(5).startsWith("log: "))];
      };
      const none = "log: no syslog listens at /dev/log; the session is";
      assertEquals(await told([]), [0, `warn ${none} served, and nothing is logged: use -l FILE`]);
      assertEquals(await told(["--syslog"]), [
        1,
        `BAD  ${none} served, and nothing is logged: use -l FILE`,
      ]);
      assertEquals(await told(["--log-required"]), [1, `BAD  ${none} refused (--log-required)`]);
    }),
});

Deno.test({
  name: "--check leaves no log behind, and does not wait for the reader of a FIFO",
  ...needs("mkfifo"),
  fn: () =>
    withSite(async (site) => {
      const log = `${site.base}/log`;
      assertEquals((await check(site, ["-l", log])).code, 0);
      assertEquals(existsSync(log), false);
      await runOk("mkfifo", [log]);
      const { lines } = await check(site, ["-l", log]);
      assert(lines.some((line) => line.startsWith(`warn log: ${log} is a FIFO`)), lines.join("\n"));
      // Open for both, so that this end waits for none.
      using _reader = await Deno.open(log, { read: true, write: true });
      const read = await check(site, ["-l", log]);
      assert(read.lines.includes(`ok   log: ${log} is a FIFO, and a program reads it`));
    }),
});

Deno.test({
  name: "--check warns of file systems of the kernel that are mounted below the jail",
  ignore: LINUX.ignore || Deno.uid() !== 0,
  fn: () =>
    withSite(async (site) => {
      await Deno.mkdir(`${site.jail}/in`);
      const script = 'mount -t proc proc "$0" && exec "$@"';
      const mounted = ["unshare", "--mount", "sh", "-c", script, `${site.jail}/in`];
      const { lines, code } = await checked([
        ...mounted,
        ...sftpwrap(["jail", "--check", site.jail]),
      ]);
      const expected = `warn directory: ${site.jail}/in (proc) shows this machine to the client`;
      assert(lines.includes(expected), lines.join("\n"));
      assertEquals(code, 0);
    }),
});

Deno.test({
  name: "--check by root warns that no mode stops root",
  ignore: LINUX.ignore || Deno.uid() !== 0,
  fn: () =>
    withSite(async (site) => {
      const { lines } = await check(site);
      assert(lines.some((line) => /^warn user: this looks as root/.test(line)), lines.join("\n"));
    }),
});

Deno.test({
  name: "--check changes nothing in the jail, and serves nothing",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const before = JSON.stringify(await Deno.lstat(site.jail));
      await check(site);
      assertEquals(JSON.stringify(await Deno.lstat(site.jail)), before);
    }),
});

Deno.test({
  name: "--check by root accepts a jail that another user owns",
  ignore: LINUX.ignore || Deno.uid() !== 0,
  fn: () =>
    withSite(async (site) => {
      await Deno.chown(site.jail, 12345, 12345);
      assertEquals((await check(site)).code, 0);
    }),
});

Deno.test({
  name:
    "--check lists the helper of hooks, and says what is wrong with a command or the quarantine",
  ...LINUX,
  fn: () =>
    withSite(async (site) => {
      const { jail } = site;
      const base = jail.slice(0, jail.lastIndexOf("/"));
      await Deno.writeTextFile(`${base}/plain`, "", { mode: 0o644 });
      await Deno.writeTextFile(`${jail}/inside`, "", { mode: 0o755 });
      await Deno.mkdir(`${base}/quarantine`);
      const programs = ["/bin/true", "/missing", "/bin", `${base}/plain`, `${jail}/inside`];
      const on = programs.map((program) => `--on=upload=${program} x`);
      const { lines } = await check(site, [...on, `--quarantine=${base}/quarantine`]);
      const told = lines.filter((line) => /helper|hook|quarantine/.test(line));
      assertMatch(
        told[0]!,
        /^ok +helper process: outside the rings, runs 5 commands with the rights/,
      );
      assertEquals(told.slice(1).map((line) => line.replace(/ {2,}/, " ")), [
        "ok hook upload: /bin/true",
        "BAD hook upload: /missing does not exist",
        "BAD hook upload: /bin is not a file",
        `BAD hook upload: ${base}/plain may not be run`,
        `BAD hook upload: ${jail}/inside is in the jail, and clients may change it`,
        `ok quarantine: ${base}/quarantine can be written`,
      ]);
      const other = await check(site, ["--on=upload=/bin/true", "--quarantine=/missing"]);
      assertMatch(bad(other)[0]!, /the quarantine \/missing cannot be used: no such file/);
    }),
});
