/** Which clients hear that an upload is refused when it is closed. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { EICAR, makeScanner, onlyFileIn } from "../support/hooks.ts";
import { jailLine, withJail } from "../support/jail.ts";
import { type Need, needs } from "../support/programs.ts";
import { run, type RunResult, until } from "../support/run.ts";
import { withSshd } from "../support/sshd.ts";
import { fingerprint } from "./fingerprint.ts";
import { lftp } from "./lftp.ts";
import { needsSshfs, withMount } from "./mount.ts";
import { psftp, PSFTP_PROGRAMS } from "./psftp.ts";
import { needsPython, pythonWith } from "./python.ts";
import { rcloneResult } from "./rclone.ts";
import { sftp } from "./sftp.ts";
import type { Served } from "./ways.ts";

/** A client, and how it uploads the local file `new` as `old`. */
interface Uploader {
  readonly needs: Need;
  /** Whether its exit status says that the upload was refused. */
  readonly hears: boolean;
  /** Whether it shows the reason; by default if it hears. */
  readonly shows?: boolean;
  /** Whether it then removes what is there, itself. */
  readonly removes?: boolean;
  upload(served: Served): Promise<RunResult>;
}

const PAGE = new URL("../../lib/hooks/README.md", import.meta.url);

function withPrograms(...programs: readonly string[]): Need {
  return needs("sshd", "ssh-keygen", ...programs);
}

async function runPython(module: string, served: Served): Promise<RunResult> {
  const { local, sshd } = served;
  const name = module === "paramiko" ? "paramiko_call.py" : "asyncssh_put.py";
  const script = fileURLToPath(new URL(name, import.meta.url));
  const place = [sshd.clientKey, sshd.knownHosts, sshd.host, String(sshd.port), sshd.user];
  const args = [script, ...place, "put", "new", "old"];
  return await run(pythonWith(module) ?? "python3", args, { cwd: local });
}

/** By the names that the page has for them. */
const CLIENTS: Readonly<Record<string, Uploader>> = {
  "OpenSSH's sftp": {
    needs: withPrograms("sftp"),
    hears: true,
    shows: false,
    upload: (served) => sftp(served, ["put new old"]),
  },
  scp: {
    needs: withPrograms("scp"),
    hears: true,
    shows: false,
    upload: ({ local, sshd }) =>
      run("scp", ["-F", sshd.sshConfig, "-s", "new", `${sshd.alias}:old`], { cwd: local }),
  },
  rclone: {
    needs: withPrograms("rclone"),
    hears: true,
    removes: true,
    upload: (served) =>
      rcloneResult(served, ["copyto", "--sftp-disable-hashcheck", "new", ":sftp:old"]),
  },
  lftp: {
    needs: withPrograms("ssh", "lftp"),
    hears: true,
    upload: (served) => lftp(served, ["put new -o old"]),
  },
  psftp: {
    needs: withPrograms(...PSFTP_PROGRAMS),
    hears: true,
    shows: false,
    upload: (served) => psftp(served, ["put new old"]),
  },
  asyncssh: {
    needs: needsPython("asyncssh"),
    hears: true,
    upload: (served) => runPython("asyncssh", served),
  },
  paramiko: {
    needs: needsPython("paramiko"),
    hears: true,
    shows: false,
    upload: (served) => runPython("paramiko", served),
  },
  curl: {
    needs: withPrograms("curl"),
    hears: false,
    async upload({ local, sshd }) {
      const hostKey = (await fingerprint(`${sshd.hostKeys[0]}.pub`)).replace(/^SHA256:/, "");
      const args = [
        ...["-sS", "-q", "--hostpubsha256", hostKey, "-u", `${sshd.user}:`],
        ...["--key", sshd.clientKey, "--pubkey", `${sshd.clientKey}.pub`],
        ...["-T", "new", `sftp://${sshd.host}:${sshd.port}/old`],
      ];
      return await run("curl", args, { cwd: local });
    },
  },
  sshfs: {
    needs: needsSshfs(),
    hears: false,
    async upload(served) {
      let result: RunResult | undefined;
      await withMount(served, async (mounted) => {
        result = await run("cp", ["new", `${mounted}/old`], { cwd: served.local });
      });
      return result!;
    },
  },
};

for (
  const [name, { needs, hears, shows = hears, removes = false, upload }] of Object.entries(CLIENTS)
) {
  Deno.test({
    name: `${name} ${hears ? "hears" : "does not hear"} that its upload is refused`,
    ...needs,
    fn: () =>
      withJail(async (places) => {
        const { base, jail, local } = places;
        const [log, quarantine] = [`${base}/log`, `${base}/quarantine`];
        await Deno.mkdir(quarantine);
        await Deno.writeTextFile(`${jail}/old`, "old");
        await Deno.writeTextFile(`${local}/new`, EICAR);
        const hook = `--on=upload=${await makeScanner(base)}`;
        const options = ["-l", log, hook, `--quarantine=${quarantine}`];
        await withSshd({ command: jailLine(jail, { options }) }, async (sshd) => {
          const sftpArgs = ["-F", sshd.sshConfig, sshd.alias];
          const result = await upload({ ...places, sshd, sftpArgs });
          const said = `${result.stdout}${result.stderr}`;
          assertEquals(result.code !== 0, hears, said);
          assertEquals(said.includes("Eicar-Test-Signature FOUND"), shows, said);
          const told = () => Deno.readTextFile(log);
          await until(async () => (await told()).includes("session closed"), { what: "its end" });
          const text = await told();
          assertEquals(text.includes('remove name "/old"'), removes);
          if (!removes) assertEquals(await onlyFileIn(jail), { name: "old", text: "old" });
          const kept = await onlyFileIn(quarantine);
          assertEquals(kept.text, EICAR);
          assertMatch(
            text,
            /hook for upload "\/old": refused with status 1: Eicar-Test-Signature FOUND/,
          );
          assert(text.includes(`upload "/old" is in the quarantine as "${kept.name}"`), text);
        });
      }),
  });
}

Deno.test("the page tells of each client whether it hears a refusal, and its reason", async () => {
  const page = await Deno.readTextFile(PAGE);
  const rows = page.split("\n").flatMap((line) => {
    const [, name = "", hears = ""] = line.split("|").map((cell) => cell.trim());
    if (!Object.hasOwn(CLIENTS, name)) return [];
    return [[name, hears.startsWith("yes"), hears.startsWith("yes, with the reason")]];
  });
  const clients = Object.entries(CLIENTS);
  assertEquals(rows, clients.map(([name, { hears, shows = hears }]) => [name, hears, shows]));
});
