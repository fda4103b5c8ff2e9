/**
 * A machine of the test's own: the system that is installed here, with files, accounts, processes,
 * network and syslog of its own. What is done there is gone afterwards.
 *
 * @module
 */

import { DatagramListener } from "./datagrams.ts";
import { withTempDir } from "./files.ts";
import { findProgram, type Need, needs, programPath } from "./programs.ts";
import { run, runOk, type RunResult, until } from "./run.ts";

/** A machine. Root may do everything there. */
export interface Machine {
  /** Its root directory, as this process reaches it. */
  readonly root: string;
  /** Runs a shell script in the home directory of root, or of another user; it must succeed. */
  sh(script: string, user?: string): Promise<string>;
  /** Runs a shell script in the same way, whatever its exit status is. */
  run(script: string, user?: string): Promise<RunResult>;
  /** Starts a shell script that goes on until the machine ends. */
  start(script: string): void;
  /** What its syslog has got since the last look, without priority, time and host. */
  syslog(): string[];
  /** What its sshd, which listens on port 22 of the loopback, has logged. */
  sshdLog(): Promise<string>;
}

/** What is its own, for unshare(1). */
const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--kill-child"];

/** Its devices; in one line, and with the folder for them as `$1`. */
const DEVICES = [
  "for device in null zero full random urandom tty",
  'do : >> "$1/$device" && mount --bind "/dev/$device" "$1/$device" || exit 99',
  'done; mkdir "$1/pts" && mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$1/pts"',
  'ln -s pts/ptmx "$1/ptmx" && ln -s /proc/self/fd "$1/fd"',
  'ln -s fd/0 "$1/stdin"; ln -s fd/1 "$1/stdout"; ln -s fd/2 "$1/stderr"',
].join("; ");

/** Puts up the machine in `$0`, with the devices in `$1`, and stays in it. */
const SCRIPT = `set -e
mount -t tmpfs machine "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" "$0/root"
for folder in tmp run srv home var/log root
do mount -t tmpfs -o mode=755 tmpfs "$0/root/$folder"
done
chmod 1777 "$0/root/tmp"
mkdir -p "$0/root/run/sshd"
mount -t proc proc "$0/root/proc"
${DEVICES}
mount --rbind "$1" "$0/root/dev"
ip link set lo up
exec chroot "$0/root" cat`;

/** As a distribution brings it. */
const SSHD_CONFIG = `UsePAM yes
KbdInteractiveAuthentication no
PrintMotd no
LogLevel VERBOSE
ListenAddress 127.0.0.1
Subsystem sftp /usr/lib/openssh/sftp-server
`;

/** There is no systemd on the machine; this is what is asked of it. */
const SYSTEMCTL = `#!/bin/sh
[ "$*" = "reload ssh" ] && exec kill -HUP "$(cat /run/sshd.pid)"
echo "systemctl $*: not on this machine" >&2
exit 1
`;

/** How often its syslog is read. */
const LISTEN_MS = 20;

/** What a test of a machine needs, besides programs. */
export function needsMachine(...programs: string[]): Need {
  if (Deno.uid() !== 0) return { ignore: true, reason: "only root can make an account" };
  const mayMount = findProgram("unshare") !== undefined &&
    new Deno.Command("unshare", { args: [...NAMESPACES, "true"], stderr: "null" }).outputSync()
      .success;
  if (!mayMount) return { ignore: true, reason: "nothing can be mounted here (unshare)" };
  const own = ["unshare", "nsenter", "chroot", "ip", "sshd", "/usr/lib/openssh/sftp-server"];
  return needs(...own, "runuser", "useradd", "ssh-keygen", "sftp", ...programs);
}

/** Runs `use` with a machine, and ends everything that runs on it. */
export async function withMachine(use: (machine: Machine) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    for (const name of ["machine", "dev"]) await Deno.mkdir(`${folder}/${name}`);
    using listener = new DatagramListener(`${folder}/dev/log`);
    await Deno.chmod(`${folder}/dev/log`, 0o666);
    const lines: string[] = [];
    const listen = () => {
      lines.push(...listener.take());
    };
    // Programs wait where a few messages are not taken.
    const listening = setInterval(listen, LISTEN_MS);
    const script = ["sh", "-c", SCRIPT, `${folder}/machine`, `${folder}/dev`];
    const holder = new Deno.Command(programPath("unshare"), {
      args: [...NAMESPACES, ...script],
      // When this process ends, so does cat(1), and all processes of the machine with it.
      stdin: "piped",
      stdout: "null",
    }).spawn();
    const children: Deno.ChildProcess[] = [holder];
    const syslog = () => {
      listen();
      return lines.splice(0).map((line) => line.replace(/^<\d+>\w{3} [ \d]\d [\d:]{8} /, ""));
    };
    try {
      const machine = machineOf(await pidInside(holder), { syslog, children });
      await startSshd(machine);
      await use(machine);
    } finally {
      clearInterval(listening);
      // unshare(1) ignores SIGTERM; its child, and with it all processes there, end with it.
      holder.kill("SIGKILL");
      await Promise.all(children.map(({ status }) => status));
      await holder.stdin.close().catch(isBrokenPipe);
    }
  });
}

function machineOf(
  pid: number,
  { syslog, children }: {
    readonly syslog: () => string[];
    /** Gets what goes on until the machine ends. */
    readonly children: Deno.ChildProcess[];
  },
): Machine {
  const root = `/proc/${pid}/root`;
  const words = (script: string, user = "root") => {
    const home = user === "root" ? "/root" : `/home/${user}`;
    const as = user === "root" ? [] : ["runuser", "-u", user, "--"];
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    return [
      ...["nsenter", "--target", String(pid), "--mount", "--net", "--pid", "--root"],
      ...[...as, "env", "--chdir=/", "-i", `HOME=${home}`, `USER=${user}`, path],
      ...["LC_ALL=C.UTF-8", "sh", "-e", "-c", `cd\n${script}`],
    ];
  };
  return {
    root,
    sh(script, user) {
      const [program = "", ...args] = words(script, user);
      return runOk(program, args);
    },
    run(script, user) {
      const [program = "", ...args] = words(script, user);
      return run(program, args);
    },
    start(script) {
      const [program = "", ...args] = words(script);
      const silent = { stdin: "null", stdout: "null", stderr: "null" } as const;
      children.push(new Deno.Command(programPath(program), { args, ...silent }).spawn());
    },
    syslog,
    sshdLog: () => Deno.readTextFile(`${root}/var/log/sshd`),
  };
}

/** The first process of the machine, once it is in its root directory. */
async function pidInside({ pid, status }: Deno.ChildProcess): Promise<number> {
  let hasEnded = false;
  status.then(() => hasEnded = true);
  let inside = 0;
  await until(async () => {
    if (hasEnded) throw new Error("the machine cannot be made here");
    const [child] = (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).split(" ");
    inside = Number(child);
    return inside > 0 && (await Deno.readTextFile(`/proc/${inside}/comm`)) === "cat\n";
  }, { what: "the machine is made" });
  return inside;
}

async function startSshd(machine: Machine): Promise<void> {
  const { root } = machine;
  await Deno.writeTextFile(`${root}/etc/ssh/sshd_config`, SSHD_CONFIG);
  await Deno.writeTextFile(`${root}/usr/local/bin/systemctl`, SYSTEMCTL, { mode: 0o755 });
  await Deno.writeTextFile(`${root}/var/log/sshd`, "");
  machine.start("ssh-keygen -A && exec /usr/sbin/sshd -D -E /var/log/sshd");
  const listens = async () => (await machine.sshdLog()).includes("Server listening on");
  await until(listens, { what: "sshd listens" });
}

function isBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}
