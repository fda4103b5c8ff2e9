import { assertEquals, assertThrows } from "@std/assert";
import { parseBenchArgs } from "../../scripts/bench/options.ts";

Deno.test("parseBenchArgs() has 7 rounds of everything that is quick where nothing is said", () => {
  const { rounds, size, stages, only, idle, growth, sshd } = parseBenchArgs([]);
  assertEquals({ rounds, size, only, idle, growth, sshd }, {
    rounds: 7,
    size: 512,
    only: undefined,
    idle: 0,
    growth: false,
    sshd: false,
  });
  assertEquals(stages.join(), "start,r32,r255,w32,w255,s1,sp,oc,rd");
});

Deno.test("parseBenchArgs() takes lists of stages and contestants", () => {
  const { stages, only } = parseBenchArgs(["--stages", "r32,sp", "--only=openssh,kernel"]);
  assertEquals([stages, only], [["r32", "sp"], ["openssh", "kernel"]]);
});

Deno.test("parseBenchArgs() takes no stage at all", () => {
  assertEquals(parseBenchArgs(["--stages=none"]).stages, []);
});

Deno.test("parseBenchArgs() turns on all further parts with --all", () => {
  const { idle, growth, sshd } = parseBenchArgs(["--all"]);
  assertEquals({ idle, growth, sshd }, { idle: 100, growth: true, sshd: true });
});

Deno.test("parseBenchArgs() measures 100 idle sessions, or as many as are wanted", () => {
  assertEquals(parseBenchArgs(["--idle"]).idle, 100);
  assertEquals(parseBenchArgs(["--idle", "--check"]).idle, 100);
  assertEquals(parseBenchArgs(["--idle=9"]).idle, 9);
});

Deno.test("parseBenchArgs() refuses what it does not know, by name", () => {
  for (
    const [args, message] of [
      [["--fast"], "--fast"],
      [["--rounds", "many"], "many"],
      [["--rounds", "0"], "0"],
      [["--stages", "r32,r33"], "r33"],
      [["--only", "vsftpd"], "vsftpd"],
    ] as const
  ) assertThrows(() => parseBenchArgs(args), TypeError, message);
});
