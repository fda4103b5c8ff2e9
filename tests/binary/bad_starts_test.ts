/** Starts that fail, or begin oddly: what standard error, syslog and the client get. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Errno } from "../../lib/linux/errno.ts";
import { binary, binaryFolder, needsCompile } from "../support/binaries.ts";
import { withTempDir } from "../support/files.ts";
import type { Need } from "../support/programs.ts";
import { init } from "../support/raw.ts";
import { commandLine, run, runOk } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { needsSyslogDev, SyslogDev } from "../support/syslog_dev.ts";
import { run as runRaw } from "../support/wire_session.ts";
import { withoutCalls } from "../support/without_calls.ts";

const AT_ONCE = 4;

/** The account of the sessions where the test runs as root. */
const NOBODY = 65534;

const CLIENT = "192.0.2.7 50022 192.0.2.1 22";
const WHO = "(local user alice from [192.0.2.7])";

/** `BASE` in a word stands for the directory that {@linkcode withPlaces} makes. */
interface BadStart {
  readonly args: readonly string[];
  /** What standard error and syslog say; absent if nothing. */
  readonly says?: string;
  /** What standard error says, if it is not what syslog says. */
  readonly stderr?: string;
  /** What syslog says. */
  readonly syslog?: string;
  /** Whether the session is served nevertheless. */
  readonly served?: boolean;
  /** Changes of the environment; null unsets. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** The priority and the tag of the line in syslog. */
  readonly source?: string;
  /** Whose session syslog says it is. */
  readonly who?: string;
  /** Words of a shell before `exec "$@"`. */
  readonly shell?: string;
  /** System calls that the kernel lacks. */
  readonly without?: Parameters<typeof withoutCalls>[0];
  readonly input?: string;
  readonly isRoot?: boolean;
  /** Whether syslog is away. */
  readonly noSyslog?: boolean;
}

const jail = (
  ...options: readonly string[]
): readonly string[] => ["jail", ...options, "BASE/jail"];

const commandLines: Readonly<Record<string, BadStart>> = {
  "no subcommand": { args: [], says: "no subcommand" },
  "jial": { args: ["jial", "BASE/jail"], says: 'unknown subcommand "jial"' },
  "a URI instead of a subcommand": {
    args: ["mongodb://user:secret@host/"],
    says: "unknown subcommand",
  },
  "no DIR": { args: ["jail"], says: "DIR is missing" },
  "--readonly": { args: jail("--readonly"), says: "unknown option --readonly" },
  "-z": { args: jail("-z"), says: "unknown option -z" },
  "-l without its value": { args: [...jail(), "-l"], says: "option -l needs a value" },
  "--log-level info": {
    args: jail("--log-level", "info"),
    served: true,
    syslog: "session opened for local user alice",
    source: "<38>sftpwrap",
    who: "",
  },
  "--log-level LOUD": { args: jail("--log-level", "LOUD"), says: 'unknown log level "LOUD"' },
  "-f AUTHPRIV": {
    args: jail("-f", "AUTHPRIV", "-z"),
    says: "unknown option -z",
    source: "<83>sftpwrap",
  },
  "--syslog LOCAL0": {
    args: jail("--syslog", "LOCAL0"),
    says: "option --syslog takes its value as --syslog=LOCAL0",
    source: "<131>sftpwrap",
  },
  "--log-tag with a wrong option": {
    args: jail("--log-tag=partner", "--syslog=local5", "--bogus"),
    says: "unknown option --bogus",
    source: "<171>partner",
  },
  "-u 999": { args: jail("-u", "999"), says: 'umask "999" is not an octal number' },
  "-u 18": { args: jail("-u", "18"), says: 'umask "18" is not an octal number' },
  "--idle-timeout 15min": { args: jail("--idle-timeout", "15min"), says: '"15min" is not a time' },
  "--idle-timeout 0": { args: jail("--idle-timeout", "0"), says: '"0" is not a time' },
  "--max-file-size 1T": { args: jail("--max-file-size", "1T"), says: '"1T" is not a number' },
  "--max-file-size 10MB": { args: jail("--max-file-size", "10MB"), says: "10MB" },
  "-P remov": { args: jail("-P", "remov"), says: 'unknown request "remov"' },
  "-P remove -p remove": { args: jail("-P", "remove", "-p", "remove"), served: true },
  "--read-only --upload-only": { args: jail("--read-only", "--upload-only"), says: "contradict" },
  "--deny '[a'": { args: jail("--deny", "[a"), says: "[a" },
  "--confine=strong": { args: jail("--confine=strong"), says: 'not "strong"' },
  "-d /nix": {
    args: jail("-d", "/nix"),
    served: true,
    syslog: 'start directory "/nix"',
    who: "",
  },
  "an empty DIR": { args: ["jail", ""], says: "DIR is empty" },
  "%u": { args: ["jail", "BASE/%u"], says: "alice does not exist" },
  "/srv/%x": { args: ["jail", "/srv/%x"], says: "unknown token %x" },
  "--log-level QUIET and a bad DIR": {
    args: ["jail", "--log-level=QUIET", "BASE/none"],
    says: "none does not exist",
  },
  "a shell": {
    args: jail(),
    env: { SSH_ORIGINAL_COMMAND: "scp -t ." },
    says: "this account is for SFTP only",
  },
  "no host for a proxy": { args: ["proxy"], says: "HOST is missing" },
  "no URI": { args: ["gridfs"], says: "MONGODB-URI is missing" },
  "a URI that is none": { args: ["gridfs", "postgres://host/"], says: "MONGODB-URI is not" },
  "a proxy to a host where nothing listens": {
    args: ["proxy", "--disable-known-hosts", "-p", "9", "alice@127.0.0.1"],
    stderr: "127.0.0.1",
    syslog: "session not started: ",
  },
  "a password of the proxy that cannot be read": {
    args: ["proxy", "--password-file", "BASE/secret/key", "-p", "9", "alice@127.0.0.1"],
    says: "cannot read the password from BASE/secret/key",
  },
};

const directories: Readonly<Record<string, BadStart>> = {
  "missing": { args: ["jail", "BASE/none"], says: "none does not exist" },
  "missing, with a log file": {
    args: ["jail", "-l", "BASE/logs/with-bad-dir", "BASE/none"],
    says: "none does not exist",
  },
  "missing, in JSON": {
    args: ["jail", "--log-format=json", "BASE/none"],
    says: "none does not exist",
  },
  "a file": { args: ["jail", "BASE/file"], says: "file is not a directory" },
  "relative": { args: ["jail", "none"], says: "none does not exist" },
  "not to be entered": { args: ["jail", "BASE/secret/in"], says: "secret/in cannot be used" },
  "another user's, 0755": { args: ["jail", "BASE/others"], served: true },
  "the home": { args: ["jail", "BASE/home"], says: "home directory" },
  "the root": { args: ["jail", "/"], says: "not a safe jail" },
  "in the home": { args: ["jail", "BASE/home/share"], served: true },
  "root's and setgid, for a team": { args: ["jail", "BASE/team"], served: true },
  "on a read-only file system": {
    args: jail(),
    shell: "mount -t tmpfs -o ro tmpfs BASE/jail",
    served: true,
  },
  "on a full disk": {
    args: jail(),
    shell: "mount -t tmpfs -o size=4k tmpfs BASE/jail && echo > BASE/jail/x",
    served: true,
  },
  "named through a link": { args: ["jail", "BASE/link"], served: true },
};

const CANNOT_OPEN = "cannot open the log";

const logs: Readonly<Record<string, BadStart>> = {
  "inside the jail": { args: jail("-l", "BASE/jail/log"), says: "it holds the log file" },
  "a directory": { args: jail("-l", "BASE/logs"), served: true, says: CANNOT_OPEN },
  "a FIFO without a reader": {
    args: jail("-l", "BASE/fifo"),
    served: true,
    says: "it is a FIFO that nothing reads from",
  },
  "on a full disk": {
    args: jail("-l", "BASE/small/log"),
    shell: "mount -t tmpfs -o size=4k tmpfs BASE/small && yes > BASE/small/x 2>&1; " +
      ": > BASE/small/log; chmod 666 BASE/small/log",
    served: true,
    says: "the log cannot be written",
  },
  "/dev/full": { args: jail("-l", "/dev/full"), served: true, says: "the log cannot be written" },
  "/dev/full, with syslog too": {
    args: jail("-l", "/dev/full", "--syslog=LOCAL0"),
    isRoot: true,
    served: true,
    stderr: "the log cannot be written",
    syslog: "session opened",
    source: "<134>sftpwrap",
    who: "",
  },
  "in a folder that is missing": {
    args: jail("-l", "BASE/none/log"),
    served: true,
    says: `${CANNOT_OPEN} BASE/none/log`,
  },
  "in a folder that is missing, and required": {
    args: jail("--log-required", "-l", "BASE/none/log"),
    says: `${CANNOT_OPEN} BASE/none/log`,
  },
  "another user's, 0600": {
    args: jail("-l", "BASE/logs/roots"),
    served: true,
    says: `${CANNOT_OPEN} BASE/logs/roots`,
  },
  "--syslog with no listener": {
    args: jail("--syslog"),
    noSyslog: true,
    served: true,
    stderr: "syslog cannot be reached",
  },
  "--syslog with no listener, and required": {
    args: jail("--syslog", "--log-required"),
    noSyslog: true,
    stderr: "syslog cannot be reached",
  },
  "no listener, no option, and required": {
    args: jail("--log-required"),
    noSyslog: true,
    stderr: "syslog cannot be reached",
  },
};

const surroundings: Readonly<Record<string, BadStart>> = {
  "USER with ../ in it": {
    args: ["jail", "BASE/%u"],
    env: { USER: "../x" },
    says: 'user name "../x" cannot be part of a path',
    who: "(local user ../x from [192.0.2.7])",
  },
  "USER and LOGNAME unset": {
    args: ["jail", "BASE/%u"],
    env: { USER: null },
    says: "%u is not known here: USER and LOGNAME not set",
    who: "(local user UNKNOWN from [192.0.2.7])",
  },
  "HOME unset": { args: jail(), env: { HOME: null }, served: true },
  "HOME unset, with %h": {
    args: ["jail", "%h/share"],
    env: { HOME: null },
    says: "%h is not known here: HOME not set",
  },
  "a locale that is none": { args: jail(), env: { LC_ALL: "xx_YY.UTF-9" }, served: true },
  "as root": { args: jail(), isRoot: true, served: true },
  "standard input closed": { args: jail(), shell: "exec <&-", served: true, input: "" },
  "standard output closed": {
    args: ["jail", "BASE/none"],
    shell: "exec >&-",
    says: "none does not",
  },
  "rubbish on input": {
    args: jail(),
    input: "GET / HTTP/1.1\r\n\r\n",
    stderr: "",
    syslog: "bad message from local user alice",
    who: "",
  },
  "DENO_DIR and TMPDIR missing": {
    args: jail(),
    env: { DENO_DIR: "/none", TMPDIR: "/none" },
    served: true,
  },
  // Deno itself ends there, before this program begins.
  "the working directory removed": {
    args: jail(),
    shell: "mkdir BASE/logs/cwd && cd BASE/logs/cwd && rmdir BASE/logs/cwd",
    stderr: "failed resolving cwd",
  },
  "few descriptors": { args: jail(), shell: "ulimit -n 40", served: true },
  "without openat2": { args: jail("--confine=kernel"), without: ["openat2"], says: "cannot keep" },
  "without Landlock": {
    args: jail("--confine=kernel"),
    without: ["landlockCreateRuleset"],
    says: "Landlock",
  },
  "without both": {
    args: jail(),
    without: ["openat2", "landlockCreateRuleset"],
    says: "nothing keeps this jail",
  },
  "SSH_CLIENT alone": {
    args: ["jail", "BASE/none"],
    env: { SSH_CONNECTION: null, SSH_CLIENT: "192.0.2.7 50022 22" },
    stderr: "none does not exist",
  },
  "not started by sshd": {
    args: ["jail", "--bogus"],
    env: { SSH_CONNECTION: null },
    stderr: "unknown option --bogus",
  },
};

/** Made for the account, in a directory that it may enter. */
async function withPlaces(use: (base: string) => Promise<void>): Promise<void> {
  await withTempDir(async (base) => {
    await Deno.chmod(base, 0o755);
    const folders = {
      jail: 0o755,
      others: 0o755,
      "home/share": 0o755,
      team: 0o2770,
      logs: 0o755,
      "secret/in": 0o755,
      small: 0o777,
    };
    for (const [name, mode] of Object.entries(folders)) {
      await Deno.mkdir(`${base}/${name}`, { recursive: true });
      await Deno.chmod(`${base}/${name}`, mode);
    }
    await Deno.writeTextFile(`${base}/file`, "");
    await Deno.writeTextFile(`${base}/logs/roots`, "", { mode: 0o600 });
    await Deno.chmod(`${base}/secret`, 0o700);
    await Deno.symlink("jail", `${base}/link`);
    await runOk("mkfifo", ["-m", "666", `${base}/fifo`]);
    for (const name of ["jail", "home", "home/share", "logs"]) {
      await Deno.chown(`${base}/${name}`, NOBODY, NOBODY);
    }
    await Deno.chown(`${base}/team`, 0, NOBODY);
    await use(base);
  });
}

async function startIn(base: string, dev: SyslogDev, start: BadStart) {
  const put = (word: string) => word.replaceAll("BASE", base);
  const { path } = await binary("sftpwrap");
  const env: Record<string, string | null> = {
    PATH: "/usr/bin:/bin",
    USER: "alice",
    HOME: "BASE/home",
    SSH_CONNECTION: CLIENT,
    SSH_ORIGINAL_COMMAND: "internal-sftp",
    ...start.env,
  };
  const account = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--"];
  const program = [path, ...start.args.map(put)];
  const variables = Object.entries(env).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${put(value)}`]
  );
  const limited = start.without === undefined
    ? program
    : withoutCalls(start.without, Errno.ENOSYS, program);
  const words = [
    ...["sh", "-c", `${put(start.shell ?? ":")}; exec "$@"`, "sh"],
    ...["env", "-i", ...variables],
    // The filter is set by Deno, which nobody may not be able to run.
    ...start.isRoot === true || start.without !== undefined ? [] : account,
    ...limited,
  ];
  const input = start.input === undefined ? init() : new TextEncoder().encode(start.input);
  const ended = await runRaw(dev.around(words), { input });
  return { ...ended, syslog: dev.take() };
}

function assertStart(
  base: string,
  start: BadStart,
  { code, stdout, stderr, syslog }: Awaited<ReturnType<typeof startIn>>,
): void {
  const all = `${stderr}\n--- syslog\n${syslog.join("\n")}`;
  const put = (text: string) => text.replaceAll("BASE", base);
  const served = start.served === true;
  if (start.input === undefined) assertEquals(stdout[4], served ? 2 : undefined, all);
  if (start.syslog?.startsWith("bad message") !== true) assertEquals(code, served ? 0 : 1, all);
  const onStderr = start.stderr ?? start.says;
  if (onStderr === undefined) assertEquals(stderr, "", all);
  else assertStringIncludes(stderr, put(onStderr), all);
  const inSyslog = start.syslog ?? start.says;
  const { source = served ? undefined : "<35>sftpwrap", who = WHO } = start;
  const errors = syslog.filter((line) => inSyslog !== undefined && line.includes(put(inSyslog)));
  if (inSyslog === undefined) {
    assertEquals(
      syslog.filter((line) => /^<\d*3>/.test(line) && /not started/.test(line)),
      [],
      all,
    );
    return;
  }
  assertEquals(errors.length, 1, all);
  if (source !== undefined) assertStringIncludes(errors[0]!, `${source}: `);
  if (!errors[0]!.includes('"message"')) assert(errors[0]!.endsWith(who), all);
  if (!served && start.says !== undefined) assertEquals(syslog.length, 1, all);
}

const AS_ROOT: Need = { ignore: Deno.uid() !== 0, reason: "root for other accounts" };

function all(...some: Need[]): Need {
  return some.find(({ ignore }) => ignore) ?? some[0]!;
}

const tables = { commandLines, directories, logs, surroundings };

for (const [table, starts] of Object.entries(tables)) {
  Deno.test({
    name: `a bad start is reported in the right place: ${table}`,
    ...all(needsCompile("setpriv", "mkfifo"), needsSyslogDev(), AS_ROOT),
    fn: (t) =>
      withPlaces(async (base) => {
        await binary("sftpwrap");
        await Deno.chmod(binaryFolder(), 0o755);
        const waiting = Object.entries(starts);
        const ends = new Map<string, Awaited<ReturnType<typeof startIn>>>();
        const worker = async () => {
          for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
            const [name, start] = next;
            const listens = start.noSyslog !== true;
            using dev = new SyslogDev(`${base}/dev-${waiting.length}`, { listens });
            ends.set(name, await startIn(base, dev, start));
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, worker));
        for (const [name, start] of Object.entries(starts)) {
          await t.step(name, () => assertStart(base, start, ends.get(name)!));
        }
      }),
  });
}

Deno.test({
  name: "behind sshd the client sees a closed connection, and syslog says why",
  ...all(needsCompile("sshd", "sftp"), needsSyslogDev()),
  fn: () =>
    withPlaces(async (base) => {
      const { path } = await binary("sftpwrap");
      const listed = async (name: string, options: readonly string[]) => {
        using dev = new SyslogDev(`${base}/${name}`);
        const command = commandLine(dev.around([path, "jail", ...options, `${base}/jail`]));
        const ended = await withSshd({ command }, ({ sshConfig, alias }) =>
          run("sftp", ["-F", sshConfig, "-b", "-", alias], { input: "ls\n" }));
        return { ...ended, syslog: dev.take() };
      };
      const refused = await listed("dev-refused", ["--readonly"]);
      assertEquals(refused.code, 255);
      assertStringIncludes(refused.stderr, "Connection closed");
      assertEquals(refused.syslog.length, 1);
      assertMatch(
        refused.syslog[0]!,
        /^<35>sftpwrap: session not started: unknown option --readonly \(local user \S+ from \[127\.0\.0\.1\]\)$/,
      );
      const served = await listed("dev-served", ["-l", `${base}/none/log`]);
      assertEquals([served.code, served.stderr], [0, ""]);
      assertMatch(
        served.syslog[0]!,
        /^<35>sftpwrap: cannot open the log .*none\/log: no such file/,
      );
      assertMatch(served.syslog.at(-1)!, /^<38>sftpwrap: session closed for local user/);
    }),
});

Deno.test({
  name: "several accounts share a log that was prepared for them, and none locks the others out",
  ...all(needsCompile("setpriv"), AS_ROOT),
  fn: () =>
    withPlaces(async (base) => {
      const { path } = await binary("sftpwrap");
      await Deno.chmod(binaryFolder(), 0o755);
      const GROUP = 54321;
      const session = async (uid: number, log: string) => {
        const account = ["setpriv", `--reuid=${uid}`, `--regid=${GROUP}`, "--clear-groups", "--"];
        const words = [...account, path, "jail", "--log-required", "-l", log, `${base}/jail`];
        const { code, stderr } = await runRaw(words, { input: init() });
        assertEquals([code, stderr], [0, ""], log);
      };
      // A file that is there; in a sticky directory too, where O_CREAT may refuse another's file.
      for (const [name, mode] of [["plain", 0o755], ["sticky", 0o1777]] as const) {
        await Deno.mkdir(`${base}/${name}`);
        await Deno.chmod(`${base}/${name}`, mode);
        await Deno.writeTextFile(`${base}/${name}/log`, "");
        await Deno.chown(`${base}/${name}/log`, 0, GROUP);
        await Deno.chmod(`${base}/${name}/log`, 0o620);
      }
      // A directory for a group, and no file yet.
      await Deno.mkdir(`${base}/shared`);
      await Deno.chown(`${base}/shared`, 0, GROUP);
      await Deno.chmod(`${base}/shared`, 0o2770);
      const modes = { plain: 0o620, sticky: 0o620, shared: 0o660 };
      for (const [name, mode] of Object.entries(modes)) {
        const log = `${base}/${name}/log`;
        for (const uid of [20001, 20002]) await session(uid, log);
        assertEquals(((await Deno.stat(log)).mode ?? 0) & 0o777, mode, name);
        const lines = (await Deno.readTextFile(log)).match(/session closed/g);
        assertEquals(lines?.length, 2, name);
      }
    }),
});
