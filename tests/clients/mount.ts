import { findProgram, type Need, needs } from "../support/programs.ts";
import { run, runOk, until } from "../support/run.ts";
import type { Served } from "./ways.ts";

/** What a test with sshfs needs, including that this user may open /dev/fuse. */
export function needsSshfs(...programs: string[]): Need {
  const need = needs("sshd", "ssh-keygen", "sshfs", "fusermount3", "/dev/fuse", ...programs);
  if (need.ignore || Deno.env.get("SFTPWRAP_NO_SKIP") === "1") return need;
  return canOpenFuse() ? need : { ignore: true, reason: "/dev/fuse is closed to this user" };
}

/** Runs `use` with the jail mounted by sshfs, and unmounts it in every case. */
export async function withMount(
  { base, sshd }: Pick<Served, "base" | "sshd">,
  use: (mountPoint: string) => Promise<void>,
  options: readonly string[] = [],
): Promise<void> {
  const mountPoint = `${base}/mount`;
  await Deno.mkdir(mountPoint);
  const log = await Deno.open(`${base}/sshfs_log`, { write: true, create: true });
  const args = ["-f", "-F", sshd.sshConfig, ...options, `${sshd.alias}:/`, mountPoint];
  const child = new Deno.Command(findProgram("sshfs") ?? "sshfs", {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const complaints = child.stderr.pipeTo(log.writable);
  let hasEnded = false;
  const ended = child.status.then(() => {
    hasEnded = true;
  });
  try {
    await until(async () => hasEnded || await isMounted(mountPoint), { what: "sshfs mounts" });
    if (!await isMounted(mountPoint)) {
      await complaints;
      throw new Error(`sshfs does not mount\n${await Deno.readTextFile(`${base}/sshfs_log`)}`);
    }
    await use(mountPoint);
  } finally {
    if (await isMounted(mountPoint)) await unmount(mountPoint);
    await ended;
    await complaints;
  }
}

/** A mount that is still in use is detached nevertheless. */
async function unmount(mountPoint: string): Promise<void> {
  const { code } = await run("fusermount3", ["-u", mountPoint]);
  if (code !== 0) await runOk("fusermount3", ["-u", "-z", mountPoint]);
}

async function isMounted(mountPoint: string): Promise<boolean> {
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  return mounts.split("\n").some((line) => line.split(" ")[4] === mountPoint);
}

function canOpenFuse(): boolean {
  try {
    Deno.openSync("/dev/fuse", { read: true, write: true }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotFound) {
      return false;
    }
    throw error;
  }
}
