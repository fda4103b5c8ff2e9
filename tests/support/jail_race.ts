/**
 * A client that works through a directory while another process swaps it for
 * a link out of the jail.
 *
 * @module
 */

import { openLibc } from "../../lib/linux/libc.ts";
import { openKernelRoot } from "../../lib/storage/local/kernel/root.ts";
import { withTempDir } from "./files.ts";
import { existsSync, makeSite, type Site } from "./jail_fixture.ts";
import { ask, concat, Flag, type Reply, type Request, request } from "./raw.ts";
import { run, runOk } from "./run.ts";
import { startSwapper } from "./swapper.ts";
import { ChildServer } from "./wire_session.ts";

/** Requests under way at once; fewer than the handles that a server allows to be open. */
const BATCH = 200;

const INSIDE = "inside";
const OUTSIDE = "far outside";

/** A name that exists only in the directory outside. */
const OUTSIDE_ALONE = "alone";

/** A mode that no file has by itself. */
const MODE = 0o604;

/** Opened once: in a test it would count as left open. */
const libc = Deno.build.os === "linux" ? openLibc() : undefined;

/** What a request reached, as far as its reply shows. */
type Reached = "inside" | "outside" | "nobody";

/** The result of many attempts of a kind. */
export interface RaceCount {
  readonly operation: string;
  readonly attempts: number;
  /** How many had an effect outside, or revealed something of it. */
  readonly escapes: number;
  /** How many found the directory in its place; the others found the link. */
  readonly reached: number;
}

/** The result of a race. */
export interface RaceResult {
  readonly counts: readonly RaceCount[];
  /** How often the directory and the link were swapped. */
  readonly swaps: number;
}

/** An operation that is raced, on `/door/…` for many numbers at once. */
interface Operation {
  readonly name: string;
  run(client: RaceClient): Promise<readonly Reached[]>;
  /** Makes what the operation will find in one of the two directories. */
  prepare?(directory: string, index: number): void;
  /** Whether it has left a mark in the directory outside. */
  isMarked?(outside: string, index: number): boolean;
}

const operations: readonly Operation[] = [
  {
    name: "open and read",
    run: async (client) => {
      const handles = handlesOf(await client.all(() => ask.open("/door/file", Flag.READ)));
      const read = await client.all((index) => ask.read(handles[index]!, 0, 100), handles);
      await client.all((index) => ask.close(handles[index]!), handles);
      return read.map((reply) => reply?.kind === "data" ? reachedBy(reply.data.length) : "nobody");
    },
  },
  {
    name: "stat",
    run: async (client) =>
      (await client.all(() => ask.stat("/door/file"))).map((reply) =>
        reply?.kind === "attrs" ? reachedBy(Number(reply.attrs.size)) : "nobody"
      ),
  },
  {
    name: "stat beside ..",
    run: async (client) =>
      (await client.all(() => ask.stat("/door/sub/../file"))).map((reply) =>
        reply?.kind === "attrs" ? reachedBy(Number(reply.attrs.size)) : "nobody"
      ),
  },
  {
    name: "list",
    run: async (client) => {
      const handles = handlesOf(await client.all(() => ask.opendir("/door")));
      const listed = await client.all((index) => ask.readdir(handles[index]!), handles);
      await client.all((index) => ask.close(handles[index]!), handles);
      return listed.map((reply) => {
        if (reply?.kind !== "name") return "nobody";
        return reply.names.some(({ filename }) => filename === OUTSIDE_ALONE)
          ? "outside"
          : "inside";
      });
    },
  },
  {
    name: "make a folder",
    run: (client) => client.statuses((index) => ask.mkdir(`/door/new-${index}`)),
    isMarked: (outside, index) => existsSync(`${outside}/new-${index}`),
  },
  {
    name: "create",
    run: async (client) => {
      const flags = Flag.WRITE | Flag.CREAT | Flag.EXCL;
      const handles = handlesOf(await client.all((index) => ask.open(`/door/new-${index}`, flags)));
      await client.all((index) => ask.close(handles[index]!), handles);
      return handles.map((handle) => handle === undefined ? "nobody" : "inside");
    },
    isMarked: (outside, index) => existsSync(`${outside}/new-${index}`),
  },
  {
    name: "rename",
    prepare: (directory, index) => Deno.writeTextFileSync(`${directory}/old-${index}`, ""),
    run: (client) =>
      client.statuses((index) => ask.rename(`/door/old-${index}`, `/door/new-${index}`)),
    isMarked: (outside, index) =>
      existsSync(`${outside}/new-${index}`) || !existsSync(`${outside}/old-${index}`),
  },
  {
    name: "remove",
    prepare: (directory, index) => Deno.writeTextFileSync(`${directory}/old-${index}`, ""),
    run: (client) => client.statuses((index) => ask.remove(`/door/old-${index}`)),
    isMarked: (outside, index) => !existsSync(`${outside}/old-${index}`),
  },
  {
    name: "chmod",
    prepare: (directory, index) =>
      Deno.writeTextFileSync(`${directory}/old-${index}`, "", { mode: 0o600 }),
    run: (client) =>
      client.statuses((index) => ask.setstat(`/door/old-${index}`, { permissions: MODE })),
    isMarked: (outside, index) =>
      ((Deno.statSync(`${outside}/old-${index}`).mode ?? 0) & 0o777) === MODE,
  },
];

/** How long an operation is raced. */
export interface RaceLength {
  /** At least this many attempts … */
  readonly attempts: number;
  /** … and until this holds, if given; for a long time, but not forever. */
  readonly until?: (count: RaceCount) => boolean;
}

/** A race is given up after this many times the attempts that were asked for. */
const MOST = 100;

/** Whether the requests have met the directory and the link. */
export function hasMetBoth({ attempts, escapes, reached }: RaceCount): boolean {
  return reached > 0 && reached + escapes < attempts;
}

/** Races all operations against the server that these words start. */
export async function race(
  command: (site: Site) => readonly string[],
  length: RaceLength,
): Promise<RaceResult> {
  return await withQuickSite(async (site) => {
    const door = `${site.jail}/door`;
    await Deno.mkdir(door);
    await Deno.symlink("../outside", `${site.jail}/link`);
    await Deno.writeTextFile(`${door}/file`, INSIDE);
    await Deno.writeTextFile(`${site.outside}/file`, OUTSIDE);
    await Deno.writeTextFile(`${site.outside}/${OUTSIDE_ALONE}`, "");
    for (const directory of [door, site.outside]) await Deno.mkdir(`${directory}/sub`);
    const client = new RaceClient(command(site));
    // Through its descriptor the directory is found whatever its name is at the moment.
    const inside = openKernelRoot(door, libc ?? openLibc());
    const swapper = startSwapper(door, `${site.jail}/link`);
    try {
      await client.server.greet();
      const counts: RaceCount[] = [];
      for (const operation of operations) {
        const directories = { inside: `/proc/self/fd/${inside.descriptor}`, outside: site.outside };
        counts.push(await raceOne(operation, { client, directories, length }));
      }
      return { counts, swaps: await swapper.stop() };
    } finally {
      await swapper.stop();
      inside.close();
      await client.server.end();
    }
  });
}

/**
 * In memory, if this user may mount something: a disk's journal slows each swap down. Not in
 * `/dev/shm`, which Deno allows only with every permission.
 */
async function withQuickSite<T>(use: (site: Site) => Promise<T>): Promise<T> {
  return await withTempDir(async (base) => {
    const { code } = await run("mount", ["-t", "tmpfs", "tmpfs", base]);
    try {
      return await use(makeSite(base));
    } finally {
      if (code === 0) await runOk("umount", [base]);
    }
  });
}

async function raceOne(
  { name, prepare, run, isMarked }: Operation,
  { client, directories, length }: {
    readonly client: RaceClient;
    readonly directories: { readonly inside: string; readonly outside: string };
    readonly length: RaceLength;
  },
): Promise<RaceCount> {
  const { inside, outside } = directories;
  const { attempts: fewest, until = () => true } = length;
  let [attempts, escapes, reached] = [0, 0, 0];
  const count = () => ({ operation: name, attempts, escapes, reached });
  while (attempts < fewest || (!until(count()) && attempts < fewest * MOST)) {
    attempts += BATCH;
    for (let index = 0; index < BATCH; index++) {
      prepare?.(inside, index);
      prepare?.(outside, index);
    }
    for (const [index, whom] of (await run(client)).entries()) {
      if (whom === "outside" || (isMarked?.(outside, index) ?? false)) escapes++;
      else if (whom === "inside") reached++;
      for (const directory of [inside, outside]) {
        for (const left of ["old", "new"]) removeIfThere(`${directory}/${left}-${index}`);
      }
    }
  }
  return count();
}

/** Sends many requests before it reads the first reply. */
class RaceClient {
  readonly server: ChildServer;

  constructor(words: readonly string[]) {
    this.server = new ChildServer(words);
  }

  /**
   * Sends a request for each number, and returns the replies; if `handles` are given, only for
   * numbers that have one.
   */
  async all(
    sent: (index: number) => Request,
    handles?: readonly (Uint8Array | undefined)[],
  ): Promise<readonly (Reply | undefined)[]> {
    const indexes = Array.from({ length: BATCH }, (_, index) => index)
      .filter((index) => handles === undefined || handles[index] !== undefined);
    if (indexes.length > 0) {
      await this.server.send(concat(...indexes.map((index) => request(sent(index), index))));
    }
    const replies = new Array<Reply | undefined>(BATCH);
    for (const index of indexes) {
      const reply = await this.server.receive();
      if (reply === undefined || !("id" in reply) || reply.id !== index) {
        throw new Error(`Request ${index} got no reply: ${(await this.server.end()).stderr}`);
      }
      replies[index] = reply;
    }
    return replies;
  }

  async statuses(sent: (index: number) => Request): Promise<readonly Reached[]> {
    return (await this.all(sent)).map((reply) =>
      reply?.kind === "status" && reply.code === 0 ? "inside" : "nobody"
    );
  }
}

function handlesOf(replies: readonly (Reply | undefined)[]): readonly (Uint8Array | undefined)[] {
  return replies.map((reply) => reply?.kind === "handle" ? reply.handle : undefined);
}

function reachedBy(size: number): Reached {
  return size === OUTSIDE.length ? "outside" : "inside";
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
