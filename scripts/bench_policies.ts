/**
 * Whether a policy that remembers what a session has made costs the same for each upload, however
 * many there are: `deno task bench:policies`.
 *
 *     --counts LIST     uploads in one session; 10000,30000,100000 where absent
 *     --program PATH    this program, compiled already; `deno run` where absent
 *     --check           exit 1 where an upload of the longest session costs over twice what one of
 *                       the shortest costs
 *
 * Each session makes its files in one folder, each under a temporary name and by one rename, and
 * then renames the folder a hundred times, where the policy lets it. All figures are CPU time of the
 * server.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { withTempDir } from "../tests/support/files.ts";
import { OpenFlag, PacketType, StatusCode } from "../lib/wire/constants.ts";
import { Connection } from "./bench/connection.ts";
import { ROOT } from "./bench/contestants.ts";
import { handlePacket, mkdirPacket, openPacket, renamePacket } from "./bench/packets.ts";
import { Server } from "./bench/server.ts";
import { handshake } from "./bench/stages.ts";
import { printLine } from "./support/print.ts";

/** Without a policy, to compare with, and with each that remembers. */
const POLICIES = [[], ["--upload-only"], ["--no-overwrite"], ["--no-delete"]] as const;

const FOLDER_RENAMES = 100;

/** The most that an upload of the longest session may cost, as a multiple of one of the shortest. */
const BAR = 2;

/** Microseconds of CPU. */
interface Costs {
  readonly perUpload: number;
  /** Absent where the policy refuses it. */
  readonly perFolderRename: number | undefined;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs([...args], {
    string: ["counts", "program"],
    boolean: ["check"],
    unknown: (arg) => {
      throw new TypeError(`unknown argument ${arg}`);
    },
  });
  const counts = (options.counts ?? "10000,30000,100000").split(",").map(Number);
  const program = options.program === undefined
    ? [Deno.execPath(), "run", "--no-prompt", "-A", `${ROOT}main.ts`]
    : [options.program];
  let isMissed = false;
  for (const policy of POLICIES) {
    const all: Costs[] = [];
    for (const count of counts) {
      const costs = await withTempDir((directory) =>
        measure([...program, "jail"], {
          directory,
          policy,
          count,
        })
      );
      all.push(costs);
      const rename = costs.perFolderRename?.toFixed(0) ?? "-";
      printLine(
        `${(policy[0] ?? "no policy").padEnd(15)} ${String(count).padStart(7)} uploads: ` +
          `${costs.perUpload.toFixed(0)} us each, a folder's rename ${rename} us`,
      );
    }
    if (all.at(-1)!.perUpload > BAR * all[0]!.perUpload) isMissed = true;
  }
  return options.check && isMissed ? 1 : 0;
}

async function measure(
  words: readonly string[],
  { directory, policy, count }: {
    readonly directory: string;
    readonly policy: readonly string[];
    readonly count: number;
  },
): Promise<Costs> {
  await Deno.mkdir(`${directory}/jail`);
  const server = new Server({
    argv: [...words, "--log-level=ERROR", ...policy, `${directory}/jail`],
    cwd: directory,
    stderr: `${directory}/stderr`,
  });
  try {
    const connection = new Connection(server.descriptor);
    handshake(connection);
    ask(connection, mkdirPacket("folder"));
    const before = server.cpuTime();
    for (let index = 0; index < count; index++) upload(connection, `folder/${index}`);
    const between = server.cpuTime();
    const renamed = renameFolder(connection);
    const after = server.cpuTime();
    return {
      perUpload: (between - before) / count / 1000,
      perFolderRename: renamed ? (after - between) / FOLDER_RENAMES / 1000 : undefined,
    };
  } finally {
    await server.stop();
  }
}

function upload(connection: Connection, name: string): void {
  const { WRITE, CREAT, TRUNC } = OpenFlag;
  const opened = connection.call(openPacket(`${name}.part`, WRITE | CREAT | TRUNC));
  if (opened.type !== PacketType.HANDLE) throw new Error(`OPEN was answered by ${opened.type}`);
  ask(connection, handlePacket(PacketType.CLOSE, opened.bytes(5)));
  ask(connection, renamePacket(`${name}.part`, name));
}

/** Returns false where it is refused. */
function renameFolder(connection: Connection): boolean {
  let [from, to] = ["folder", "other"];
  for (let count = 0; count < FOLDER_RENAMES; count++) {
    const reply = connection.call(renamePacket(from, to));
    if (reply.u32(5) === StatusCode.PERMISSION_DENIED) return false;
    if (reply.u32(5) !== StatusCode.OK) throw new Error(`RENAME was answered by ${reply.u32(5)}`);
    [from, to] = [to, from];
  }
  return true;
}

function ask(connection: Connection, packet: Parameters<Connection["call"]>[0]): void {
  const reply = connection.call(packet);
  if (reply.type !== PacketType.STATUS || reply.u32(5) !== StatusCode.OK) {
    throw new Error(`Type ${reply.type}, status ${reply.u32(5)}`);
  }
}
