import { assert, assertEquals } from "@std/assert";
import { StorageError } from "../../lib/storage/errors.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { withTempDir } from "../support/files.ts";
import { atomicJail, JAILS } from "./jails.ts";
import { type Flag, namesIn, open } from "./support.ts";

const PAGE_BYTES = 4096;
const FILE_PAGES = 6;
/** Mounting is for root alone. */
const ignore = Deno.build.os !== "linux" || Deno.uid() !== 0;

const page = (letter: string) => new TextEncoder().encode(letter.repeat(PAGE_BYTES));

for (const kind of JAILS) {
  for (const what of ["blocks", "inodes"]) {
    Deno.test({
      name: `a disk that runs out of ${what} at any step leaves whole files: ${kind.name}`,
      ignore,
      async fn() {
        const outcomes = new Set<string>();
        for (let free = 0; free <= 2 * FILE_PAGES + 2; free++) {
          const size = what === "blocks" ? FILE_PAGES + 1 + free : 1000;
          const inodes = what === "blocks" ? 100 : 2 + free;
          await onDisk(`size=${size * PAGE_BYTES},nr_inodes=${inodes}`, async (directory) => {
            await Deno.writeFile(`${directory}/file`, repeated(page("o")));
            const storage = atomicJail(kind, directory, { sync: true });
            for (
              const [name, flags] of [
                ["file", ["write", "create", "truncate"]],
                ["new", ["write", "create", "exclusive"]],
                ["file", ["write"]],
              ] as const
            ) {
              const letter = flags.length === 1 ? "r" : "n";
              const done = await upload(storage, name, flags, page(letter));
              outcomes.add(`${name} ${flags.length} ${done}`);
              const text = await textOn(`${directory}/${name}`);
              if (done) assertEquals(text, letter.repeat(FILE_PAGES * PAGE_BYTES));
              else if (name === "new") assertEquals(text, undefined);
              else assert(text === "o".repeat(text!.length) || text === "n".repeat(text!.length));
            }
            await storage.close();
            const names = await namesIn(kind.open(directory));
            assertEquals(names.filter((name) => name.startsWith(".")), []);
          });
        }
        // Each of them has failed, and has worked.
        assertEquals(outcomes.size, 6);
      },
    });
  }
}

/** Whether an upload is reported as done. */
async function upload(
  storage: Storage,
  name: string,
  flags: readonly Flag[],
  bytes: Uint8Array,
): Promise<boolean> {
  try {
    const file = await open(storage, `/${name}`, ...flags);
    try {
      // From the end, so that a file that is continued is copied first.
      for (let at = FILE_PAGES - 1; at >= 0; at--) await file.write(bytes, at * PAGE_BYTES);
    } catch (error) {
      // As the session does for a WRITE that has failed.
      file.spoil?.();
      await file.close(false);
      throw error;
    }
    await file.close(false);
    return true;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return false;
  }
}

function repeated(one: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.length * FILE_PAGES);
  for (let at = 0; at < all.length; at += one.length) all.set(one, at);
  return all;
}

async function textOn(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function onDisk(options: string, use: (directory: string) => Promise<void>): Promise<void> {
  await withTempDir(async (base) => {
    await system("mount", "-t", "tmpfs", "-o", options, "tmpfs", base);
    try {
      await use(base);
    } finally {
      await system("umount", "-l", base);
    }
  });
}

async function system(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
