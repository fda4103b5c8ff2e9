/**
 * The manual's pages, and what can be found in them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The project's root, with a slash at the end. */
export const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** A page of the manual. */
export interface Page {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

/** A call of the program that a page shows. */
export interface ShownCommand {
  readonly subcommand: string;
  readonly args: readonly string[];
}

/** Reads README.md, and every README.md below lib/. */
export async function readPages(): Promise<Page[]> {
  const below = (await pathsBelow("lib/")).filter((path) => path.endsWith("/README.md"));
  return await Promise.all(
    ["README.md", ...below.sort()].map(async (path) => ({
      path,
      text: await Deno.readTextFile(PROJECT + path),
    })),
  );
}

/** The project's files and folders, from its root; a folder ends in a slash. */
export async function pathsOfProject(): Promise<string[]> {
  return ["main.ts", ...await pathsBelow("lib/"), ...await pathsBelow("scripts/")].concat(
    await pathsBelow("tests/"),
  );
}

async function pathsBelow(folder: string): Promise<string[]> {
  const found = [folder];
  for await (const { name, isDirectory } of Deno.readDir(PROJECT + folder)) {
    if (isDirectory) found.push(...await pathsBelow(`${folder}${name}/`));
    else found.push(folder + name);
  }
  return found;
}

/** Sources and folders that stand in code: `a/b.ts`, `a/b/`. */
export function filesNamedIn(text: string): string[] {
  return [...withoutFences(text).matchAll(/`((?:[\w.]+\/)*(?:\w+\.ts|\w{2,}\/))`/g)]
    .map(([, name = ""]) => name);
}

/** Targets of links that do not leave the project. */
export function linksIn(text: string): string[] {
  const prose = withoutCode(text);
  const inline = [...prose.matchAll(/\]\(([^)\s]+)\)/g)];
  const references = [...prose.matchAll(/^\[[^\]]+\]: (\S+)$/gm)];
  return [...inline, ...references].map(([, target = ""]) => target)
    .filter((target) => !/^\w+:/.test(target));
}

/** What a heading is called in a link, as GitHub makes it. */
export function anchorsIn(text: string): ReadonlySet<string> {
  const headings = withoutFences(text).matchAll(/^#+ (.+)$/gm);
  return new Set(
    Array.from(
      headings,
      ([, heading = ""]) =>
        heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-"),
    ),
  );
}

/** Each `sftpwrap SUBCOMMAND …`, up to the quote, comment, redirection or line that ends it. */
export function commandsIn(text: string): ShownCommand[] {
  const commands = text.replaceAll(/ \\\n +/g, " ").matchAll(
    /(?:sftpwrap|main\.ts) (jail|proxy|gridfs|s3|authorize)\b((?: +(?:'[^'\s]*'|[^\s"'`#<])+)*)/g,
  );
  return Array.from(commands, ([, subcommand = "", args = ""]) => ({
    subcommand,
    args: args.replaceAll("'", "").split(" ").filter((arg) => arg !== ""),
  }));
}

/** The first indented block of code after some text of a page. */
export function indentedAfter(text: string, beginning: string): string {
  const [, after] = text.split(beginning);
  const [block] = /(?:^ {4}.*\n)+/m.exec(after ?? "") ?? [];
  if (block === undefined) throw new Error(`No page has commands after "${beginning}"`);
  return block.replace(/^ {4}/gm, "");
}

/** The indented blocks of code under the headings whose text matches. */
export function indentedUnder(text: string, heading: RegExp): string[] {
  const sections = withoutFences(text).split(/^(?=#+ )/m)
    .filter((section) => heading.test(section.slice(0, section.indexOf("\n")).replace(/^#+ /, "")));
  const blocks = sections.flatMap((section) => section.match(/(?:^ {4}.*\n)+/gm) ?? []);
  return blocks.map((block) => block.replace(/^ {4}/gm, ""));
}

/** The long options that stand in code. */
export function longOptionsIn(text: string): string[] {
  const inline = [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  const blocks = text.split("\n").filter((line) => line.startsWith("    "));
  return [...inline, ...blocks].flatMap((code) =>
    [
      ...code.matchAll(/(?<![\w-])--[a-z][\w-]*/g),
    ].map(([option]) => option)
  );
}

/** Every option of a help text, short and long. */
export function optionsInHelp(help: string): ReadonlySet<string> {
  const lines = help.split("\n").filter((line) => /^ +-/.test(line));
  return new Set(lines.flatMap((line) => {
    const [, letter, name = ""] = /^ +(-\w)?(?:, )? *(--[\w-]+)/.exec(line) ?? [];
    return letter === undefined ? [name] : [letter, name];
  }));
}

function withoutFences(text: string): string {
  return text.replace(/^```.*?^```$/gms, "");
}

function withoutCode(text: string): string {
  return withoutFences(text).replace(/^ {4}.*$/gm, "").replace(/`[^`\n]*`/g, "code");
}
