import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { jail } from "../../../scripts/bench/jail.ts";
import { help, parseBenchArgs } from "../../../scripts/bench/options.ts";
import { policies } from "../../../scripts/bench/policies.ts";

Deno.test("parseBenchArgs() has 7 rounds of everything that is quick where nothing is said", () => {
  const { rounds, size, stages, only, idle, has } = parseBenchArgs([], jail);
  assertEquals([rounds, size, idle, has("sshd")], [7, 512, 0, false]);
  assertEquals(only, ["openssh", "kernel", "portable"]);
  assertEquals(stages.join(), "start,r32,r255,w32,w255,s1,sp,oc,rd");
});

Deno.test("parseBenchArgs() takes lists of stages and contestants, and no stage at all", () => {
  const args = ["--stages", "r32,sp", "--only=openssh,kernel"];
  const { stages, only } = parseBenchArgs(args, jail);
  assertEquals([stages, only], [["r32", "sp"], ["openssh", "kernel"]]);
  assertEquals(parseBenchArgs(["--stages=none"], jail).stages, []);
});

Deno.test("parseBenchArgs() turns on both further parts with --all", () => {
  const { idle, has } = parseBenchArgs(["--all"], jail);
  assertEquals([idle, has("sshd")], [100, true]);
});

Deno.test("parseBenchArgs() measures 100 idle sessions, or as many as are wanted", () => {
  assertEquals(parseBenchArgs(["--idle"], jail).idle, 100);
  assertEquals(parseBenchArgs(["--idle", "--check"], jail).idle, 100);
  assertEquals(parseBenchArgs(["--idle=9"], jail).idle, 9);
  assertEquals(parseBenchArgs(["--idle=9", "--all"], jail).idle, 9);
});

Deno.test("parseBenchArgs() refuses what it does not know, by name", () => {
  for (
    const [args, message] of [
      [["--fast"], "--fast"],
      [["growth"], "growth"],
      [["--rounds", "many"], "many"],
      [["--rounds", "0"], "0"],
      [["--stages", "r32,r33"], "r33"],
      [["--only", "vsftpd"], "vsftpd"],
    ] as const
  ) assertThrows(() => parseBenchArgs(args, jail), UsageError, message);
});

Deno.test("parseBenchArgs() refuses an option that its subject does not have", () => {
  assertThrows(() => parseBenchArgs(["--size=1"], policies), UsageError, "--size");
  assertEquals(parseBenchArgs(["--counts=10,20"], policies).counts, [10, 20]);
});

Deno.test("help() lists the options of the subject alone", () => {
  assert(help("jail", jail).includes("--stages LIST"));
  assert(!help("policies", policies).includes("--stages"));
});
