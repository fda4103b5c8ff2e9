import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withTempDir } from "../../support/files.ts";
import { makeKey } from "../../support/sshd_trust.ts";
import { needs } from "../../support/programs.ts";
import { run, runOk } from "../../support/run.ts";
import { sftpwrap } from "../../support/wire_session.ts";

/** An account for this test alone, and what it needs to log in. */
interface Setup {
  readonly user: string;
  readonly home: string;
  readonly jail: string;
  readonly base: string;
  /** sshd's configuration. */
  readonly config: string;
  readonly keys: string;
  /** The program that the key starts. */
  readonly program: string;
}

interface Told {
  readonly code: number;
  readonly text: string;
  readonly bad: readonly string[];
}

const NEED = Deno.uid() === 0
  ? needs("/usr/sbin/sshd", "runuser", "useradd", "getent", "ssh-keygen")
  : { ignore: true, reason: "only root can make an account" };

const GROUP = "sftpwrapteam";

let accounts = 0;

/** A set-up that works. */
async function withSetup(use: (setup: Setup) => Promise<void>): Promise<void> {
  await withTempDir(async (base) => {
    await Deno.chmod(base, 0o755);
    await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
    const user = `sw${Deno.pid % 100_000}n${accounts++}`;
    const [home, jail, bin] = [`${base}/home`, `${base}/jail`, await programFolder()];
    const login = ["--shell", "/bin/sh", "--password", "*"];
    await runOk("useradd", ["--home-dir", home, "--create-home", ...login, user]);
    try {
      await Deno.chmod(home, 0o755);
      const program = `${bin}/sftpwrap`;
      await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
      await Deno.chmod(program, 0o755);
      await Deno.mkdir(jail);
      await Deno.mkdir(`${home}/.ssh`, { mode: 0o700 });
      const keys = `${home}/.ssh/authorized_keys`;
      await makeKey(`${base}/key`, "ed25519");
      const key = await Deno.readTextFile(`${base}/key.pub`);
      await Deno.writeTextFile(keys, `command="${program} jail ${jail}",restrict ${key}`);
      await Deno.chmod(keys, 0o600);
      await runOk("chown", ["-R", `${user}:`, `${home}/.ssh`, jail]);
      const config = `${base}/sshd_config`;
      const lines = [`HostKey ${base}/key`, "Subsystem sftp internal-sftp", "UsePAM no"];
      await Deno.writeTextFile(config, lines.join("\n") + "\n");
      await use({ user, home, jail, base, config, keys, program });
    } finally {
      await runOk("userdel", [user]);
      await Deno.remove(bin, { recursive: true });
    }
  });
}

let denoDir: Promise<string> | undefined;

/** A copy of Deno's downloads that other users may read; removed after this file. */
function readableDenoDir(): Promise<string> {
  return denoDir ??= (async () => {
    const json = await runOk(Deno.execPath(), ["info", "--json"]);
    const { npmCache } = JSON.parse(json) as { readonly npmCache: string };
    const copy = await Deno.makeTempDir({ prefix: "sftpwrap_test_deno_" });
    globalThis.addEventListener("unload", () => Deno.removeSync(copy, { recursive: true }));
    await runOk("cp", ["-r", npmCache, `${copy}/npm`]);
    await runOk("chmod", ["-R", "a+rX", copy]);
    return copy;
  })();
}

let runnable: Promise<string> | undefined;

/** This Deno, or a copy of it if it is where only root may run it. */
function runnableDeno(): Promise<string> {
  return runnable ??= (async () => {
    const deno = Deno.execPath();
    const tried = await run("runuser", ["-u", "nobody", "--", "test", "-x", deno]);
    if (tried.code === 0) return deno;
    const copy = `${await readableDenoDir()}/deno`;
    await Deno.copyFile(deno, copy);
    await Deno.chmod(copy, 0o755);
    return copy;
  })();
}

/** A folder in which only root may write, all the way from `/`. */
async function programFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: "/usr/local", prefix: "sftpwrap_test_" });
  await Deno.chmod(folder, 0o755);
  return folder;
}

async function doctor(
  { user, config, jail }: Setup,
  options: readonly string[] = [],
  directory = jail,
): Promise<Told> {
  const words = ["doctor", "--user", user, "-f", config, "jail", ...options, directory];
  const [, ...args] = sftpwrap(words);
  const { code, stdout, stderr } = await run(await runnableDeno(), args, {
    env: { DENO_DIR: await readableDenoDir() },
  });
  assertEquals(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  return { code, text: stdout, bad: lines.filter((line) => line.startsWith("BAD ")) };
}

/** A set-up that does not work, what is said of it, and the command that mends it. */
interface Broken {
  readonly name: string;
  readonly options?: (setup: Setup) => readonly string[];
  readonly break: (setup: Setup) => Promise<unknown>;
  readonly says: RegExp;
  readonly run?: (setup: Setup) => string;
  /** Whether the command is run, and all must be right afterwards. */
  readonly mends?: boolean;
}

const broken: readonly Broken[] = [
  {
    name: "a jail that belongs to root",
    break: ({ jail }) => Deno.chown(jail, 0, 0),
    says: /^BAD {2}directory: owned by user 0, and \w+ may not write in it$/,
    run: ({ user, jail }) => `chown ${user}: ${jail}`,
    mends: true,
  },
  {
    name: "a jail that does not exist",
    break: ({ jail }) => Deno.remove(jail),
    says: /^BAD {2}directory: \S+\/jail does not exist$/,
    run: ({ user, jail }) => `install -d -o ${user} ${jail}`,
    mends: true,
  },
  {
    name: "a jail below a directory that the user may not enter",
    break: ({ base }) => Deno.chmod(base, 0o700),
    says: /^BAD {2}directory: \S+\/jail cannot be used: \w+ may not enter \S+$/,
    run: ({ base }) => `chmod a+x ${base}`,
    mends: true,
  },
  {
    name: "a log in a folder that is missing",
    options: ({ base }) => ["-l", `${base}/log/%u.log`],
    break: () => Promise.resolve(),
    says:
      /^BAD {2}log: cannot open \S+\.log: .*; the session is served, and its log goes to syslog$/,
    run: ({ base, user }) => `install -d -o ${user} -m 700 ${base}/log`,
    mends: true,
  },
  {
    name: "another user's log",
    options: ({ base }) => ["-l", `${base}/log`],
    break: ({ base }) => Deno.writeTextFile(`${base}/log`, "", { mode: 0o600 }),
    says: /^BAD {2}log: cannot open \S+\/log: /,
    run: ({ base, user }) => `chown ${user}: ${base}/log`,
    mends: true,
  },
  {
    name: "a start directory that is not there",
    options: () => ["-d", "/in"],
    break: () => Promise.resolve(),
    says: /^BAD {2}start directory "\/in": .*, so the session starts at \/$/,
  },
  {
    name: "no Subsystem line",
    break: ({ config }) => replace(config, "Subsystem sftp internal-sftp\n", ""),
    says: /^BAD {2}sshd: no "Subsystem sftp" line/,
    run: ({ config }) =>
      `sed -i '1i Subsystem sftp internal-sftp' ${config} && systemctl reload ssh`,
  },
  {
    name: "the login shell nologin",
    break: ({ user }) => runOk("usermod", ["-s", "/usr/sbin/nologin", user]),
    says: /^BAD {2}shell: \/usr\/sbin\/nologin cannot .* "Received message too long"/,
    run: ({ user }) => `usermod -s /bin/sh ${user}`,
    mends: true,
  },
  {
    name: "an account as useradd makes it, where sshd does not use PAM",
    break: ({ user }) => runOk("usermod", ["-p", "!", user]),
    says: /^BAD {2}account: \w+'s password is locked, .* "UsePAM no", sshd refuses its keys too$/,
    run: ({ user }) => `usermod -p '*' ${user}`,
    mends: true,
  },
  {
    name: "internal-sftp, which sshd serves without a login shell that is for SFTP",
    break: (setup) => withLoginShell(setup, '#!/bin/sh\nexec sftpwrap jail /srv/%u "$@"\n'),
    says:
      /^BAD {2}sshd: it serves internal-sftp itself, without the login shell and so without a jail$/,
    run: ({ config }) =>
      `sed -i 's|^Subsystem.*|Subsystem sftp /usr/lib/openssh/sftp-server|' ${config}` +
      " && systemctl reload ssh",
  },
  {
    name: "a login shell that others may change",
    break: async (setup) => {
      await withLoginShell(setup, '#!/bin/sh\nexec sftpwrap jail /srv/%u "$@"\n');
      await replace(setup.config, "internal-sftp", "/usr/lib/openssh/sftp-server");
      await Deno.chmod(`${setup.program}-shell`, 0o757);
    },
    says: /^BAD {2}sshd: login shell: others may change \S+-shell, and so the program$/,
    run: ({ program }) => `chmod go-w ${program}-shell`,
    mends: true,
  },
  {
    name: "a forced command that is missing",
    break: ({ program }) => Deno.remove(program),
    says: /^BAD {2}key: command: \S+\/sftpwrap does not exist$/,
  },
  {
    name: "a forced command by a relative path",
    break: ({ keys, program }) => replace(keys, program, "sftpwrap"),
    says: /^BAD {2}key: command: sftpwrap is not an absolute path$/,
    run: () => "command -v sftpwrap",
  },
  {
    name: "a forced command that others may change",
    break: ({ program }) => Deno.chmod(program, 0o777),
    says: /^BAD {2}key: command: others may change \S+\/sftpwrap, and so the program$/,
    run: ({ program }) => `chmod go-w ${program}`,
    mends: true,
  },
  {
    name: "authorized_keys that root has made",
    break: ({ keys }) => Deno.chown(keys, 0, 0),
    says: /^BAD {2}keys: \w+ cannot read \S+authorized_keys$/,
    run: ({ keys, user }) => `chown ${user}: ${keys}`,
    mends: true,
  },
  {
    name: "a home in which a group may write",
    break: ({ home }) => Deno.chmod(home, 0o775),
    says: /^BAD {2}keys: sshd ignores them \(StrictModes\): others may write in \S+\/home$/,
    run: ({ home }) => `chmod go-w ${home}`,
    mends: true,
  },
  {
    name: "a key without a command",
    break: ({ keys, base }) => Deno.copyFile(`${base}/key.pub`, keys),
    says: /^BAD {2}sshd: nothing starts sftpwrap for \w+: no ForceCommand, no command= of a key$/,
    run: ({ jail, home }) =>
      `sftpwrap authorize --jail ${jail} --install ${home}/.ssh/authorized_keys KEY`,
  },
  {
    name: "a ForceCommand for internal-sftp",
    break: ({ config }) =>
      Deno.writeTextFile(config, "Match User *\n  ForceCommand internal-sftp\n", { append: true }),
    says: /^BAD {2}sshd: ForceCommand is internal-sftp, not sftpwrap$/,
  },
];

for (const { name, options, break: breakIt, says, run: command, mends } of broken) {
  Deno.test({
    name: `doctor names ${name}${mends === true ? ", and its command mends it" : ""}`,
    ...NEED,
    fn: () =>
      withSetup(async (setup) => {
        await breakIt(setup);
        const given = options?.(setup) ?? [];
        const told = await doctor(setup, given);
        assertEquals([told.code, told.bad.length], [1, 1], told.text);
        assertMatch(told.bad[0]!, says);
        if (command === undefined) return;
        assertStringIncludes(told.text, `${told.bad[0]}\n     run: ${command(setup)}\n`);
        if (mends !== true) return;
        const [program = "", ...args] = command(setup).replaceAll("'", "").split(" ");
        await runOk(program, args);
        const again = await doctor(setup, given);
        assertEquals([again.code, again.bad], [0, []], again.text);
      }),
  });
}

Deno.test({
  name: "doctor finds nothing BAD in a set-up that works, and looks as the user",
  ...NEED,
  fn: () =>
    withSetup(async (setup) => {
      const { code, text } = await doctor(setup);
      assertEquals(code, 0, text);
      assertMatch(text, /^ok {3}ring landlock/m);
      assertMatch(text, /^ok {3}key: command: /m);
      assertMatch(text, /^ok {3}keys: /m);
      assert(!text.includes("looks as root"), text);
    }),
});

Deno.test({
  name: "a read-only folder of root and a team's setgid folder are right",
  ...NEED,
  fn: () =>
    withSetup(async (setup) => {
      await Deno.chown(setup.jail, 0, 0);
      assertEquals((await doctor(setup, ["--read-only"])).bad, []);
      await runOk("groupadd", [GROUP]);
      try {
        await runOk("usermod", ["-a", "-G", GROUP, setup.user]);
        await runOk("chgrp", [GROUP, setup.jail]);
        await Deno.chmod(setup.jail, 0o2770);
        assertEquals((await doctor(setup)).bad, []);
      } finally {
        await runOk("groupdel", [GROUP]);
      }
    }),
});

Deno.test({
  name: "a Subsystem that starts sftpwrap is enough, and jails SFTP alone",
  ...NEED,
  fn: () =>
    withSetup(async (setup) => {
      await Deno.copyFile(`${setup.base}/key.pub`, setup.keys);
      await replace(setup.config, "internal-sftp", `${setup.program} jail ${setup.jail}`);
      const { code, text } = await doctor(setup);
      assertEquals(code, 0, text);
      assertMatch(text, /^warn sshd: a Subsystem jails SFTP, and not the account/m);
    }),
});

for (
  const [what, content] of [
    ["a script that names sftpwrap", '#!/bin/sh\nexec sftpwrap jail /srv/%u "$@"\n'],
    ["a program that is not a shell of the system", "\x7fELF".padEnd(100_000)],
  ] as const
) {
  Deno.test({
    name: `a login shell that serves SFTP is enough: ${what}`,
    ...NEED,
    fn: () =>
      withSetup(async (setup) => {
        await withLoginShell(setup, content);
        await replace(setup.config, "internal-sftp", "/usr/lib/openssh/sftp-server");
        const { code, text } = await doctor(setup);
        assertEquals(code, 0, text);
        assertMatch(text, /^ok {3}sshd: login shell: \S+-shell$/m);
      }),
  });
}

Deno.test({
  name: "doctor shows what sshd says of its configuration, without the end of its line",
  ...NEED,
  fn: () =>
    withSetup(async (setup) => {
      await Deno.writeTextFile(setup.config, "Nonsense yes\n", { append: true });
      const { bad } = await doctor(setup);
      assertMatch(bad.join("\n"), /^BAD {2}sshd: does not start: .*option: Nonsense$/);
    }),
});

Deno.test({
  name: "doctor without --user looks at sshd too, though a session may run no program",
  ...NEED,
  fn: () =>
    withSetup(async ({ config, jail }) => {
      const [program = "", ...args] = sftpwrap(["doctor", "-f", config, "jail", jail]);
      const { stdout } = await run(program, args);
      assertMatch(stdout, /^ok {3}ring landlock: .*^ok {3}sshd: Subsystem sftp internal-sftp$/ms);
    }),
});

Deno.test({
  name: "doctor of a user who is not there says so",
  ...NEED,
  fn: async () => {
    const [program = "", ...args] = sftpwrap(["doctor", "--user", "nobody-such", "jail", "/srv"]);
    const { code, stdout } = await run(program, args);
    assertEquals([code, stdout], [1, "BAD  user: nobody-such does not exist\n"]);
  },
});

/** Makes a program the account's login shell, and leaves its key without a command. */
async function withLoginShell({ user, base, keys, program }: Setup, content: string) {
  const shell = `${program}-shell`;
  await Deno.writeTextFile(shell, content);
  await Deno.chmod(shell, 0o755);
  await runOk("usermod", ["-s", shell, user]);
  await Deno.copyFile(`${base}/key.pub`, keys);
}

async function replace(file: string, what: string, by: string): Promise<void> {
  const text = await Deno.readTextFile(file);
  assertStringIncludes(text, what);
  await Deno.writeTextFile(file, text.replace(what, by));
}
