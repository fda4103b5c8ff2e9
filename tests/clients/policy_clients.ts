/**
 * The clients of the table of policies.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { needs } from "../support/programs.ts";
import { run, type RunResult } from "../support/run.ts";
import type { Sshd } from "../support/sshd.ts";
import { lftp } from "./lftp.ts";
import { needsSshfs, withMount } from "./mount.ts";
import type { Action, PolicyClient } from "./policy_client.ts";
import { psftp, PSFTP_PROGRAMS } from "./psftp.ts";
import { needsPython, pythonWith } from "./python.ts";
import { sftp } from "./sftp.ts";

const ALL: readonly Action[] = ["upload", "overwrite", "download", "list", "remove", "rename"];

/** Each action is a session of its own, on a file of its own. */
function atOnce<T>(actions: readonly T[], act: (action: T) => Promise<boolean>) {
  return Promise.all(actions.map(act));
}

/** The needs of a client that connects through a real sshd. */
const withSshd = (...programs: readonly string[]) => needs("sshd", "ssh-keygen", ...programs);

const succeeded = ({ code }: RunResult) => code === 0;

/** OpenSSH's sftp. The exit status of a batch of one command says whether the command succeeded. */
const openssh: PolicyClient = {
  name: "sftp",
  needs: withSshd("sftp"),
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
  needs: withSshd("scp"),
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
  needs: withSshd("rclone"),
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
  needs: withSshd("curl"),
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
  needs: needsSshfs(),
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

const lftpClient: PolicyClient = {
  name: "lftp",
  needs: withSshd("ssh", "lftp"),
  actions: ALL,
  run(served) {
    const commands = ["put new", "put new -o old", "get there", "cls -1", "rm gone"];
    return atOnce([...commands, "mv moved here"], async (command) => {
      const result = await lftp(served, [command]);
      return succeeded(result) && (command !== "cls -1" || /^there$/m.test(result.stdout));
    });
  },
};

const psftpClient: PolicyClient = {
  name: "psftp",
  needs: withSshd(...PSFTP_PROGRAMS),
  actions: ALL,
  run(served) {
    const commands = ["put new", "put new old", "get there", "ls", "del gone"];
    return atOnce([...commands, "mv moved here"], async (command) => {
      const result = await psftp(served, [command]);
      return succeeded(result) && (command !== "ls" || / there$/m.test(result.stdout));
    });
  },
};

const paramiko: PolicyClient = {
  name: "paramiko",
  needs: withPython(),
  actions: ALL,
  run({ local, sshd }) {
    const calls = [
      ["put", "new", "new"],
      ["put", "new", "old"],
      ["get", "there", "there"],
      ["listdir", "."],
      ["remove", "gone"],
      ["rename", "moved", "here"],
    ];
    const script = fileURLToPath(new URL("./paramiko_call.py", import.meta.url));
    const place = [sshd.clientKey, sshd.knownHosts, sshd.host, String(sshd.port), sshd.user];
    const python = pythonWith("paramiko") ?? "python3";
    return atOnce(calls, async (call) => {
      const result = await run(python, [script, ...place, ...call], { cwd: local });
      return succeeded(result) && (call[0] !== "listdir" || /^there$/m.test(result.stdout));
    });
  },
};

function withPython() {
  const sshd = withSshd();
  return sshd.ignore ? sshd : needsPython("paramiko");
}

/** All clients. */
export const policyClients: readonly PolicyClient[] = [
  openssh,
  scp,
  rclone,
  curl,
  sshfs,
  lftpClient,
  psftpClient,
  paramiko,
];
