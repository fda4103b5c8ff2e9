import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runOk } from "../../support/run.ts";
import { run, sftpwrap } from "../../support/wire_session.ts";

async function printed(...args: readonly string[]): Promise<readonly [number, string, string]> {
  const { code, stdout, stderr } = await run(sftpwrap(args));
  return [code, new TextDecoder().decode(stdout), stderr];
}

Deno.test("man, completions and help print on stdout what they are asked for", async () => {
  const [page, jail, bash, log, help, helpOfJail] = await Promise.all([
    printed("man"),
    printed("man", "jail"),
    printed("completions", "bash"),
    printed("help", "log"),
    printed("jail", "--help"),
    printed("help", "jail"),
  ]);
  for (const [code, , stderr] of [page, jail, bash, log, help]) {
    assertEquals([code, stderr], [0, ""]);
  }
  assertMatch(page[1], /^\.Dd .*\n\.Dt SFTPWRAP 1\n/);
  assertMatch(jail[1], /^\.Dd .*\n\.Dt SFTPWRAP-JAIL 1\n/);
  assertStringIncludes(bash[1], "complete -F _sftpwrap sftpwrap\n");
  assertStringIncludes(log[1], "\n  VERBOSE       also look-ups, and why a request was refused\n");
  assertEquals(helpOfJail, help);
});

Deno.test("a page, a shell and a topic that are not there are refused in one line", async () => {
  const refused: readonly (readonly [args: readonly string[], says: string])[] = [
    [["man", "serve"], 'no manual page for "serve"'],
    [["man", "jail", "proxy"], 'unexpected operand "proxy"'],
    [["completions"], "SHELL is missing (bash, zsh, fish)"],
    [["completions", "tcsh"], 'unknown shell "tcsh" (bash, zsh, fish)'],
    [["help", "hooks"], 'unknown topic "hooks" (a subcommand, or tokens,'],
  ];
  await Promise.all(refused.map(async ([args, says]) => {
    const [code, stdout, stderr] = await printed(...args);
    assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [1, "", 2]);
    assertStringIncludes(stderr, `sftpwrap: ${says}`);
    assertStringIncludes(stderr, `\nusage: sftpwrap ${args[0]} `);
  }));
});

interface Dependency {
  readonly code?: { readonly specifier: string };
  readonly isDynamic?: boolean;
}

Deno.test("a session loads nothing of the manual", async () => {
  for (const entry of ["main", "cli/jail/command", "cli/proxy/command", "cli/gridfs/command"]) {
    const path = entry === "main" ? "../../../main.ts" : `../../../lib/${entry}.ts`;
    const start = new URL(path, import.meta.url);
    const info: {
      readonly modules: readonly {
        readonly specifier: string;
        readonly dependencies?: readonly Dependency[];
      }[];
    } = JSON.parse(await runOk(Deno.execPath(), ["info", "--json", fileURLToPath(start)]));
    const modules = new Map(info.modules.map((module) => [module.specifier, module]));
    const loaded = new Set([start.href]);
    for (const specifier of loaded) {
      for (const { code, isDynamic } of modules.get(specifier)?.dependencies ?? []) {
        if (code !== undefined && isDynamic !== true) loaded.add(code.specifier);
      }
    }
    assertEquals([...loaded].filter((specifier) => specifier.includes("/cli/manual/")), [], entry);
  }
});
