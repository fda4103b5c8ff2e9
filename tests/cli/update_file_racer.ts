/**
 * Puts a link over each temporary file that appears in a folder, as fast as it can, until its input
 * ends:
 *
 *     update_file_racer.ts FOLDER TARGET
 *
 * It prints a line once it has begun, and at the end how many links it has put.
 *
 * @module
 */

const [folder = "", target = ""] = Deno.args;

let ended = false;
const end = Deno.stdin.read(new Uint8Array(1)).then(() => ended = true);
Deno.stdout.writeSync(new TextEncoder().encode("begun\n"));
let laid = 0;
while (!ended) {
  for (let look = 0; look < 200; look++) {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.startsWith("authorized_keys.")) continue;
      const link = `${folder}/link-${laid++}`;
      Deno.symlinkSync(target, link);
      Deno.renameSync(link, `${folder}/${name}`);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
}
await end;
Deno.stdout.writeSync(new TextEncoder().encode(`${laid}\n`));
