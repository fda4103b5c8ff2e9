/**
 * The author's guide, `lib/storage/README.md`, as the folder that its reader gets.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { withTempDir } from "../support/files.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const GUIDE = `${PROJECT}lib/storage/README.md`;

/** The guide's text, and the folder that it describes. */
export interface Guide {
  readonly text: string;
  /** Holds the guide's files. */
  readonly folder: string;
  /** The names of these files. */
  readonly files: readonly string[];
}

/** A file of the guide stands in a block of code, behind a line with its name in backquotes. */
export function filesIn(text: string): ReadonlyMap<string, string> {
  const blocks = text.matchAll(/^`([\w.]+)`:\n\n```\w+\n(.*?)^```$/gms);
  return new Map(Array.from(blocks, ([, name = "", content = ""]) => [name, content]));
}

/** The line of the guide that begins so, from a block of code. */
export function lineIn(text: string, beginning: string): string {
  const lines = [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].flatMap(([, code = ""]) =>
    code.split("\n")
  );
  const line = lines.find((line) => line.startsWith(beginning));
  if (line === undefined) throw new Error(`The guide has no line that begins with ${beginning}`);
  return line;
}

/** Replaces what stands in the guide; a text that does not is a mistake of the test. */
export function replaced(text: string, pairs: Readonly<Record<string, string>>): string {
  for (const [before, after] of Object.entries(pairs)) {
    if (!text.includes(before)) throw new Error(`The guide does not say ${before}: ${text}`);
    text = text.replaceAll(before, after);
  }
  return text;
}

/** Runs `use` with the guide's folder, as its reader would have it beside this project. */
export async function withGuide(use: (guide: Guide) => Promise<void>): Promise<void> {
  const text = await Deno.readTextFile(GUIDE);
  await withTempDir(async (directory) => {
    const folder = await Deno.realPath(directory);
    const files = filesIn(text);
    for (const [name, content] of files) await Deno.writeTextFile(`${folder}/${name}`, content);
    const config = `${folder}/deno.json`;
    const here = "../".repeat(folder.split("/").length - 1) + PROJECT.slice(1, -1);
    await Deno.writeTextFile(
      config,
      replaced(await Deno.readTextFile(config), { '"../sftpwrap"': JSON.stringify(here) }),
    );
    await use({ text, folder, files: [...files.keys()] });
  });
}
