import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { jailSpec, parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { argumentsOf, helpOf, parseOptions } from "../../../lib/cli/options/args.ts";
import { type Limits, policiesFor } from "../../../lib/cli/options/policies.ts";
import { noLimits } from "../../support/limits.ts";
import { parseProxyOptions, proxySpec } from "../../../lib/cli/proxy/options.ts";

function limits(...args: readonly string[]): Limits {
  const jail = parseJailOptions([...args, "DIR"]);
  const proxy = parseProxyOptions([...args, "HOST"]);
  assert("limits" in jail && "limits" in proxy);
  assertEquals(jail.limits, proxy.limits);
  return jail.limits;
}

Deno.test("parseLimits() reads each option, for the jail as for the proxy", () => {
  const read: [string[], Partial<Limits>][] = [
    [[], {}],
    [["--upload-only"], { uploadOnly: true }],
    [["--append-only"], { appendOnly: true }],
    [["--no-overwrite"], { noOverwrite: true }],
    [["--no-delete"], { noDelete: true }],
    [["--deny", "*.key", "--deny=/a b", "--hide", ".*"], {
      denyPaths: ["*.key", "/a b"],
      hidePaths: [".*"],
    }],
    [["--file-mode=640"], { fileMode: 0o640 }],
    [["--dir-mode", "02770"], { dirMode: 0o2770 }],
    [["--ignore-chmod"], { ignoreChmod: true }],
    [["--max-file-size=0"], { maxFileSize: 0 }],
    [["--max-file-size=1000"], { maxFileSize: 1000 }],
    [["--max-file-size=10K"], { maxFileSize: 10_240 }],
    [["--max-file-size=3m"], { maxFileSize: 3_145_728 }],
    [["--max-file-size=2G"], { maxFileSize: 2_147_483_648 }],
    [["--upload-only", "--no-overwrite", "--no-delete", "--ignore-chmod"], {
      uploadOnly: true,
      noOverwrite: true,
      noDelete: true,
      ignoreChmod: true,
    }],
    [["--read-only", "--hide=.*", "--no-delete"], { hidePaths: [".*"], noDelete: true }],
  ];
  for (const [args, expected] of read) assertEquals(limits(...args), { ...noLimits, ...expected });
});

Deno.test("parseLimits() refuses invalid values, and names them", () => {
  const refused: [string, string][] = [
    ["--file-mode=9", '--file-mode "9" is not an octal number up to 7777'],
    ["--file-mode=17777", '--file-mode "17777"'],
    ["--dir-mode=rwx", '--dir-mode "rwx"'],
    ["--max-file-size=", '--max-file-size ""'],
    ["--max-file-size=1T", '--max-file-size "1T"'],
    ["--max-file-size=-1", '--max-file-size "-1"'],
    ["--max-file-size=1.5M", '--max-file-size "1.5M"'],
    ["--max-file-size=999999999999G", "--max-file-size"],
    ["--deny=[a", 'Cannot read the pattern "[a": "[" is not closed'],
    ["--hide=", 'Cannot read the pattern ""'],
  ];
  for (const [arg, message] of refused) {
    assertThrows(() => limits(arg), UsageError, message);
    assertThrows(() => parseProxyOptions([arg, "HOST"]), UsageError, message);
  }
});

Deno.test("parseLimits() refuses options that contradict each other", () => {
  const contradictions: string[][] = [
    ["--read-only", "--upload-only"],
    ["--upload-only", "-R"],
    ["--read-only", "--append-only"],
    ["--read-only", "--file-mode=600"],
    ["--read-only", "--dir-mode=700"],
    ["--read-only", "--ignore-chmod"],
    ["--read-only", "--max-file-size=1"],
    ["--append-only", "--upload-only"],
    ["--append-only", "--no-overwrite"],
  ];
  for (const args of contradictions) {
    assertThrows(() => limits(...args), UsageError, "contradict each other", args.join(" "));
  }
});

Deno.test("policiesFor() makes a policy of each limit, and puts the paths around all others", () => {
  const names = (limits: Limits) => policiesFor(limits).map(({ name }) => name);
  assertEquals(names(noLimits), []);
  assertEquals(names({ ...noLimits, ignoreChmod: true }), ["modes"]);
  assertEquals(names({ ...noLimits, hidePaths: [".*"] }), ["hide"]);
  assertEquals(names({ ...noLimits, maxFileSize: 0 }), ["max-file-size"]);
  assertEquals(names({ ...noLimits, fileMode: 0 }), ["modes"]);
  assertEquals(
    names({
      uploadOnly: true,
      appendOnly: true,
      noOverwrite: true,
      noDelete: true,
      denyPaths: ["a"],
      hidePaths: ["b"],
      fileMode: 0o600,
      dirMode: 0o700,
      ignoreChmod: true,
      maxFileSize: 1,
    }),
    [
      "modes",
      "max-file-size",
      "no-delete",
      "no-overwrite",
      "append-only",
      "upload-only",
      "deny",
      "hide",
    ],
  );
});

Deno.test("argumentsOf() repeats what was repeated", () => {
  const args = ["--hide=.*", "--deny=*.key", "--deny=/a b", "--no-delete", "--file-mode=640"];
  const specs = jailSpec.options;
  assertEquals([...argumentsOf(parseOptions(args, specs), specs)].sort(), [...args].sort());
});

Deno.test("the help lists the policies below a heading of their own, in lines that fit", () => {
  for (const help of [helpOf(jailSpec), helpOf(proxySpec)]) {
    const [before = "", policies = ""] = help.split("\n\nWho may do what:\n");
    assertEquals(before.includes("--upload-only"), false);
    for (const option of ["--read-only", "--deny GLOB", "--max-file-size", "--allow-requests"]) {
      assertEquals(policies.includes(option), true, option);
    }
    for (const line of policies.split("\n")) assert(line.length <= 85, line);
  }
});
