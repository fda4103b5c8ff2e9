/**
 * Transfers by OpenSSH's sftp that must work however a jail is reached.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { makeFile, makeTree, noise, sha256, treeOf } from "../support/files.ts";
import { sftpOk } from "./sftp.ts";
import type { Reached } from "./ways.ts";

const WHOLE = 5 * 1024 * 1024 + 7;

/** Uploads a file of this many bytes and downloads it again. */
export async function putsAndGets(
  reached: Reached,
  { length, options = [] }: { readonly length: number; readonly options?: readonly string[] },
): Promise<void> {
  const { jail, local } = reached;
  const digest = await makeFile(`${local}/file`, length);
  await sftpOk(reached, ["put file", "get file back"], options);
  assertEquals(await sha256(`${jail}/file`), digest);
  assertEquals(await sha256(`${local}/back`), digest);
}

/** Resumes an interrupted upload, with each of the commands for it. */
export async function goesOnWithUploads(reached: Reached): Promise<void> {
  const { jail, local } = reached;
  const digest = await makeFile(`${local}/file`, WHOLE);
  const part = noise(WHOLE).subarray(0, 2_000_003);
  for (const command of ["reput file", "put -a file"]) {
    await Deno.writeFile(`${jail}/file`, part);
    await sftpOk(reached, [command]);
    assertEquals(await sha256(`${jail}/file`), digest, command);
  }
}

/** Resumes an interrupted download, with each of the commands for it. */
export async function goesOnWithDownloads(reached: Reached): Promise<void> {
  const { jail, local } = reached;
  const digest = await makeFile(`${jail}/file`, WHOLE);
  const part = noise(WHOLE).subarray(0, 3_000_001);
  for (
    const { command, options } of [
      { command: "reget file", options: [] },
      { command: "get -a file", options: [] },
      { command: "get file", options: ["-a"] },
    ]
  ) {
    await Deno.writeFile(`${local}/file`, part);
    await sftpOk(reached, [command], options);
    assertEquals(await sha256(`${local}/file`), digest, command);
  }
}

/** Uploads a tree and downloads it again, with all modes and times in it. */
export async function putsAndGetsTrees(reached: Reached): Promise<void> {
  const { jail, local } = reached;
  await Deno.mkdir(`${local}/tree`);
  await makeTree(`${local}/tree`);
  await sftpOk(reached, ["put -rp tree", "get -rp tree back"]);
  const kept = { modes: true, times: true };
  const expected = await treeOf(`${local}/tree`, kept);
  assertEquals(await treeOf(`${jail}/tree`, kept), expected);
  assertEquals(await treeOf(`${local}/back`, kept), expected);
}
