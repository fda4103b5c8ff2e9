import { assert, assertEquals } from "@std/assert";
import { openLibc } from "../../lib/linux/libc.ts";
import { openSpawn, type ProcessEnd } from "../../lib/linux/libc_spawn.ts";
import { Poll } from "../../lib/linux/linux.ts";
import { pollfd } from "../../lib/linux/structs.ts";

const ENOENT = -2;

const libc = openLibc();
const spawn = openSpawn();

/** Starts a shell whose three streams are pipes of which this returns the other ends. */
function shell(script: string, env: readonly string[] = []) {
  const [stdin, stdout, stderr] = [spawn.pipe()!, spawn.pipe()!, spawn.pipe()!];
  const pid = spawn.spawn({
    path: "/bin/sh",
    args: ["sh", "-c", script],
    env,
    streams: [stdin.output, stdout.input, stderr.input],
  });
  assert(pid > 0, `${pid}`);
  for (const fd of [stdin.output, stdout.input, stderr.input]) libc.close(fd);
  return { pid, stdin: stdin.input, stdout: stdout.output, stderr: stderr.output };
}

function textFrom(fd: number): string {
  const bytes = new Uint8Array(4096);
  let text = "";
  for (let count = libc.read(fd, bytes); count > 0; count = libc.read(fd, bytes)) {
    text += new TextDecoder().decode(bytes.subarray(0, count));
  }
  libc.close(fd);
  return text;
}

/** Waits by the descriptor of the process, as the helper does. */
function endOf(pid: number): ProcessEnd | undefined {
  const fd = spawn.openProcess(pid);
  assert(fd >= 0);
  libc.poll(pollfd(fd, Poll.IN), -1);
  libc.close(fd);
  return spawn.ended(pid);
}

Deno.test("a program gets its streams, its arguments and its environment, and no other", () => {
  const { pid, stdin, stdout, stderr } = shell('read line; echo "$line $A"; env >&2; exit 7', [
    "A=one two",
  ]);
  libc.write(stdin, new TextEncoder().encode("told\n"));
  libc.close(stdin);
  assertEquals(textFrom(stdout), "told one two\n");
  const names = textFrom(stderr).trim().split("\n").map((line) => line.split("=")[0]);
  assertEquals(names.filter((name) => !["PWD", "_", "OLDPWD", "SHLVL"].includes(name!)), ["A"]);
  assertEquals(endOf(pid), { status: 7 });
});

Deno.test("a program has no descriptor but its streams, no ignored signal, and a session of its own", () => {
  // Those that the test itself was started with.
  libc.setCloseOnExecFrom(3);
  const { pid, stdin, stdout, stderr } = shell(
    "ls /proc/self/fd; grep SigIgn /proc/$$/status; cut -d' ' -f6 /proc/$$/stat; echo $$",
  );
  libc.close(stdin);
  const [fds, rest = ""] = textFrom(stdout).split("SigIgn:");
  // `ls` itself has the directory open.
  assertEquals(fds!.trim().split("\n"), ["0", "1", "2", "3"]);
  const [ignored, session, own] = rest.trim().split("\n");
  assertEquals(parseInt(ignored!, 16) & 0x1000, 0, "SIGPIPE");
  assertEquals([session, own], [`${pid}`, `${pid}`]);
  libc.close(stderr);
  assertEquals(endOf(pid), { status: 0 });
});

Deno.test("a group is killed with all that is in it", () => {
  const { pid, stdin, stdout, stderr } = shell("sleep 1000 & echo $!; wait");
  const bytes = new Uint8Array(16);
  const child = parseInt(new TextDecoder().decode(bytes.subarray(0, libc.read(stdout, bytes))));
  assertEquals(spawn.ended(pid), undefined);
  assertEquals(spawn.kill(-pid), 0);
  assertEquals(endOf(pid), { signal: 9 });
  // The pipe is closed by the last process that has it.
  assertEquals(textFrom(stdout), "");
  assert(child > pid);
  for (const fd of [stdin, stderr]) libc.close(fd);
});

Deno.test("a program that does not exist is not started", () => {
  const program = { path: "/nonexistent", args: ["x"], env: [], streams: [0, 1, 2] as const };
  assertEquals(spawn.spawn(program), ENOENT);
});
