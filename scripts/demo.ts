/**
 * A first look, in a temporary directory: `deno run -A scripts/demo.ts`, or `deno task demo`.
 *
 * Starts `sftpwrap jail` as OpenSSH would, with permissions for one directory only, connects to it
 * with this project's own client, and tries to get out. Exits 0 if the jail held, and 1 if not.
 *
 * It downloads one package, the one that a jail needs. `deno task` downloads all of `deno.lock`
 * before it runs any task.
 *
 * @module
 */

import { SftpClient } from "../lib/client/client.ts";
import { SftpStatusError } from "../lib/client/errors.ts";
import { printLine } from "./support/print.ts";

/** A file that every Unix system has and no jail shows. */
const OUTSIDE = "/etc/passwd";

/** The only package that a jail needs. */
const PACKAGE = "deno-std@";

const LETTER = "Dear server,\nthis was uploaded by `deno task demo`.\n";

/** Ways out of the jail: the path that is requested, and how it would lead out. */
const ESCAPES: readonly (readonly [path: string, how: string])[] = [
  ["/holiday-photos", `a symbolic link to ${OUTSIDE}, planted from outside`],
  ["../../../etc/passwd", "up and up and out"],
  ["/etc/passwd", "an absolute name"],
];

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sftpwrap_demo_" }));
  try {
    const directory = `${folder}/jail`;
    await Deno.mkdir(directory);
    const lock = `${folder}/deno.lock`;
    await Deno.writeTextFile(lock, await lockOfJail());
    return await showJail(directory, lock);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** `deno.lock` with {@linkcode PACKAGE} alone: Deno downloads whatever a lock file names. */
async function lockOfJail(): Promise<string> {
  const lock = JSON.parse(await Deno.readTextFile(new URL("../deno.lock", import.meta.url)));
  const only = (packages: object) =>
    Object.fromEntries(
      Object.entries(packages).filter(([name]) => name.replace("npm:", "").startsWith(PACKAGE)),
    );
  const { version, specifiers, npm } = lock;
  return JSON.stringify({ version, specifiers: only(specifiers), npm: only(npm) });
}

async function showJail(directory: string, lock: string): Promise<number> {
  await Deno.symlink(OUTSIDE, `${directory}/holiday-photos`);
  const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
  printLine(`An SFTP server in a jail. It runs as OpenSSH would start it, and Deno lets it
read and write in this one directory, and nothing else:

    deno run --no-prompt ${permissions.join(" \\\n        ")} \\
        scripts/support/jail.ts ${directory}`);
  const jail = new URL("support/jail.ts", import.meta.url).href;
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", `--lock=${lock}`, "--no-prompt", ...permissions, jail, directory],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const client = await SftpClient.connect({ readable: server.stdout, writable: server.stdin });
  await showFiles(client);
  const escaped = await tryToEscape(client);
  await client.close();
  await server.status;
  if (escaped.length > 0) {
    printLine(`\nTHE JAIL DID NOT HOLD: ${escaped.join(", ")}`);
    printLine("Please report this, with the output above.");
    return 1;
  }
  printLine(`
The jail held. What to try next:

    mkdir -p jail && sftp -D 'deno run --no-prompt -A main.ts jail jail'
        the same by hand, with OpenSSH's sftp (no sshd, no network)
    deno run main.ts jail --help
        every option; README.md has the lines for sshd_config`);
  return 0;
}

async function showFiles(client: SftpClient): Promise<void> {
  const letter = new TextEncoder().encode(LETTER);
  await client.mkdir("/letters");
  await client.writeFile("/letters/first.txt", letter);
  printLine(`\nUpload\n    ${letter.length} bytes to /letters/first.txt\n\nListing`);
  for (const path of ["/", "/letters"]) {
    printLine(`    ${path}`);
    for await (const { longname } of client.readDir(path)) printLine(`        ${longname}`);
  }
  const back = new TextDecoder().decode(await client.readFile("/letters/first.txt"));
  if (back !== LETTER) throw new Error("what came back is not what was sent");
  printLine("\nDownload");
  printLine(`    ${letter.length} bytes from /letters/first.txt, the same as were sent`);
}

/** @returns The paths that led out. */
async function tryToEscape(client: SftpClient): Promise<string[]> {
  printLine(`\nEscape: three ways to ${OUTSIDE} of this machine`);
  const escaped: string[] = [];
  for (const [path, how] of ESCAPES) {
    printLine(`    get ${path}   (${how})`);
    try {
      await client.readFile(path);
      escaped.push(path);
      printLine("        *** IT WAS SENT ***");
    } catch (error) {
      if (!(error instanceof SftpStatusError)) throw error;
      printLine(`        refused: ${error.text}`);
    }
  }
  return escaped;
}
