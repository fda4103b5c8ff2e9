/**
 * The recipes of the manual, and the files in them.
 *
 * @module
 */

import { indentedUnder, PROJECT } from "../guide/pages.ts";

/** The page that the recipes are on. */
export const PAGE = `${PROJECT}lib/cli/README.md`;

/** The indented blocks of a recipe. */
export async function recipe(heading: RegExp): Promise<string[]> {
  return indentedUnder(await Deno.readTextFile(PAGE), heading);
}

/** A block whose first line is a comment with the path of a file, which is the block. */
export async function fileOfRecipe(path: string): Promise<string> {
  const block = (await recipe(/./)).find((block) => block.startsWith(`# ${path}\n`));
  if (block === undefined) throw new Error(`No recipe has ${path}`);
  return block;
}
