/**
 * A server with rings left out, to see what each of the others withstands:
 *
 *     open_server.ts ROOT LANDLOCK DIR
 *
 * ROOT is `plain` (nothing is resolved), `unresolved` (the kernel's root, told
 * to follow everything) or `kernel`; LANDLOCK is `on` or `off`. What it must
 * open elsewhere it has opened then.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { serve } from "../../lib/serve/serve.ts";
import { stdio } from "../../lib/transport/stdio.ts";
import { JailStorage } from "../../lib/storage/local/jail.ts";
import { confine, landlockAbi } from "../../lib/linux/landlock.ts";
import { openLibc } from "../../lib/linux/libc.ts";
import { openKernelRoot } from "../../lib/storage/local/kernel/root.ts";
import type { Root } from "../../lib/storage/local/root.ts";
import { withoutResolution } from "../storage/local/places.ts";
import { PlainRoot } from "./plain_root.ts";
import type { Site } from "../support/jail_fixture.ts";
import { ALL } from "../support/wire_session.ts";

/** Which rings the server is to have. */
export interface OpenOptions {
  readonly root?: "plain" | "unresolved" | "kernel";
  readonly landlock?: boolean;
  readonly permissions?: readonly string[];
}

/** The words that start such a server; without options it keeps nobody in. */
export function openServer(
  { jail }: Site,
  { root = "plain", landlock = false, permissions = ALL }: OpenOptions = {},
): string[] {
  const script = fileURLToPath(import.meta.url);
  const flags = ["--no-prompt", "--no-check", "--quiet", ...permissions];
  return [Deno.execPath(), "run", ...flags, script, root, landlock ? "on" : "off", jail];
}

async function main([kind, landlock, directory = ""]: readonly string[]): Promise<number> {
  const root = rootOf(kind, directory);
  if (landlock === "on") enterLandlock(directory);
  return await serve(new JailStorage(root), { transport: stdio });
}

function rootOf(kind: string | undefined, directory: string): Root {
  if (kind === "plain") return new PlainRoot(directory);
  const libc = openLibc();
  return openKernelRoot(directory, kind === "kernel" ? libc : withoutResolution(libc));
}

function enterLandlock(directory: string): void {
  const libc = openLibc();
  const { descriptor } = openKernelRoot(directory, libc);
  const directories = [{ descriptor, write: true }];
  confine(libc, { abi: landlockAbi(libc), directories, network: false });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
