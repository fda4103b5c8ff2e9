import { assert, assertEquals } from "@std/assert";
import { Bucket } from "../../../../lib/storage/gridfs/database/bucket.ts";
import { check } from "../../../../lib/storage/gridfs/repair/check.ts";
import { GridFsStorage } from "../../../../lib/storage/gridfs/gridfs.ts";
import { needsMongo } from "../../../support/mongodb.ts";
import { bytesOf } from "../../../../lib/testing/subject.ts";
import { type Buckets, linkOn, withBuckets } from "../support/buckets.ts";
import { driverWrites, open, subject } from "../support/content.ts";
import { Stop, Stopping } from "../support/stopping.ts";
import { ageJournal, assertSwept, treeOf } from "../support/views.ts";

const OLD = bytesOf("old content of twenty-five bytes and more");
const CHUNK = { chunkSizeBytes: 4 };

/** An operation of a session, and what may exist if the session dies in the middle. */
interface Story {
  readonly name: string;
  readonly prepare: (buckets: Buckets, name: string) => Promise<unknown>;
  readonly act: (storage: GridFsStorage) => Promise<unknown>;
  /** The tree as text, before and after; nothing in between. */
  readonly outcomes: readonly [before: string, after: string];
}

const STORIES: readonly Story[] = [
  {
    name: "an upload",
    prepare: () => Promise.resolve(),
    act: (storage) => subject(storage).put("/a", "new"),
    outcomes: ["", "a=new"],
  },
  {
    name: "an upload over a file",
    prepare: (buckets, name) => driverWrites(buckets.db, name, "a", OLD, CHUNK),
    act: (storage) => subject(storage).put("/a", "new"),
    outcomes: [`a=${textOf(OLD)}`, "a=new"],
  },
  {
    name: "a cut to nothing",
    prepare: (buckets, name) => driverWrites(buckets.db, name, "a", OLD, CHUNK),
    act: (storage) => subject(storage).put("/a"),
    outcomes: [`a=${textOf(OLD)}`, "a="],
  },
  {
    name: "an edit in place",
    prepare: (buckets, name) => driverWrites(buckets.db, name, "a", OLD, CHUNK),
    act: async (storage) => {
      const file = await open(storage, "/a", "write");
      await file.write(bytesOf("CONT"), 4);
      await file.write(bytesOf("BYTES"), 27);
      await file.setAttrs({ size: 35 });
      await file.close(false);
    },
    outcomes: [`a=${textOf(OLD)}`, "a=old CONTent of twenty-five BYTES an"],
  },
  {
    name: "a removal",
    prepare: (buckets, name) => driverWrites(buckets.db, name, "d/a", OLD, CHUNK),
    act: (storage) => storage.remove("/d/a"),
    outcomes: [`d/ d/a=${textOf(OLD)}`, "d/"],
  },
  {
    name: "a rename over a file",
    prepare: async (buckets, name) => {
      await driverWrites(buckets.db, name, "a", bytesOf("first"));
      await driverWrites(buckets.db, name, "b", bytesOf("second"));
    },
    act: (storage) => Promise.resolve(storage.extensions.posixRename!("/a", "/b")),
    outcomes: ["a=first b=second", "b=first"],
  },
  {
    name: "a rename of a directory",
    prepare: async (buckets, name) => {
      await driverWrites(buckets.db, name, "d/a", bytesOf("1"));
      await driverWrites(buckets.db, name, "d/e/b", bytesOf("2"));
      const storage = await buckets.storage(name);
      await storage.mkdir("/d/f", {});
      await storage.symlink("a", "/d/link");
      await storage.close();
    },
    act: (storage) => storage.rename("/d", "/new"),
    outcomes: [
      "d/ d/a=1 d/e/ d/e/b=2 d/f/ d/link>a",
      "new/ new/a=1 new/e/ new/e/b=2 new/f/ new/link>a",
    ],
  },
];

for (const story of STORIES) {
  Deno.test({
    name: `what is left of ${story.name} is all or nothing once it is swept, wherever it broke off`,
    ...needsMongo(),
    fn: () =>
      withBuckets(async (buckets) => {
        const seen = new Set<string>();
        for (let writes = 0;; writes++) {
          assert(writes < 100, "It never comes to an end");
          const name = buckets.newName();
          await story.prepare(buckets, name);
          const { hasStopped } = await actAndDie(buckets, name, { act: story.act, writes });
          await sweepAsLater(buckets, name);
          const told = await treeOf(buckets, name);
          assert(story.outcomes.includes(told), `${told} after ${writes} writes`);
          seen.add(told);
          await assertSwept(buckets, name);
          if (!hasStopped) {
            assertEquals(told, story.outcomes[1]);
            break;
          }
        }
        assertEquals([...seen].sort(), [...story.outcomes].sort());
      }),
  });
}

async function actAndDie(
  buckets: Buckets,
  name: string,
  { act, writes }: { readonly act: Story["act"]; readonly writes: number },
): Promise<Stopping> {
  await buckets.bucket(name);
  const stopping = new Stopping(buckets.db, writes);
  const storage = new GridFsStorage(new Bucket({ link: linkOn(stopping.db), name }), {});
  try {
    await act(storage);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  // A session that dies does not close; this only stops its timers.
  await storage.close();
  return stopping;
}

/** Sweeps, like a session that starts after the dead one has expired. */
async function sweepAsLater(buckets: Buckets, name: string): Promise<void> {
  await ageJournal(buckets.db, name);
  for (const { what, mended } of await check(await buckets.bucket(name), true)) {
    assert(mended, what);
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
