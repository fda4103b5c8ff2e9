import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { requestNames } from "../../lib/session/request_names.ts";
import { withTempDir } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { init } from "../support/raw.ts";
import { commandLine, run as runProgram } from "../support/run.ts";
import { type ChildOptions, type Ended, run, sftpwrap } from "../support/wire_session.ts";

/** This many programs run at once. */
const AT_ONCE = 4;

/** A start that is refused; `JAIL` in a word stands for a usable directory. */
interface Refusal {
  readonly name: string;
  readonly args: readonly string[];
  /** What the first line contains. */
  readonly says: string;
  /** Whether the usage follows, because the command line cannot be understood. */
  readonly usage?: boolean;
  readonly env?: ChildOptions["env"];
}

const refusals: readonly Refusal[] = [
  { name: "no subcommand", args: [], says: "no subcommand", usage: true },
  {
    name: "an unknown subcommand",
    args: ["serve", "JAIL"],
    says: 'unknown subcommand "serve"',
    usage: true,
  },
  { name: "no DIR", args: ["jail"], says: "DIR is missing", usage: true },
  {
    name: "an unknown option",
    args: ["jail", "-x", "JAIL"],
    says: "unknown option -x",
    usage: true,
  },
  {
    name: "an unknown long option",
    args: ["jail", "--chroot", "JAIL"],
    says: "unknown option --chroot",
    usage: true,
  },
  { name: "an option without its value", args: ["jail", "JAIL", "-u"], says: "-u", usage: true },
  {
    name: "-l INFO",
    args: ["jail", "-l", "INFO", "JAIL"],
    says: "for the level use --log-level INFO",
    usage: true,
  },
  {
    name: "-f AUTH -l INFO",
    args: ["jail", "-f", "AUTH", "-l", "INFO", "JAIL"],
    says: "for the level use --log-level INFO",
    usage: true,
  },
  {
    name: "an unknown facility",
    args: ["jail", "-f", "MAIL", "JAIL"],
    says: 'unknown facility "MAIL"',
    usage: true,
  },
  { name: "a bad umask", args: ["jail", "-u", "99", "JAIL"], says: 'umask "99"', usage: true },
  { name: "a bad request", args: ["jail", "-P", "x", "JAIL"], says: '"x"', usage: true },
  { name: "a bad query", args: ["jail", "-Q", "x"], says: 'cannot query "x"', usage: true },
  { name: "an unknown token", args: ["jail", "JAIL/%x"], says: "unknown token %x", usage: true },
  { name: "a DIR that is missing", args: ["jail", "JAIL/none"], says: "none does not exist" },
  { name: "a DIR that is a file", args: ["jail", "JAIL/file"], says: "file is not a directory" },
  { name: "a DIR below a file", args: ["jail", "JAIL/file/x"], says: "file/x cannot be used" },
  { name: "an empty DIR", args: ["jail", ""], says: "DIR is empty", usage: true },
  {
    name: "a DIR that is a loop of links",
    args: ["jail", "JAIL/circle"],
    says: "circle cannot be used",
  },
  {
    name: "a DIR that holds the home directory",
    args: ["jail", "JAIL"],
    env: { HOME: "JAIL/home" },
    says: "holds the account's home directory",
  },
  {
    name: "a DIR that is the home directory",
    args: ["jail", "JAIL"],
    env: { HOME: "JAIL" },
    says: "holds the account's home directory",
  },
  {
    name: "a DIR that is the home directory by a link",
    args: ["jail", "JAIL/to-home"],
    env: { HOME: "JAIL/home" },
    says: "holds the account's home directory",
  },
  {
    name: "a DIR that is the home directory's .ssh",
    args: ["jail", "JAIL/home/.ssh"],
    env: { HOME: "JAIL/home" },
    says: "it is .ssh, or lies in one",
  },
  { name: "the root of the host", args: ["jail", "/"], says: "not a safe jail" },
  {
    name: "a log in the jail",
    args: ["jail", "-l", "JAIL/log", "JAIL"],
    says: "it holds the log file",
  },
  {
    name: "a log in the jail by a link",
    args: ["jail", "-l", "JAIL/../way-in/log", "JAIL"],
    says: "it holds the log file",
  },
  {
    name: "a log that cannot be opened, and is required",
    args: ["jail", "--log-required", "-l", "JAIL/../none/log", "JAIL"],
    says: "cannot open the log",
  },
  {
    name: "a user's name that is a way up",
    args: ["jail", "JAIL/%u"],
    env: { USER: "../.." },
    says: 'user name "../.." cannot be part of a path',
  },
  ...[
    "scp -t /",
    "scp -f file",
    "rsync --server .",
    "/usr/bin/unison -server",
  ].map((command) => ({
    name: `SSH_ORIGINAL_COMMAND="${command}"`,
    args: ["jail", "JAIL"],
    env: { SSH_ORIGINAL_COMMAND: command },
    says: "this account is for SFTP only",
  })),
  {
    name: "-c with another protocol",
    args: ["jail", "-c", "scp -t .", "JAIL"],
    says: "this account is for SFTP only",
  },
];

/** Makes the files and directories that the refusals mention. */
async function withPlaces(use: (jail: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const jail = `${directory}/jail`;
    await Deno.mkdir(`${jail}/home/.ssh`, { recursive: true });
    await Deno.writeTextFile(`${jail}/file`, "");
    await Deno.symlink("circle", `${jail}/circle`);
    await Deno.symlink("home", `${jail}/to-home`);
    await Deno.symlink("jail", `${directory}/way-in`);
    await use(jail);
  });
}

function placed(jail: string, args: readonly string[], env: ChildOptions["env"] = {}) {
  const put = (word: string) => word.replace("JAIL", jail);
  return {
    args: args.map(put),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, put(value)])),
  };
}

async function runPlaced(jail: string, args: readonly string[], env?: ChildOptions["env"]) {
  const start = placed(jail, args, env);
  return await run(sftpwrap(start.args), { env: start.env, input: init() });
}

/** Does all of it, some at a time. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

Deno.test("a start that is refused says so in one line, and nothing on stdout", async (t) => {
  await withPlaces(async (jail) => {
    const ends = await inTurns(refusals, ({ args, env }) => runPlaced(jail, args, env));
    for (const [index, { name, says, usage = false }] of refusals.entries()) {
      await t.step(name, () => {
        const { code, stdout, stderr } = ends[index]!;
        assertEquals([code, stdout.length], [1, 0]);
        const lines = stderr.trimEnd().split("\n");
        assertMatch(lines[0]!, /^sftpwrap: /);
        assertStringIncludes(lines[0]!, says);
        assertEquals(lines.length, usage ? 2 : 1, stderr);
        if (usage) assertMatch(lines[1]!, /^usage: sftpwrap /);
      });
    }
  });
});

/** Starts that print something and end; none begins a session. */
const printing: Readonly<Record<string, readonly string[]>> = {
  "--version": ["--version"],
  "-V": ["-V"],
  "jail DIR --version": ["jail", "/srv/a", "--version"],
  "jail --version": ["jail", "--version"],
  "--help": ["--help"],
  "-h": ["-h"],
  "help": ["help"],
  "jail --help": ["jail", "--help"],
  "jail -h": ["jail", "-h"],
  "jail -h DIR": ["jail", "-h", "/nonexistent"],
  "jail -Q requests": ["jail", "-Q", "requests"],
};

Deno.test("help, version and lists are printed on stdout only, with exit status 0", async (t) => {
  const names = Object.keys(printing);
  const ends = await inTurns(names, (name) => run(sftpwrap(printing[name]!)));
  const printed = new Map(names.map((name, index) => [name, ends[index]!]));
  for (const [name, { code, stdout, stderr }] of printed) {
    await t.step(name, () => {
      assertEquals([code, stderr], [0, ""]);
      const text = new TextDecoder().decode(stdout);
      const from = `commit unknown, Deno ${Deno.version.deno}, ${Deno.build.target}`;
      const version = `sftpwrap ${config.version} (${from})\n`;
      if (name === "jail DIR --version") assertEquals(text, `${version}arguments: jail /srv/a\n`);
      else if (/version|-V/.test(name)) assertEquals(text, version);
      else if (name === "jail -Q requests") assertEquals(text, requestNames.join("\n") + "\n");
      else assertMatch(text, /^usage: sftpwrap /);
    });
  }
  await t.step("the help of jail names every option", () => {
    const text = new TextDecoder().decode(printed.get("jail --help")!.stdout);
    for (const option of ["-l,", "-e,", "-u,", "-d,", "-R,", "-P,", "-p,", "-Q,", "-c,", "-h,"]) {
      assertStringIncludes(text, option);
    }
    for (const long of ["--allow-home", "--confine", "--check", "--log-level"]) {
      assertStringIncludes(text, long);
    }
  });
});

/** Starts that begin a session. */
const serving: readonly Omit<Refusal, "says">[] = [
  { name: "DIR alone", args: ["jail", "JAIL"] },
  { name: "DIR and what scp -D appends", args: ["jail", "JAIL", "--", "host", "sftp"] },
  { name: "DIR behind --", args: ["jail", "--", "JAIL"] },
  {
    name: "the home directory with --allow-home",
    args: ["jail", "--allow-home", "JAIL"],
    env: {
      HOME: "JAIL",
    },
  },
  { name: "a directory in the home directory", args: ["jail", "JAIL/home"], env: { HOME: "JAIL" } },
  { name: "a log beside the jail", args: ["jail", "-l", "JAIL/../log", "JAIL"] },
  { name: "%u in DIR", args: ["jail", "JAIL/%u"], env: { USER: "home" } },
  { name: "%u by LOGNAME", args: ["jail", "JAIL/%u"], env: { USER: "home", LOGNAME: "x" } },
  { name: "%h in DIR", args: ["jail", "%h/jail"], env: { HOME: "JAIL/.." } },
  ...[
    "internal-sftp",
    "internal-sftp -l INFO",
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/sftp-server -e",
    "sftp",
    "sftpwrap jail /x",
  ].flatMap((command) => [
    {
      name: `SSH_ORIGINAL_COMMAND="${command}"`,
      args: ["jail", "JAIL"],
      env: { SSH_ORIGINAL_COMMAND: command },
    },
    { name: `-c "${command}"`, args: ["jail", "-c", command, "JAIL"] },
  ]),
  {
    name: "-c before SSH_ORIGINAL_COMMAND",
    args: ["jail", "-c", "sftp", "JAIL"],
    env: { SSH_ORIGINAL_COMMAND: "ls" },
  },
];

Deno.test("a start that is not refused serves", async (t) => {
  await withPlaces(async (jail) => {
    const ends = await inTurns(serving, ({ args, env }) => runPlaced(jail, args, env));
    for (const [index, { name }] of serving.entries()) {
      await t.step(name, () => assertServed(ends[index]!));
    }
  });
});

function assertServed({ code, stdout, stderr }: Ended): void {
  assertEquals([code, stderr], [0, ""]);
  assert(stdout[4] === 2, "No VERSION came");
}

const POLITE =
  "sftpwrap: this account is for SFTP only: connect with sftp, not with ssh or scp -O\n";

/** Lines that sshd may pass for a subsystem as well as for a command. */
const UNCLEAR: readonly string[] = [
  "ls",
  "/bin/sh",
  "git-upload-pack x",
  "/usr/lib/sftp/shell",
  "/opt/files/start-it --now",
  "",
  " ",
];

Deno.test("a line for a subsystem or a command means SFTP if INIT comes, and is refused otherwise", async () => {
  await withPlaces(async (jail) => {
    const starts = UNCLEAR.flatMap((command) => [
      { args: ["jail", jail], env: { SSH_ORIGINAL_COMMAND: command } },
      { args: ["jail", "-c", command, jail], env: {} },
    ]);
    const ends = await inTurns(starts, ({ args, env }) =>
      Promise.all([
        run(sftpwrap(args), { env, input: init() }),
        run(sftpwrap(args), { env, input: new TextEncoder().encode("ls\n") }),
        run(sftpwrap(args), { env, input: new Uint8Array() }),
      ]));
    for (const [served, typed, ended] of ends) {
      // sshd does not pass standard error to a client that asks for a subsystem.
      assertEquals([served.code, served.stderr], [0, POLITE]);
      assert(served.stdout[4] === 2, "No VERSION came");
      for (const { code, stdout, stderr } of [typed, ended]) {
        assertEquals([code, stdout.length, stderr], [1, 0, POLITE]);
      }
    }
  });
});

Deno.test("without a command SFTP is served silently if INIT comes, and a shell is refused", async () => {
  await withPlaces(async (jail) => {
    const env = { SSH_CONNECTION: "192.0.2.7 50022 192.0.2.1 22" };
    const start = (input: Uint8Array) => run(sftpwrap(["jail", jail]), { env, input });
    assertServed(await start(init()));
    for (const input of [new TextEncoder().encode("\n"), new Uint8Array()]) {
      const { code, stdout, stderr } = await start(input);
      assertEquals([code, stdout.length, stderr], [1, 0, POLITE]);
    }
  });
});

Deno.test({
  name: "a person at a terminal is told how to connect",
  ...needs("script"),
  async fn() {
    await withTempDir(async (directory) => {
      // script(1) gives the program a terminal.
      const command = commandLine(sftpwrap(["jail", directory]));
      const { code, stdout } = await runProgram("script", ["-qec", command, "/dev/null"]);
      assertEquals(code, 1);
      assertEquals(
        stdout.trim(),
        "sftpwrap: this account is for SFTP only: connect with sftp, not with ssh or scp -O",
      );
    });
  },
});
