/**
 * Clients that copy many files at once, there and back.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { needsPython, pythonWith } from "../clients/python.ts";
import { rclone } from "../clients/rclone.ts";
import { type Need, needs } from "../support/programs.ts";
import { runOk } from "../support/run.ts";
import type { Sshd } from "../support/sshd.ts";

const ASYNCSSH = fileURLToPath(new URL("integrity_asyncssh.py", import.meta.url));
const PKG_SFTP = fileURLToPath(new URL("../support/pkgsftp", import.meta.url));

/** Files that rclone copies at once, each over a connection of its own. */
const TRANSFERS = "8";

/** READs or WRITEs that it has under way for each. */
const CONCURRENCY = "64";

/** The directories of one session. */
export interface Copies {
  readonly local: string;
  /** By its path on the server; it is not there yet. */
  readonly remote: string;
  /** Empty. */
  readonly downloaded: string;
}

/** A client that copies whole directories, all files of each at once. */
export interface CopyClient {
  readonly name: string;
  readonly need: Need;
  /** Copies each `local` to `remote`, and then that to `downloaded`, one session after the other. */
  copy(sshd: Sshd, copies: readonly Copies[]): Promise<void>;
}

const asyncssh: CopyClient = {
  name: "asyncssh",
  need: needsPython("asyncssh"),
  async copy({ host, port, user, clientKey, knownHosts }, copies) {
    const server = [clientKey, knownHosts, host, String(port), user];
    await runOk(pythonWith("asyncssh")!, [ASYNCSSH, ...server, ...directoriesOf(copies)]);
  },
};

const pkgSftp: CopyClient = {
  name: "pkg/sftp",
  need: needs("go", "ssh"),
  async copy({ sshConfig, alias, directory }, copies) {
    const program = `${directory}/pkgsftp`;
    // Go keeps what it has compiled, so this takes long only once.
    await runOk("go", ["build", "-mod=readonly", "-trimpath", "-o", program, "."], {
      cwd: PKG_SFTP,
    });
    await runOk(program, [sshConfig, alias, ...directoriesOf(copies)]);
  },
};

const rcloneCopies: CopyClient = {
  name: "rclone",
  need: needs("rclone"),
  async copy(sshd, copies) {
    for (const { local, remote, downloaded } of copies) {
      const place = { base: sshd.directory, local, sshd };
      const many = ["--transfers", TRANSFERS, "--sftp-concurrency", CONCURRENCY];
      const plainly = ["--sftp-disable-hashcheck", "--sftp-set-modtime=false"];
      await rclone(place, [...many, ...plainly, "copy", local, `:sftp:${remote}`]);
      await rclone(place, [...many, ...plainly, "copy", `:sftp:${remote}`, downloaded]);
    }
  },
};

function directoriesOf(copies: readonly Copies[]): string[] {
  return copies.flatMap(({ local, remote, downloaded }) => [local, remote, downloaded]);
}

/** All of them. */
export const copyClients: readonly CopyClient[] = [asyncssh, pkgSftp, rcloneCopies];
