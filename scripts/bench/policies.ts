/**
 * Whether a policy that remembers what a session has made costs the same for each upload, however
 * many there are. Each session makes its files in one folder, each under a temporary name and by one
 * rename, and then renames the folder a hundred times, if the policy allows it. All figures are CPU
 * time of the server.
 *
 * @module
 */

import { OpenFlag, PacketType, StatusCode } from "../../lib/wire/constants.ts";
import { withTempDir } from "../../tests/support/files.ts";
import type { Connection } from "./connection.ts";
import { ROOT } from "./jail.ts";
import { COMMON_OPTIONS } from "./options.ts";
import { request } from "./packets.ts";
import { addSample } from "./report.ts";
import { type Program, Session, turns } from "./session.ts";
import { close, expectOk, open } from "./stages.ts";
import type { Samples, Subject } from "./subject.ts";

/** No policy, to compare with, and each policy that remembers. */
const POLICIES = ["none", "upload-only", "no-overwrite", "no-delete"] as const;

const FOLDER_RENAMES = 100;

/** The cost of an upload in the longest session, as a multiple of one in the shortest. */
const GROWTH = "growth";

/** `deno task bench:policies` */
export const policies: Subject = {
  about: "Measures CPU time per upload under policies that remember what a session has made.",
  defaults: { ...COMMON_OPTIONS, rounds: "1", counts: "10000,30000,100000" },
  stages: [],
  contestants: POLICIES,
  bars: POLICIES.map((id) => ({ metric: GROWTH, id, atMost: 2 })),
  async measure({ rounds, counts, only, program }) {
    const samples: Samples = {};
    const deno = [Deno.execPath(), "run", "--no-prompt", "-A", `${ROOT}main.ts`];
    const words = [...program === undefined ? deno : [program], "jail", "--log-level=ERROR"];
    for await (const order of turns(rounds, only)) {
      for (const id of order) {
        const flags = id === "none" ? [] : [`--${id}`];
        for (const count of counts) {
          await withTempDir((cwd) =>
            measure(samples, { name: id, argv: [...words, ...flags, cwd], cwd }, count)
          );
        }
        const [first = 0, last = 0] = [counts[0], counts.at(-1)]
          .map((count) => samples[`upload-${count}`]?.[id]?.at(-1));
        addSample(samples, GROWTH, id, last / first);
      }
    }
    const metrics = [
      ...counts.flatMap((count) => [
        { id: `upload-${count}`, name: `each of ${count} uploads`, unit: "us", digits: 0 },
        { id: `rename-${count}`, name: `renaming a folder of ${count}`, unit: "us", digits: 0 },
      ]),
      { id: GROWTH, name: "an upload, longest ÷ shortest session", unit: "", digits: 2 },
    ];
    const contestants = only.map((id) => ({ id, name: id }));
    return { contestants, metrics, samples, notes: [] };
  },
};

async function measure(samples: Samples, program: Program, count: number): Promise<void> {
  const session = await Session.start(program);
  await session.run(`${count} uploads`, (connection) => {
    expectOk(connection.call(request(PacketType.MKDIR, "folder", 0)));
    const before = session.cpuTime();
    for (let index = 0; index < count; index++) upload(connection, `folder/${index}`);
    const between = session.cpuTime();
    const renamed = renameFolder(connection);
    const after = session.cpuTime();
    const each = (between - before) / count / 1000;
    addSample(samples, `upload-${count}`, program.name, each);
    if (!renamed) return;
    addSample(samples, `rename-${count}`, program.name, (after - between) / FOLDER_RENAMES / 1000);
  });
  await session.stop();
}

function upload(connection: Connection, name: string): void {
  const { WRITE, CREAT, TRUNC } = OpenFlag;
  close(connection, open(connection, `${name}.part`, WRITE | CREAT | TRUNC));
  expectOk(connection.call(request(PacketType.RENAME, `${name}.part`, name)));
}

/** Returns false where it is refused. */
function renameFolder(connection: Connection): boolean {
  let [from, to] = ["folder", "other"];
  for (let count = 0; count < FOLDER_RENAMES; count++) {
    const reply = connection.call(request(PacketType.RENAME, from, to));
    if (reply.u32(5) === StatusCode.PERMISSION_DENIED) return false;
    expectOk(reply);
    [from, to] = [to, from];
  }
  return true;
}
