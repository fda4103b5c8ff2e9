/**
 * What common clients do, told apart by what becomes of it: for the table of policies.
 *
 * In the jail there are `old` (to be overwritten), `gone` (to be removed), `moved` (to be
 * renamed) and `there` (to be downloaded); the local directory has `new`.
 *
 * @module
 */

import { sha256 } from "../support/files.ts";
import { run, type RunResult } from "../support/run.ts";
import type { Sshd } from "../support/sshd.ts";
import { withMount } from "./mount.ts";
import { sftp } from "./sftp.ts";
import type { Served } from "./ways.ts";

/** What a client is asked to do. */
export type Action = "upload" | "overwrite" | "download" | "list" | "remove" | "rename";

/** What became of it: done, refused, or done although the client says that it failed. */
export type Effect = "+" | "-" | "~";

/** A client: what it reports of each action, as far as it has it. */
export interface PolicyClient {
  readonly name: string;
  readonly programs: readonly string[];
  readonly actions: readonly Action[];
  /** Does all of them, and returns in this order which of them it says have succeeded. */
  run(served: Served): Promise<readonly boolean[]>;
}

const ALL: readonly Action[] = ["upload", "overwrite", "download", "list", "remove", "rename"];

/** Each action is a session of its own, on a file of its own. */
function atOnce<T>(actions: readonly T[], act: (action: T) => Promise<boolean>) {
  return Promise.all(actions.map(act));
}

const succeeded = ({ code }: RunResult) => code === 0;

/** OpenSSH's sftp. A batch of one command tells by its exit status whether that went well. */
const openssh: PolicyClient = {
  name: "sftp",
  programs: ["sftp"],
  actions: ALL,
  run(served) {
    const commands = ["put new", "put new old", "get there", "ls -1", "rm gone"];
    return atOnce([...commands, "rename moved here"], async (command) => {
      const result = await sftp(served, [command]);
      return succeeded(result) && (command !== "ls -1" || /^there$/m.test(result.stdout));
    });
  },
};

const scp: PolicyClient = {
  name: "scp",
  programs: ["scp"],
  actions: ["upload", "overwrite", "download"],
  run({ local, sshd }) {
    const far = `${sshd.alias}:`;
    const copies = [["new", far], ["new", `${far}old`], [`${far}there`, "."]];
    return atOnce(copies, async (paths) => {
      const args = ["-F", sshd.sshConfig, "-s", "-p", ...paths];
      return succeeded(await run("scp", args, { cwd: local }));
    });
  },
};

/** Options by which rclone reaches the server as `:sftp:`. */
export function rcloneOptions(sshd: Sshd): string[] {
  return [
    ...["--config", "/dev/null", "--retries", "1", "--low-level-retries", "1"],
    ...["--sftp-host", sshd.host, "--sftp-port", String(sshd.port), "--sftp-user", sshd.user],
    ...["--sftp-key-file", sshd.clientKey, "--sftp-known-hosts-file", sshd.knownHosts],
    "--sftp-disable-hashcheck",
  ];
}

const rclone: PolicyClient = {
  name: "rclone",
  programs: ["rclone"],
  actions: ALL,
  run({ base, local, sshd }) {
    const commands = [
      ["copy", "new", ":sftp:"],
      ["copyto", "new", ":sftp:old"],
      ["copy", ":sftp:there", "."],
      ["lsf", ":sftp:"],
      ["deletefile", ":sftp:gone"],
      ["moveto", ":sftp:moved", ":sftp:here"],
    ];
    return atOnce(commands, async (args) => {
      const result = await run("rclone", [...rcloneOptions(sshd), ...args], {
        cwd: local,
        env: { HOME: base },
      });
      return succeeded(result) && (args[0] !== "lsf" || /^there$/m.test(result.stdout));
    });
  },
};

const curl: PolicyClient = {
  name: "curl",
  programs: ["curl"],
  actions: ["upload", "overwrite", "download", "list"],
  async run({ local, sshd }) {
    const { stdout } = await run("ssh-keygen", ["-l", "-f", `${sshd.hostKeys[0]}.pub`]);
    const hostKey = stdout.split(" ")[1]?.replace(/^SHA256:/, "") ?? "";
    const common = [
      ...["-sS", "-q", "--hostpubsha256", hostKey, "-u", `${sshd.user}:`],
      ...["--key", sshd.clientKey, "--pubkey", `${sshd.clientKey}.pub`],
    ];
    const url = `sftp://${sshd.host}:${sshd.port}`;
    const transfers = [
      ["-T", "new", `${url}/new`],
      ["-T", "new", `${url}/old`],
      ["-o", "there", `${url}/there`],
      ["-l", `${url}/`],
    ];
    return await atOnce(transfers, async (args) => {
      const result = await run("curl", [...common, ...args], { cwd: local });
      return succeeded(result) && (args[0] !== "-l" || /^there$/m.test(result.stdout));
    });
  },
};

const sshfs: PolicyClient = {
  name: "sshfs",
  programs: ["sshfs", "fusermount3", "/dev/fuse"],
  actions: ALL,
  async run(served) {
    const told: boolean[] = [];
    await withMount(served, async (mounted) => {
      for (
        const words of [
          ["cp", "new", `${mounted}/new`],
          ["cp", "new", `${mounted}/old`],
          ["cp", `${mounted}/there`, "there"],
          ["sh", "-c", 'ls "$0" | grep -qx there', mounted],
          ["rm", `${mounted}/gone`],
          ["mv", "-n", `${mounted}/moved`, `${mounted}/here`],
        ]
      ) {
        told.push(succeeded(await run(words[0]!, words.slice(1), { cwd: served.local })));
      }
    });
    return told;
  },
};

/** All of them. */
export const policyClients: readonly PolicyClient[] = [openssh, scp, rclone, curl, sshfs];

/** Which of a client's actions have been done, judged by the files themselves. */
export async function effectsOf(
  { actions }: PolicyClient,
  told: readonly boolean[],
  { jail, local }: Served,
): Promise<string> {
  const same = async (one: string, other: string) =>
    await exists(one) && await sha256(one) === await sha256(other);
  const checks: Readonly<Record<Action, (said: boolean) => boolean | Promise<boolean>>> = {
    upload: () => same(`${jail}/new`, `${local}/new`),
    overwrite: () => same(`${jail}/old`, `${local}/new`),
    download: () => same(`${local}/there`, `${jail}/there`),
    list: (said) => said,
    remove: async () => !await exists(`${jail}/gone`),
    rename: async () => !await exists(`${jail}/moved`) && await exists(`${jail}/here`),
  };
  let effects = "";
  for (const [index, action] of actions.entries()) {
    const said = told[index]!;
    const done = await checks[action](said);
    if (said && !done) throw new Error(`The client says that it did ${action}, and did not`);
    effects += done ? said ? "+" : "~" : "-";
  }
  return effects;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
