/** The compiled programs, started as a person or sshd starts them. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { PROJECT } from "../guide/pages.ts";
import { binary, binaryFolder, compile, needsCompile } from "../support/binaries.ts";
import { withTempDir } from "../support/files.ts";
import { namesIn, Prober, withSite } from "../support/jail_fixture.ts";
import { jailBinaryWay } from "../support/jail_ways.ts";
import { ask, Code, Flag, init, parseReply, Splitter } from "../support/raw.ts";
import { run, runOk } from "../support/run.ts";
import { run as runRaw } from "../support/wire_session.ts";

const general = () => binary("sftpwrap");

function test(name: string, body: () => Promise<void>, programs: readonly string[] = []): void {
  Deno.test({ name, ...needsCompile(...programs), fn: body });
}

/** What was printed, without the remark that something else could not be done. */
function toldIn(printed: string): string[] {
  return printed.trimEnd().split("\n").filter((line) => !line.startsWith("not bundled"));
}

test("deno task compile prints what it baked in", async () => {
  const { path, printed } = await general();
  const lines = toldIn(printed);
  assertEquals(lines[0], `${path}: for every use`);
  for (const line of lines.slice(1, -1)) assertMatch(line, /^permission: --allow-/);
  assertMatch(lines.at(-1)!, /^version: sftpwrap /);
  assert(lines.length > 3);
  await jailBinaryWay.withSite(async (site) => {
    const [alice = ""] = await jailBinaryWay.command(site);
    const { printed } = await binary("sftp-alice", ["--jail", site.jail]);
    assertEquals(toldIn(printed).slice(0, 4), [
      `${alice}: the jail ${site.jail}`,
      `arguments: jail ${site.jail}`,
      `permission: --allow-read=${site.jail},/etc/passwd,/etc/group,/etc/localtime,/usr/share/zoneinfo`,
      `permission: --allow-write=${site.jail}`,
    ]);
  });
});

test("--version, --help and a wrong command line end with OpenSSH's statuses", async () => {
  const { path } = await general();
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  const { code, stdout, stderr } = await run(path, ["--version"]);
  assertEquals([code, stderr], [0, ""]);
  const commit = (await runOk("git", ["rev-parse", "HEAD"], { cwd: PROJECT })).slice(0, 12);
  const [, told, deno] =
    /^sftpwrap \S+ \(commit (\w+)(?:-dirty)?, Deno (\S+), x86_64-unknown-linux-gnu\)\n$/
      .exec(stdout) ?? [];
  assertEquals([stdout.startsWith(`sftpwrap ${version} (`), told], [true, commit], stdout);
  assertMatch(deno ?? "", /^\d+\.\d+\.\d+$/);
  for (const args of [["--help"], ["jail", "--help"], ["authorize", "--help"]]) {
    const { code, stdout, stderr } = await run(path, args);
    assertEquals([code, stderr], [0, ""], args.join(" "));
    assertMatch(stdout, /^usage: sftpwrap /);
  }
  const page = await run(path, ["man", "jail"]);
  assertEquals([page.code, page.stderr], [0, ""]);
  assertMatch(page.stdout, /^\.Dd .*\n\.Dt SFTPWRAP-JAIL 1\n/);
  for (const args of [[], ["jail"], ["jial"], ["jail", "--bogus", "/"], ["jail", "/none/such"]]) {
    const { code, stdout, stderr } = await run(path, args);
    assertEquals([code, stdout], [1, ""], args.join(" "));
    assertMatch(stderr, /^sftpwrap: /);
  }
});

test("the program for one jail takes no other directory", async () => {
  await jailBinaryWay.withSite(async (site) => {
    const [alice = ""] = await jailBinaryWay.command(site);
    const help = await run(alice, ["--help"]);
    assertEquals([help.code, help.stdout.slice(0, 20)], [0, "usage: sftpwrap jail"]);
    assertStringIncludes(help.stdout, `\narguments: jail ${site.jail}\n`);
    const version = await run(alice, ["--version"]);
    assertEquals([version.code, version.stderr], [0, ""]);
    assertMatch(
      version.stdout,
      new RegExp(`^sftpwrap \\S+ \\(.+\\)\narguments: jail ${site.jail}\n$`),
    );
    const refused = await run(alice, [site.outside]);
    assertEquals([refused.code, refused.stdout], [1, ""]);
    assertStringIncludes(refused.stderr, "there is more than one DIR");
    // What scp -D and the like append counts for nothing, as with OpenSSH's server.
    await using prober = await Prober.start([alice, "--", "host", "sftp"], site);
    assertEquals(await prober.code(ask.mkdir("/made")), Code.OK);
    assert((await Deno.stat(`${site.jail}/made`)).isDirectory);
    assertEquals(prober.found, []);
  });
});

test("a session with standard input closed ends well", async () => {
  const { path } = await general();
  await withTempDir(async (directory) => {
    const script = 'exec "$0" jail -e "$1" <&-';
    const { code, stdout, stderr } = await run("sh", ["-c", script, path, directory]);
    assertEquals([code, stdout], [0, ""], stderr);
    // Without any stream at all there is nobody to tell, and nothing to hang on.
    const silent = 'exec "$0" jail "$1" <&- >&- 2>&-';
    const { code: status } = await run("sh", ["-c", silent, path, directory]);
    assertEquals(status, 0);
  });
});

test("a session whose reader is gone ends", async () => {
  const { path } = await general();
  await withTempDir(async (directory) => {
    const { stdout } = await runRaw([path, "jail", directory], { input: init() });
    const [version] = new Splitter().push(stdout).map(parseReply);
    assertEquals(version?.kind, "version");
    const script = 'exec "$0" jail "$1" >&-';
    const { code } = await run("sh", ["-c", script, path, directory], { input: init() });
    assert(code < 128, String(code));
  });
});

test("--read-only bakes no permission to write, and nothing is written", async () => {
  await withSite(async (site) => {
    await Deno.writeTextFile(`${site.jail}/own`, "own");
    const { path, printed } = await binary("sftp-bob", ["--jail", site.jail, "--read-only"]);
    assert(!printed.includes("--allow-write"), printed);
    assertStringIncludes(printed, `arguments: jail --read-only ${site.jail}\n`);
    // Also where the client could have it portable, the program has no permission to write.
    for (const options of [[], ["--confine=portable"]]) {
      await using prober = await Prober.start([path, ...options], site);
      const handle = await prober.open(ask.open("/own", Flag.READ));
      assertEquals((await prober.ask(ask.read(handle!, 0, 9))).kind, "data");
      const refused = [
        ask.open("/own", Flag.WRITE),
        ask.open("/new", Flag.WRITE | Flag.CREAT),
        ask.setstat("/own", { size: 0 }),
        ask.fsetstat(handle!, { permissions: 0 }),
        ask.mkdir("/new"),
        ask.remove("/own"),
        ask.rename("/own", "/new"),
        ask.symlink("own", "/new"),
        ask.hardlink("/own", "/new"),
      ];
      for (const request of refused) {
        assertEquals(await prober.code(request) === Code.OK, false, JSON.stringify(request));
      }
    }
    assertEquals(await Deno.readTextFile(`${site.jail}/own`), "own");
    assertEquals(namesIn(site.jail), ["own"]);
  });
});

test("options of the jail are baked in", async () => {
  await withSite(async (site) => {
    const log = `${site.base}/log`;
    const args = ["--jail", site.jail, "--", "-u", "027", "-d", "in", "-l", log, "--log-hash=md5"];
    const { path, printed } = await binary("sftp-carol", args);
    assertStringIncludes(
      printed,
      `arguments: jail -u 027 -d in -l ${log} --log-hash=md5 ${site.jail}\n`,
    );
    assertStringIncludes(printed, `permission: --allow-write=${site.jail},${log}\n`);
    await Deno.mkdir(`${site.jail}/in`);
    await using prober = await Prober.start([path], site);
    assertEquals(await prober.code(ask.mkdir("made", { permissions: 0o777 })), Code.OK);
    assertEquals(((await Deno.stat(`${site.jail}/in/made`)).mode ?? 0) & 0o777, 0o750);
    assertEquals((await prober.ask(ask.statvfs("/"))).kind, "extended");
    assertEquals(await prober.code(ask.symlink("x", "link")), Code.OK);
    const flags = Flag.WRITE | Flag.CREAT | Flag.TRUNC;
    const opened = await prober.ask(ask.open("file", flags));
    assert(opened.kind === "handle");
    await prober.ask(ask.write(opened.handle, 0, "hello"));
    await prober.ask(ask.close(opened.handle));
    assertEquals((await prober.end()).code, 0);
    const told = await Deno.readTextFile(log);
    assertStringIncludes(told, " size 5 md5 5d41402abc4b2a76b9719d911017c592\n");
    assert(!told.includes("running without"));
    assertMatch(told, /confined by openat2, Landlock and permissions\n/);
  });
});

test("a jail that a link leads to is baked by its real path", async () => {
  await withSite(async (site) => {
    await Deno.symlink("jail", `${site.base}/alias`);
    const { path, printed } = await binary("sftp-dave", ["--jail", `${site.base}/alias`]);
    assertStringIncludes(printed, `arguments: jail ${site.jail}\n`);
    await using prober = await Prober.start([path], site);
    assertEquals(await prober.code(ask.mkdir("/made")), Code.OK);
  });
});

test("deno task compile refuses in one line what cannot be a jail", async () => {
  const output = `${binaryFolder()}/none`;
  const wrong = {
    "must be an absolute path": ["--jail", "jail"],
    "holds a comma": ["--jail", "/srv/a,b"],
    "cannot have tokens": ["--jail", "/srv/%u"],
    "unknown argument --jial": ["--jial", "/srv/a"],
    "unknown option --bogus": ["--jail", "/srv/a", "--output", output, "--", "--bogus"],
    "need --jail DIR": ["--read-only"],
  };
  for (const [expected, args] of Object.entries(wrong)) {
    const { code, stdout, stderr } = await compile(args);
    assertEquals([code, stderr], [1, ""], expected);
    assertMatch(stdout, /^compile: [^\n]+\n$/);
    assertStringIncludes(stdout, expected);
  }
});

test("where denort cannot be downloaded, one line names DENORT_BIN", async () => {
  await withTempDir(async (directory) => {
    // A proxy that nobody is, and a system whose base binary nobody has downloaded here.
    const nobody = "http://127.0.0.1:9";
    const env = { HTTPS_PROXY: nobody, "https_proxy": nobody, ALL_PROXY: nobody };
    const target = ["--target", "aarch64-apple-darwin"];
    const output = `${directory}/none`;
    const { code, stdout, stderr } = await compile(["--output", output, ...target], {
      env,
      unset: ["DENORT_BIN"],
    });
    assertEquals([code, stderr], [1, ""]);
    const [line, ...more] = stdout.trimEnd().split("\n").filter((line) =>
      line.startsWith("compile: ")
    );
    assertMatch(line!, /^compile: .*\(denort\) cannot be downloaded: set DENORT_BIN to one/);
    assertEquals(more, []);
    assertEquals(
      namesIn(directory).some((name) => name.startsWith("none")),
      false,
    );
  });
});

test("a program that does not run is no success, and is not left", async () => {
  await withTempDir(async (directory) => {
    // A program for this machine, which is no base, and does not tell of which Deno it is.
    await Deno.copyFile("/bin/false", `${directory}/base`);
    const env = { DENORT_BIN: `${directory}/base` };
    await Deno.writeTextFile(`${directory}/out`, "an older program");
    const ended = await compile(["--output", `${directory}/out`], { env });
    assertEquals([ended.code, ended.stderr], [1, ""]);
    assertMatch(ended.stdout, /^compile: the program does not run \(exit status \d+\): .+\n$/);
    assertEquals(namesIn(directory).sort(), ["base", "out"]);
    assertEquals(await Deno.readTextFile(`${directory}/out`), "an older program");
  });
});

test("the program is linked with glibc alone, and says nothing of this machine", async () => {
  const { path } = await general();
  const listed = await runOk("ldd", [path]);
  for (const line of listed.trim().split("\n")) {
    assertMatch(line, /linux-vdso|ld-linux|lib(c|m|dl|rt|gcc_s|pthread|util)\.so/);
  }
}, ["ldd"]);
