import { assertEquals } from "@std/assert";
import { parseProxyOptions } from "../../../lib/cli/proxy/options.ts";
import { SftpClient } from "../../../lib/client/client.ts";
import { ConnectionLostError } from "../../../lib/client/errors.ts";
import { connect } from "../../../lib/storage/proxy/connect.ts";
import { ConnectError, type SshTransport } from "../../../lib/storage/proxy/connection_options.ts";
import { ciphersMayStay } from "../../storage/proxy/support/old_deno.ts";
import { recorded } from "../../storage/proxy/support/options.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { type Sshd, withSshd } from "../../support/sshd.ts";
import { makeKey } from "../../support/sshd_trust.ts";

/** What a file of known hosts has of the server. */
type State = "unknown" | "known" | "changed";

/** What becomes of the connection, and of the file that counts. */
type Outcome = "refused" | "taken" | "taken and kept";

/** One line of the table, for a key that is unknown, known, changed. */
interface Row {
  readonly flags: readonly string[];
  /** StrictHostKeyChecking of the file behind `-c`; absent: it says nothing of it. */
  readonly configured?: string;
  readonly unknown: Outcome;
  readonly known: Outcome;
  readonly changed: Outcome;
}

const STATES: readonly State[] = ["unknown", "known", "changed"];

const LEARNING = { unknown: "taken and kept", known: "taken", changed: "refused" } as const;
const STRICT = { unknown: "refused", known: "taken", changed: "refused" } as const;
const BLIND = { unknown: "taken", known: "taken", changed: "taken" } as const;

/** What `-d`, `--accept-new` and the file of `-c` mean together, with `-n FILE` and without. */
const TABLE: readonly Row[] = [
  { flags: [], ...STRICT },
  { flags: [], configured: "accept-new", ...LEARNING },
  { flags: ["--accept-new"], configured: "yes", ...LEARNING },
  { flags: ["--accept-new"], configured: "no", ...LEARNING },
  { flags: ["-d"], ...BLIND },
  { flags: ["-d"], configured: "accept-new", ...BLIND },
];

/** Connects as the command line says, and tells whether it came to that. */
async function connects(words: readonly string[]): Promise<boolean> {
  const parsed = parseProxyOptions(words);
  if ("print" in parsed) throw new Error("There is something to print");
  const { destination, transport, sshConfig, knownHosts, verifyHost } = parsed;
  const { options } = recorded({
    host: destination.host,
    transport,
    sshConfig,
    knownHosts: knownHosts === undefined ? undefined : [knownHosts],
    verifyHost,
  });
  try {
    const connected = await connect(options);
    try {
      const client = await SftpClient.connect(connected.channel);
      await client.close();
      return true;
    } finally {
      await connected.close();
    }
  } catch (error) {
    if (!(error instanceof ConnectError) && !(error instanceof ConnectionLostError)) throw error;
    if (error instanceof ConnectError && !/host key/i.test(error.message)) throw error;
    return false;
  }
}

/** Tries one combination, and tells what has become of it and of each file. */
async function tried(
  sshd: Sshd,
  { row, withFile, state, transport, other }: {
    readonly row: Row;
    readonly withFile: boolean;
    readonly state: State;
    readonly transport: SshTransport;
    readonly other: string;
  },
): Promise<Outcome | "another file was changed"> {
  return await withTempDir(async (directory) => {
    const right = (await Deno.readTextFile(sshd.knownHosts)).replace(/ \w+\n$/, "\n");
    const texts: Readonly<Record<State, string>> = {
      unknown: "",
      known: right,
      changed: right.replace(/AAAA\S+/, other),
    };
    // The file of `-n` counts, or without it that of `-c`; the other one would say the contrary.
    const contrary = state === "known" ? texts.unknown : texts.known;
    const [named, configured] = [`${directory}/named`, `${directory}/configured`];
    await Deno.writeTextFile(named, withFile ? texts[state] : contrary);
    await Deno.writeTextFile(configured, withFile ? contrary : texts[state]);
    const strictness = row.configured === undefined
      ? []
      : [`StrictHostKeyChecking ${row.configured}`];
    const lines = [
      "UpdateHostKeys no",
      "HashKnownHosts no",
      `UserKnownHostsFile "${configured}"`,
      ...strictness,
      (await Deno.readTextFile(sshd.sshConfig)).replace(/^StrictHostKeyChecking.*\n/m, ""),
    ];
    await Deno.writeTextFile(`${directory}/config`, lines.join("\n"));
    const before = [await Deno.readTextFile(named), await Deno.readTextFile(configured)];
    const isTaken = await connects([
      `--transport=${transport}`,
      ...row.flags,
      ...withFile ? ["-n", named] : [],
      "-c",
      `${directory}/config`,
      sshd.alias,
    ]);
    const after = [await Deno.readTextFile(named), await Deno.readTextFile(configured)];
    if (withFile) {
      before.reverse();
      after.reverse();
    }
    if (after[0] !== before[0]) return "another file was changed";
    if (after[1] === before[1]) return isTaken ? "taken" : "refused";
    assertEquals(after[1], right);
    return "taken and kept";
  });
}

for (const transport of ["ssh2", "openssh"] satisfies SshTransport[]) {
  Deno.test({
    name: `-d, -n, --accept-new and -c keep no key that is not verified, by ${transport}`,
    ...needs("sshd", "ssh", "ssh-keygen"),
    ...ciphersMayStay,
    async fn() {
      await withSshd({}, async (sshd) => {
        await makeKey(`${sshd.directory}/other`, "ed25519");
        const [, other = ""] = (await Deno.readTextFile(`${sshd.directory}/other.pub`)).split(" ");
        const cases = TABLE.flatMap((row) =>
          [true, false].flatMap((withFile) => STATES.map((state) => ({ row, withFile, state })))
        );
        const found: Record<string, string> = {};
        const wanted: Record<string, string> = {};
        const left = [...cases];
        await Promise.all([1, 2, 3, 4].map(async () => {
          for (let next = left.pop(); next !== undefined; next = left.pop()) {
            const { row, withFile, state } = next;
            const options = [...row.flags, ...withFile ? ["-n FILE"] : []].join(" ");
            const name = `${options} -c (${row.configured ?? "silent"}): ${state}`;
            wanted[name] = row[state];
            found[name] = await tried(sshd, { ...next, transport, other });
          }
        }));
        assertEquals(found, wanted);
      });
    },
  });
}
