import { assertEquals } from "@std/assert";
import { atomic } from "../../lib/atomic/atomic.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { withRoot } from "../storage/proxy/far_side.ts";
import { needs } from "../support/programs.ts";
import { ATOMIC_SKIPS, namesIn, open, put, textIn } from "./support.ts";

const FAR_SKIPS = [
  {
    reason: "OpenSSH's server opens directories to read",
    tests: ["open() of a directory to read fails"],
  },
  {
    reason: "a link that leads out of the root is refused, not bent",
    tests: ["a link cannot lead above the root"],
  },
  {
    reason: "the path is followed as far as it goes, and its first name is not there",
    tests: ["a path of 5000 bytes is invalid"],
  },
  {
    reason: "OpenSSH's server answers OK where it copies less, or nothing",
    tests: [
      "copyData() returns how much there was at the source's end",
      "copyData() needs a source to read and a target to write",
    ],
  },
];

Deno.test({
  name: "atomic(proxy) keeps the promises of a storage, on OpenSSH's server",
  ...needs("sftp-server"),
  fn: async (t) => {
    await conformance(t, async () => {
      const { storage, ...far } = await withRoot();
      return { ...far, storage: atomic(storage) };
    }, [...ATOMIC_SKIPS, ...FAR_SKIPS]);
  },
});

Deno.test({
  name: "a proxy's drafts are swept when they are a day old, and not before",
  ...needs("sftp-server"),
  async fn() {
    const { storage: far, directory, dispose } = await withRoot();
    const storage = atomic(far);
    const living = await open(storage, "/living", "write", "create", "truncate");
    for (const [letter, age] of [["a", 23 * 3600], ["b", 25 * 3600]] as const) {
      const name = `${directory}/.sftpwrap-${letter.repeat(8)}-0123-0123-0123-${
        "0".repeat(12)
      }.part`;
      await Deno.writeTextFile(name, "half");
      const time = Date.now() / 1000 - age;
      await Deno.utime(name, time, time);
    }
    assertEquals(await namesIn(storage), ["living"]);
    const left = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
    assertEquals(left.map((name) => name[10]).filter((letter) => letter === "b"), []);
    assertEquals(left.length, 2);
    await living.close(false);
    await put(storage, "/living", "content");
    assertEquals(await textIn(storage, "/living"), "content");
    await storage.close();
    await dispose();
  },
});
