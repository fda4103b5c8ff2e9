import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SUBCOMMANDS } from "../../../lib/cli/main.ts";
import { manualPage } from "../../../lib/cli/manual/command.ts";
import { EXTRAS } from "../../../lib/cli/manual/extras.ts";
import { TABLES } from "../../../lib/cli/manual/tables.ts";
import { TOPICS } from "../../../lib/cli/manual/topics.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { run, runOk } from "../../support/run.ts";

const PROGRAM = {
  subcommands: SUBCOMMANDS,
  version: () => Promise.resolve("1.2.3 (commit 0123, Deno 2)"),
  date: () => new Date("2026-02-03"),
};

/** Every page by its name. */
async function pages(): Promise<ReadonlyMap<string, string>> {
  const all = new Map([["sftpwrap", await manualPage(undefined, PROGRAM)]]);
  for (const { name } of SUBCOMMANDS) all.set(name, await manualPage(name, PROGRAM));
  return all;
}

/** Uses the file of each page. */
async function forEachPage(use: (name: string, file: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    for (const [name, text] of await pages()) {
      const file = `${directory}/${name}.1`;
      await Deno.writeTextFile(file, text);
      await use(name, file);
    }
  });
}

Deno.test("every subcommand of the program has a table, from which its page is made", () => {
  const names = SUBCOMMANDS.map(({ name }) => name);
  assertEquals(TABLES.map(({ name }) => name).sort(), names.sort());
});

Deno.test("what the manual adds is about subcommands, options and topics that there are", () => {
  for (const [name, { details = {}, topics = [] }] of Object.entries(EXTRAS)) {
    const options = TABLES.find((table) => table.name === name)?.options ?? [];
    for (const detail of Object.keys(details)) {
      assert(options.some((option) => option.name === detail), `${name} --${detail}`);
    }
    for (const topic of topics) assert(TOPICS.has(topic), `${name}: ${topic}`);
  }
});

Deno.test({
  name: "mandoc finds nothing to warn of in any page",
  ...needs("mandoc"),
  async fn() {
    await forEachPage(async (name, file) => {
      const { code, stdout } = await run("mandoc", ["-Tlint", "-W", "warning", file]);
      assertEquals([code, stdout], [0, ""], name);
    });
  },
});

Deno.test({
  name: "man shows every option of a subcommand, with its value and its letter",
  ...needs("man"),
  async fn() {
    await forEachPage(async (name, file) => {
      const shown = await runOk("man", ["-P", "cat", "-l", file], {
        env: { MANWIDTH: "100", LC_ALL: "C.UTF-8" },
      });
      assertMatch(shown, /^NAME\n +sftpwrap/m);
      for (const { name: option, letter, value, otherwise } of optionsOf(name)) {
        const long = `--${option}` +
          (value === undefined ? "" : otherwise === undefined ? `=${value}` : `[=${value}]`);
        const short = letter === undefined
          ? ""
          : `-${letter}${value === undefined ? "" : ` ${value}`}, `;
        // A short one has its help on the same line.
        const lines = shown.split("\n");
        const head = `     ${short}${long}`;
        assert(lines.some((line) => line === head || line.startsWith(`${head}  `)), name + head);
      }
    });
  },
});

function optionsOf(name: string) {
  return TABLES.find((table) => table.name === name)?.options ?? [];
}

Deno.test("a page keeps literal what roff would take for itself", async () => {
  const jail = await manualPage("jail", PROGRAM);
  for (
    const line of [
      ".It Cm \\&\\%\\e",
      "\\-\\-hide '.*'",
      ".Os sftpwrap 1.2.3",
      ".Dd February 3, 2026",
    ]
  ) {
    assertStringIncludes(jail, line);
  }
});

Deno.test("the exit statuses of the manual are those of the page", async () => {
  const page = await Deno.readTextFile(
    new URL("../../../lib/cli/options/README.md", import.meta.url),
  );
  const rows = [...page.matchAll(/^\| +(\d+) \| (.+?) +\|$/gm)];
  assertEquals(
    rows.map(([, status = "", text = ""]) => [status, text]),
    (TOPICS.get("exit-status")?.terms ?? []).map(([status, text]) => [status, text]),
  );
});
