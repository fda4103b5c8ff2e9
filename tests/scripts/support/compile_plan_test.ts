import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type CompileOptions,
  type CompilePlan,
  compilePlan,
  knownFlags,
  parseCompileArgs,
} from "../../../scripts/support/compile_plan.ts";
import { LIBC_PATHS } from "../../../lib/linux/libc.ts";

const NOTHING: CompileOptions = {
  jail: undefined,
  readOnly: false,
  output: undefined,
  target: undefined,
  jailOptions: [],
};

const VARIABLES = "--allow-env=USER,LOGNAME,HOME,SSH_CONNECTION,SSH_ORIGINAL_COMMAND,TZ,TZDIR";

function planOf(...args: readonly string[]): CompilePlan {
  return compilePlan(parseCompileArgs(args));
}

function permissions({ compile }: CompilePlan): string[] {
  return compile.filter((word) => word.startsWith("--allow-") || word.startsWith("-A"));
}

function assertRefused(args: readonly string[], expected: string): void {
  assertThrows(() => planOf(...args), TypeError, expected);
}

Deno.test("parseCompileArgs() knows what deno task compile is asked for", () => {
  assertEquals(parseCompileArgs([]), NOTHING);
  const args = [
    "--jail",
    "/srv/a",
    "--read-only",
    "--output=x",
    "--target",
    "t",
    "--",
    "-u",
    "027",
  ];
  assertEquals(parseCompileArgs(args), {
    jail: "/srv/a",
    readOnly: true,
    output: "x",
    target: "t",
    jailOptions: ["-u", "027"],
  });
});

Deno.test("parseCompileArgs() refuses what it does not know, and options of no jail", () => {
  assertRefused(["--jial", "/srv/a"], "unknown argument --jial");
  assertRefused(["/srv/a"], "unknown argument /srv/a");
  assertRefused(["--read-only"], "need --jail DIR");
  assertRefused(["--", "-u", "027"], "need --jail DIR");
  assertRefused(["--jail="], "needs a directory");
});

Deno.test("compilePlan() keeps the code cache out of every program", () => {
  for (const args of [[], ["--jail", "/srv/a"], ["--jail", "/srv/a", "--read-only"]]) {
    const { compile } = planOf(...args);
    assertEquals(compile[0], "compile");
    for (const flag of ["--no-code-cache", "--no-prompt"]) assert(compile.includes(flag), flag);
    // Whatever they are, flags of Deno end before the entry, which the caller puts behind them.
    for (const word of compile.slice(1)) assert(word.startsWith("--"), word);
  }
});

Deno.test("compilePlan() of a general program bakes no arguments, and each permission by its name", () => {
  const plan = planOf();
  assertEquals(plan.baked, []);
  for (const flag of ["--allow-read", "--allow-write", `--allow-ffi=${LIBC_PATHS.join(",")}`]) {
    assert(permissions(plan).includes(flag), flag);
  }
  assert(!plan.compile.some((flag) => ["-A", "--allow-all", "--allow-ffi"].includes(flag)));
});

Deno.test("compilePlan() of a jail bakes the directory as its only place to write", () => {
  const plan = planOf("--jail", "/srv/a b");
  assertEquals(plan.baked, ["jail", "/srv/a b"]);
  assertEquals(permissions(plan), [
    "--allow-read=/srv/a b,/etc/passwd,/etc/group,/etc/localtime,/usr/share/zoneinfo",
    "--allow-write=/srv/a b",
    VARIABLES,
    `--allow-ffi=${LIBC_PATHS.join(",")}`,
  ]);
});

Deno.test("compilePlan() of a jail with hooks may start this very program, and no other", () => {
  const runs = (...args: string[]) =>
    permissions(planOf(...args)).filter((flag) => flag.startsWith("--allow-run"));
  const hook = "--on=delete=/usr/local/bin/told";
  assertEquals(runs("--jail", "/srv/a"), []);
  assertEquals(runs("--jail", "/srv/a", "--", hook), ["--allow-run=/proc/self/exe"]);
  assertEquals(
    runs("--proxy", "h:22", "--", "--key=/k", "--known-hosts=/n", "--ssh-config=/c"),
    [],
  );
  assertEquals(
    runs("--proxy", "h:22", "--", hook, "--key=/k", "--known-hosts=/n", "--ssh-config=/c"),
    ["--allow-run=/proc/self/exe"],
  );
  const openssh = runs("--proxy", "h:22", "--", hook, "--transport=openssh");
  assertEquals(openssh, ["--allow-run=ssh,/proc/self/exe"]);
});

Deno.test("compilePlan() of a jail with a quarantine may see where that is, and writes there by libc", () => {
  const on = "--on=upload=/bin/scan";
  const [read, write] = permissions(planOf("--jail", "/srv/a", "--", on, "--quarantine=/q"));
  assertEquals(
    read,
    "--allow-read=/srv/a,/q,/etc/passwd,/etc/group,/etc/localtime,/usr/share/zoneinfo",
  );
  assertEquals(write, "--allow-write=/srv/a");
  assertThrows(() => planOf("--jail", "/srv/a", "--", on, "--quarantine=/q/%u"), TypeError, "%u");
});

Deno.test("compilePlan() with --read-only, or the jail's -R, bakes no permission to write", () => {
  for (const args of [["--read-only"], ["--", "-R"], ["--", "-eR"], ["--", "--read-only"]]) {
    const plan = planOf("--jail", "/srv/a", ...args);
    assertEquals(permissions(plan).filter((flag) => flag.startsWith("--allow-write")), []);
    assert(!plan.summary.some((line) => line.includes("--allow-write")));
  }
});

Deno.test("compilePlan() lets the log be written, in a read-only jail too", () => {
  const plan = planOf("--jail", "/srv/a", "--read-only", "--", "-l", "/var/log/a");
  assertEquals(plan.baked, ["jail", "--read-only", "-l", "/var/log/a", "/srv/a"]);
  assert(permissions(plan).includes("--allow-write=/var/log/a"));
  const both = planOf("--jail", "/srv/a", "--", "-l", "/var/log/a");
  assert(permissions(both).includes("--allow-write=/srv/a,/var/log/a"));
});

Deno.test("compilePlan() refuses a directory that is relative, or cannot be a scope", () => {
  assertRefused(["--jail", "srv/a"], "must be an absolute path");
  assertRefused(["--jail", "./a"], "must be an absolute path");
  assertRefused(["--jail", "/srv/a,b"], "holds a comma");
  assertRefused(["--jail", "/srv/a", "--", "-l", "/var/log/a,b"], "holds a comma");
  assertRefused(["--jail", "/srv/a", "--", "-l", "log"], "must be an absolute path");
  for (const jail of ["/srv/%u", "/srv/100%", "/srv/100%%"]) {
    assertRefused(["--jail", jail], "DIR cannot have tokens here");
  }
});

Deno.test("compilePlan() refuses options that are no session's", () => {
  for (const option of ["--help", "--check", "-Q=requests", "--command=x"]) {
    assertThrows(() => planOf("--jail", "/srv/a", "--", option), TypeError, undefined, option);
  }
  assertRefused(["--jail", "/srv/a", "--", "--bogus"], "unknown option --bogus");
  assertRefused(["--jail", "/srv/a", "--", "-u", "9"], "umask");
  // These would have it serve another directory, or swallow its own.
  assertRefused(["--jail", "/srv/a", "--", "/etc"], "there is more than one DIR");
  assertRefused(["--jail", "/srv/a", "--", "-l"], "DIR is missing");
});

Deno.test("compilePlan() names the output and the target", () => {
  assertEquals(planOf().output, "dist/sftpwrap");
  const { compile, output } = planOf("--output", "/tmp/x", "--target", "aarch64-apple-darwin");
  assertEquals(output, "/tmp/x");
  assert(compile.includes("--target=aarch64-apple-darwin"));
});

Deno.test("compilePlan() bakes where libc is on the target, not on this machine", () => {
  for (const arch of ["x86_64", "aarch64"]) {
    for (const jail of [[], ["--jail", "/srv/a"]]) {
      const plan = planOf("--target", `${arch}-unknown-linux-gnu`, ...jail);
      const ffi = permissions(plan).find((flag) => flag.startsWith("--allow-ffi="))!;
      const other = arch === "x86_64" ? "aarch64" : "x86_64";
      assert(ffi.includes(`/lib/${arch}-linux-gnu/libc.so.6`), ffi);
      assert(!ffi.includes(other), ffi);
    }
  }
});

Deno.test("compilePlan() tells everything that it bakes", () => {
  const { summary, baked, compile } = planOf(
    "--jail",
    "/srv/a",
    "--output",
    "x",
    "--",
    "-u",
    "027",
  );
  assertEquals(summary, [
    "x: the jail /srv/a",
    `arguments: ${baked.join(" ")}`,
    ...compile.filter((word) => word.startsWith("--allow-")).map((flag) => `permission: ${flag}`),
  ]);
  assertEquals(planOf().summary[0], "dist/sftpwrap: for every use");
});

Deno.test("knownFlags() leaves out what a V8 does not know", () => {
  const help = "  --sparkplug (enable Sparkplug)\n  --count-for-maglev (how often)\n";
  const flags = ["--no-sparkplug", "--count-for-maglev=7", "--count", "--for-maglev=1"];
  assertEquals(knownFlags(flags, help), ["--no-sparkplug", "--count-for-maglev=7"]);
});
