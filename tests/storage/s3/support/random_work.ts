import { assertEquals } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import type { FileHandle, OpenOptions, Storage } from "../../../../lib/storage/storage.ts";
import { randomNumbers } from "../../../support/random.ts";

const PATHS = ["/a", "/b", "/d/a"];
/** A write-only handle refuses to change what it has sent; see `draft.ts`. */
const SENT = /in the bucket already/;

/** What is to be done at random. */
export interface RandomWork {
  readonly seed: number;
  readonly operations: number;
  /** The largest file, roughly. */
  readonly mostBytes: number;
  /** Whether an operation may fail so; a file of which a change has failed must not be published. */
  readonly mayFail?: (error: unknown) => boolean;
  /** Called before all files are compared at the end. */
  readonly ended?: () => void;
}

/** Does random operations to files and to a model of them, and compares all that is read. */
export async function workAtRandom(storage: Storage, work: RandomWork): Promise<void> {
  const { seed, operations, mostBytes, mayFail = () => false } = work;
  const random = randomNumbers(seed);
  const files = new Map<string, Uint8Array>();
  await storage.mkdir("/d", {});
  /** Mostly small, but of every order of magnitude. */
  const size = () => random(2 ** random(Math.ceil(Math.log2(mostBytes))) + 1);
  const bytes = (length: number) => {
    const filled = new Uint8Array(length).fill(1 + random(255));
    for (let at = 0; at < length; at += 977) filled[at] = random(256);
    return filled;
  };
  let done = 0;
  while (done < operations) {
    const path = PATHS[random(PATHS.length)]!;
    const before = files.get(path);
    done++;
    if (before !== undefined && random(8) === 0) {
      const to = PATHS[random(PATHS.length)]!;
      await attempt(async () => {
        await storage.extensions.posixRename!(path, to);
        files.delete(path);
        files.set(to, before);
      }, mayFail);
      continue;
    }
    const options = optionsFrom(random);
    if (before === undefined && !options.create) continue;
    let content = before === undefined || options.truncate ? new Uint8Array(0) : before;
    const opened = await attempt(() => storage.open(path, options), mayFail);
    if (opened === "failed") continue;
    const file = opened.value;
    const what = `seed ${seed}, operation ${done}, ${path}, ${JSON.stringify(options)}`;
    let isSpoiled = false;
    for (let count = random(20); count > 0 && !isSpoiled; count--) {
      done++;
      const length = size();
      const position = random(3) === 0 ? content.length : random(content.length + 1000);
      await attempt(async () => {
        switch (options.write ? random(4) : 3) {
          case 0:
          case 1: {
            const data = bytes(length);
            await file.write(data, position);
            if (length === 0) break;
            content = written(content, data, options.append ? content.length : position);
            break;
          }
          case 2: {
            const cut = random(content.length + 100);
            await file.setAttrs({ size: cut });
            content = written(content.slice(0, cut), new Uint8Array(0), cut);
            break;
          }
          default:
            assertEquals((await file.stat()).size, content.length, what);
            if (options.read) await compare(file, content, { position, length, what });
        }
      }, (error) => {
        if (SENT.test(String(error))) return true;
        if (!mayFail(error)) return false;
        file.spoil?.();
        isSpoiled = true;
        return true;
      });
    }
    const outcome = await attempt(() => file.close(false), mayFail);
    if (outcome !== "failed" && options.write) files.set(path, content);
  }
  work.ended?.();
  for (const [path, content] of files) {
    const file = await storage.open(path, { ...READ_ONLY, read: true });
    const what = `seed ${seed}, at the end, ${path}`;
    assertEquals((await file.stat()).size, content.length, what);
    await compare(file, content, { position: 0, length: content.length, what });
    await file.close(false);
  }
}

const READ_ONLY: OpenOptions = {
  ...{ read: false, write: false, append: false, create: false, truncate: false },
  ...{ exclusive: false, attrs: {} },
};

function optionsFrom(random: (limit: number) => number): OpenOptions {
  const write = random(4) > 0;
  return {
    ...READ_ONLY,
    write,
    read: !write || random(2) === 0,
    append: write && random(6) === 0,
    create: write && random(3) > 0,
    truncate: write && random(3) === 0,
  };
}

async function attempt<T>(
  work: () => T | Promise<T>,
  mayFail: (error: unknown) => boolean,
): Promise<{ readonly value: T } | "failed"> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof StorageError && mayFail(error)) return "failed";
    throw error;
  }
}

function written(content: Uint8Array, data: Uint8Array, position: number): Uint8Array {
  if (data.length === 0 && position <= content.length) return content;
  const result = new Uint8Array(Math.max(content.length, position + data.length));
  result.set(content);
  result.set(data, position);
  return result;
}

async function compare(
  file: FileHandle,
  content: Uint8Array,
  { position, length, what }: {
    readonly position: number;
    readonly length: number;
    readonly what: string;
  },
): Promise<void> {
  const into = new Uint8Array(length);
  const count = await file.read(into, position);
  const expected = content.subarray(position, position + length);
  assertEquals(count, expected.length, what);
  // Comparing numbers one by one takes seconds for megabytes.
  const differs = into.subarray(0, count).findIndex((byte, index) => byte !== expected[index]);
  assertEquals(differs, -1, `${what}: differs at byte ${position + differs}`);
}
