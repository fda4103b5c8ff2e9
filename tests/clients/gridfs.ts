/**
 * A bucket of GridFS, as OpenSSH serves it to clients.
 *
 * @module
 */

import { withTempDir } from "../support/files.ts";
import { gridFsWords } from "../support/gridfs.ts";
import { type Mongo, needsMongo, withMongo } from "../support/mongodb.ts";
import { needs } from "../support/programs.ts";
import { commandLine } from "../support/run.ts";
import { type Sshd, withSshd } from "../support/sshd.ts";
import { needsSshfs } from "./mount.ts";

/** A bucket that can be reached, and how. */
export interface Stored {
  readonly mongo: Mongo;
  /** The client's own files. */
  readonly local: string;
  /** For whatever else a test needs. */
  readonly base: string;
  /** Arguments with which OpenSSH's sftp reaches it. */
  readonly sftpArgs: readonly string[];
}

/** A bucket behind a real sshd. */
export interface StoredBehindSshd extends Stored {
  readonly sshd: Sshd;
}

/** Runs `use` with an empty bucket that `sftp -D` reaches by a pipe. */
export async function withBucket(use: (stored: Stored) => Promise<void>): Promise<void> {
  await withMongo((mongo) =>
    withTempDir(async (base) => {
      const local = `${base}/local`;
      await Deno.mkdir(local);
      await use({ mongo, base, local, sftpArgs: ["-D", commandLine(gridFsWords(mongo))] });
    })
  );
}

/** Runs `use` with an empty bucket that is the forced command of a real sshd. */
export async function withBucketBehindSshd(
  use: (stored: StoredBehindSshd) => Promise<void>,
): Promise<void> {
  await withBucket((stored) =>
    withSshd(
      { command: commandLine(gridFsWords(stored.mongo)) },
      (sshd) => use({ ...stored, sshd, sftpArgs: ["-F", sshd.sshConfig, sshd.alias] }),
    )
  );
}

/** Declares a test of OpenSSH's sftp. */
export function testSftp(name: string, body: (stored: Stored) => Promise<void>): void {
  Deno.test({
    name: `sftp -D 'sftpwrap gridfs' ${name}`,
    ...needsMongo("sftp"),
    fn: () => withBucket(body),
  });
}

/** Declares a test of a client that connects through a real sshd. */
export function testThroughSshd(
  name: string,
  programs: readonly string[],
  body: (stored: StoredBehindSshd) => Promise<void>,
): void {
  const need = programs.includes("sshfs") ? needsSshfs() : needs();
  Deno.test({
    name,
    ...need.ignore ? need : needsMongo("sshd", "ssh-keygen", ...programs),
    fn: () => withBucketBehindSshd(body),
  });
}
