import { assertEquals, assertNotEquals } from "@std/assert";
import { withTempDir } from "../support/files.ts";
import type { Reply } from "../support/raw.ts";
import { ChildServer, sftpwrap } from "../support/wire_session.ts";
import { type Ending, endings, MARK, MARKED_ID } from "./cases/endings.ts";
import { layAccounts, layOracle, needsOracle, startOracle } from "./oracle.ts";
import { tell } from "./script.ts";

/** What stands in a tree is older, what a session changes is younger. */
const LONG_AGO = 1_500_000_000;

/** So many pairs of servers run at once. */
const AT_ONCE = 4;

/** Where this server means to answer otherwise. */
const differences: readonly {
  readonly name: RegExp;
  readonly reason: string;
  /** Makes of OpenSSH's answers what is expected here. */
  readonly expect: (replies: readonly string[]) => readonly string[];
}[] = [
  {
    name: /^a packet of type /,
    reason: "OpenSSH does not answer, and the client would wait for ever",
    expect: ([version, mark, ...rest]) => [
      version!,
      mark!,
      'STATUS 8 "Operation unsupported" for 1',
      ...rest,
    ],
  },
  {
    name: /^a client of version [012]$/,
    reason: "OpenSSH leaves out the text for clients that have not been seen since 1999",
    expect: (replies) =>
      replies.map((reply) => reply.replace('STATUS 2 ""', 'STATUS 2 "No such file"')),
  },
];

/** What a server said, and how it ended. */
interface Told {
  readonly replies: readonly string[];
  readonly code: number;
}

Deno.test({
  name: "a session ends as OpenSSH's does",
  ...needsOracle(),
  async fn(t) {
    await withTempDir(async (directory) => {
      const roots = { theirs: `${directory}/theirs`, ours: `${directory}/ours` };
      for (const root of Object.values(roots)) {
        await Deno.mkdir(root);
        layAccounts(root);
      }
      layOracle(roots.theirs);
      const compare = async (ending: Ending) => {
        const theirs = startOracle(roots.theirs, ["-l", "QUIET"]);
        const ours = new ChildServer(sftpwrap(["jail", roots.ours]));
        return { ending, theirs: await play(theirs, ending), ours: await play(ours, ending) };
      };
      const left = [...endings];
      const results: Awaited<ReturnType<typeof compare>>[] = [];
      const work = async () => {
        for (let ending = left.shift(); ending !== undefined; ending = left.shift()) {
          results.push(await compare(ending));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      for (const { ending, theirs, ours } of results) {
        await t.step(ending.name, () => {
          const difference = differences.find(({ name }) => name.test(ending.name));
          const replies = difference?.expect(theirs.replies) ?? theirs.replies;
          assertEquals(ours, { ...theirs, replies });
          // A difference that is none any more has to go.
          if (difference !== undefined) assertNotEquals(ours, theirs);
        });
      }
    });
  },
});

async function play(server: ChildServer, { pieces }: Ending): Promise<Told> {
  const replies: string[] = [];
  for (const piece of pieces) {
    await server.send(piece);
    if (!endsWith(piece, MARK)) continue;
    for (;;) {
      const reply = await server.receive();
      if (reply === undefined) break;
      replies.push(tellWithId(reply));
      if ("id" in reply && reply.id === MARKED_ID) break;
    }
  }
  const { code, replies: last } = await server.end();
  replies.push(...last.map(tellWithId));
  if (server.leftOver > 0) replies.push(`${server.leftOver} bytes that are no packet`);
  return { replies, code };
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const tail = bytes.subarray(-end.length);
  return tail.length === end.length && tail.every((byte, index) => byte === end[index]);
}

function tellWithId(reply: Reply): string {
  if (reply.kind === "version") return `VERSION ${reply.version}`;
  // FAILURE says why, which is one of the named differences of the scripts.
  return `${
    tell(reply, (seconds) => seconds > LONG_AGO ? "now" : String(seconds))
      .replace(/"Failure: .*"/, '"Failure"')
  } for ${reply.id}`;
}
