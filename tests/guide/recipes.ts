/**
 * The recipes of `lib/cli/README.md`, typed as they stand on a machine of the test's own.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { binary } from "../support/binaries.ts";
import { type Machine, withMachine } from "../support/machine.ts";
import { PROJECT } from "./pages.ts";

/** Where the client is, with the private keys. */
const CLIENT = "/tmp/client";

/** Settings of the client that a person has made by using it before. */
const SSH_CONFIG = `StrictHostKeyChecking no
UserKnownHostsFile /dev/null
IdentitiesOnly yes
BatchMode yes
LogLevel ERROR
ConnectionAttempts 10
IdentityFile ${CLIENT}/%r
`;

/** How what a client does begins. */
const CLIENT_CALL = /^(?:sftp|ssh) .*@HOST/;

/** What sftp prints of a transfer. */
const PROGRESS = /^(?:Uploading|Fetching|Retrieving|Creating|Entering) /;

/** A block of code of a recipe. */
interface Block {
  readonly text: string;
  /** Whether a client types it, and the rest is what it sees. */
  readonly isClient: boolean;
}

/** A recipe, and the machine on which it is tried. */
export interface Recipe {
  readonly machine: Machine;
  /** Types the next blocks, up to and including what a client does, or as many as are named. */
  next(howMany?: number): Promise<string>;
  /** Types all that is left. */
  rest(): Promise<string>;
  /** Types what a client does besides, in the form of the page. */
  see(block: string): Promise<string>;
}

/** How to type a recipe; every option may be absent. */
export interface Typist {
  /** Who types what is not a client's; root by default. */
  readonly user?: string;
  /** Replaces what only this machine knows, such as the number of a process. */
  readonly edit?: (block: string) => string;
}

/** The titles of all recipes. */
export async function titles(): Promise<string[]> {
  return [...(await section()).matchAll(/^### (.+)$/gm)].map(([, title = ""]) => title);
}

/** The blocks of the recipe with this title. */
export async function blocksOf(title: string): Promise<readonly string[]> {
  const [, after] = (await section()).split(`### ${title}\n`);
  if (after === undefined) throw new Error(`there is no recipe "${title}"`);
  const text = after.split(/^### /m)[0] ?? "";
  return [...text.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)]
    .flatMap(([block]) => block.replace(/^ {4}/gm, "").split(/\n\n(?=(?:sftp|ssh) .*@HOST)/))
    .map((block) => block.trim());
}

async function section(): Promise<string> {
  const page = await Deno.readTextFile(`${PROJECT}lib/cli/README.md`);
  const [, after = ""] = page.split("\n## Recipes\n");
  return after.split(/^## /m)[0] ?? "";
}

/** Runs `use` with the recipe of this title, on a machine that has sftpwrap and the keys. */
export async function withRecipe(
  title: string,
  use: (recipe: Recipe) => Promise<void>,
  { user = "root", edit = (block) => block }: Typist = {},
): Promise<void> {
  const blocks = (await blocksOf(title)).map((text): Block => ({
    text,
    isClient: CLIENT_CALL.test(text),
  }));
  const { path } = await binary("sftpwrap");
  await withMachine(async (machine) => {
    await Deno.copyFile(path, `${machine.root}/usr/local/bin/sftpwrap`);
    if (user !== "root") await machine.sh(`useradd -m -s /bin/sh ${user}`);
    await makeKeys(machine, user, blocks);
    const see = (block: string) => client(machine, block.replaceAll("USER@", `${user}@`));
    const type = (block: Block) =>
      block.isClient ? see(edit(block.text)) : machine.sh(edit(block.text), user);
    const recipe: Recipe = {
      machine,
      see,
      async next(howMany) {
        const end = howMany ?? blocks.findIndex(({ isClient }) => isClient) + 1;
        const told: string[] = [];
        for (const block of blocks.splice(0, end)) told.push(await type(block));
        return told.join("");
      },
      rest: () => recipe.next(blocks.length),
    };
    await use(recipe);
    assertEquals(blocks.map(({ text }) => text), [], "typed to the end");
  });
}

/** A key pair for each `NAME.pub` that a recipe names: the public part is where it is typed. */
async function makeKeys(machine: Machine, user: string, blocks: readonly Block[]): Promise<void> {
  const text = blocks.map(({ text }) => text).join("\n");
  const names = new Set(
    Array.from(text.matchAll(/\bfor name in ([\w ]+)|\b(\w+)\.pub\b/g)).flatMap(
      ([, list, name]) => list?.split(" ") ?? [name!],
    ),
  );
  const home = user === "root" ? "/root" : `/home/${user}`;
  await Deno.mkdir(`${machine.root}${CLIENT}`);
  await Deno.writeTextFile(`${machine.root}${CLIENT}/config`, SSH_CONFIG);
  for (const name of names) {
    const key = `${CLIENT}/${name}`;
    await machine.sh(`ssh-keygen -q -t ed25519 -N '' -C ${name}@example.org -f ${key}`);
    await machine.sh(`cp ${key}.pub ${home} && chown ${user}: ${home}/${name}.pub`);
  }
}

/** Types what a client types, and compares what it sees with the page. */
async function client({ root, run }: Machine, block: string): Promise<string> {
  const [call = "", ...lines] = block.replaceAll("@HOST", "@127.0.0.1").split("\n");
  const typed = lines.filter((line) => line.startsWith("sftp> ")).map((line) => line.slice(6));
  for (const line of typed) {
    const [, name] = /^put (?:-\S+ )*(\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    await Deno.writeTextFile(`${root}${CLIENT}/${name}`, `${call}\n${name}\n`);
  }
  const configured = call.replace(/^\w+/, `$& -F ${CLIENT}/config`);
  const isSftp = call.startsWith("sftp");
  // With a dash the client goes on after a command that fails, as it does at a terminal.
  const input = typed.map((line) => `-${line}\n`).join("");
  await Deno.writeTextFile(`${root}${CLIENT}/batch`, input);
  const command = isSftp ? configured.replace(/^sftp/, "sftp -b batch") : configured;
  const { stdout } = await run(`cd ${CLIENT}\n${command} 2>&1 < /dev/null`);
  const seen = stdout.replaceAll("\r", "").replaceAll(/^sftp> -/gm, "sftp> ").trimEnd().split("\n")
    .map((line) => line.trimEnd()).filter((line) => !PROGRESS.test(line));
  assertSeen(seen, lines);
  return stdout;
}

/** Compares line by line; `…` on the page stands for anything. */
function assertSeen(seen: readonly string[], expected: readonly string[]): void {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const matches = seen.length === expected.length &&
    expected.every((line, index) =>
      new RegExp(`^${line.split("…").map(literal).join(".*")}$`).test(seen[index]!)
    );
  if (!matches) assertEquals(seen, expected);
}
