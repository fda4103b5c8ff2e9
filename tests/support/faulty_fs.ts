/**
 * A mounted file system with the faults that `faulty_fs.py` describes.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { withTempDir } from "./files.ts";
import { type Need, needs, programPath } from "./programs.ts";
import { runOk, until } from "./run.ts";

/** Debian's Python, which has the module; another python3 may come first in PATH. */
const PYTHON = "/usr/bin/python3";

/** What a test with this file system needs. */
export const needsFaultyFs: Need = needs(
  PYTHON,
  "/usr/lib/python3/dist-packages/fusepy.py",
  "/dev/fuse",
  "fusermount3",
);

/** Runs `use` with the directory where it is mounted, and the one that it shows. */
export async function withFaultyFs(
  use: (mounted: string, back: string) => Promise<void>,
): Promise<void> {
  await withTempDir(async (base) => {
    const [back, mounted] = [`${base}/back`, `${base}/mounted`];
    for (const directory of [back, mounted, `${back}/cut`]) await Deno.mkdir(directory);
    const script = fileURLToPath(new URL("faulty_fs.py", import.meta.url));
    const child = new Deno.Command(PYTHON, {
      args: [script, back, mounted],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    try {
      const { dev } = await Deno.stat(base);
      await until(async () => (await Deno.stat(mounted)).dev !== dev, { what: "faulty_fs.py" });
      await use(mounted, back);
    } finally {
      await runOk(programPath("fusermount3"), ["-u", "-z", mounted]);
      await child.status;
    }
  });
}
