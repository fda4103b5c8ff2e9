import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { StorageError } from "../../../lib/storage/errors.ts";
import { openJail } from "../../../lib/storage/local/open_jail.ts";
import { conformance } from "../../../lib/testing/mod.ts";
import { bytesOf, failureOf, how } from "../../../lib/testing/subject.ts";
import { withTempDir } from "../../support/files.ts";
import { runOk } from "../../support/run.ts";

// What is opened once and for all, libc, is no leak of the test that is the first.
(await openJail(".")).close();

for (const confine of ["auto", "kernel", "portable"] as const) {
  Deno.test(`openJail() keeps the promises of a storage, with ${confine}`, async (t) => {
    await conformance(
      t,
      async () => {
        const directory = await Deno.makeTempDir();
        return {
          storage: await openJail(directory, { confine }),
          tellsReasons: true,
          dispose: () => Deno.remove(directory, { recursive: true }),
        };
      },
      confine !== "portable" ? [] : [
        { reason: "Deno's file API knows names as text", tests: ["raw names"] },
        ...Deno.version.deno.startsWith("2.6.")
          ? [{
            reason: "Deno 2.6 cannot change a link's owner",
            tests: ["setLinkAttrs() takes a link that leads nowhere"],
          }]
          : [],
      ],
    );
  });

  Deno.test(`openJail() lets nobody out, with ${confine}`, async () => {
    await withTempDir(async (directory) => {
      await Deno.mkdir(`${directory}/jail`);
      await Deno.writeTextFile(`${directory}/canary`, "secret");
      await Deno.symlink(`${directory}/canary`, `${directory}/jail/link`);
      // The way to the jail may be a link itself.
      await Deno.symlink("jail", `${directory}/way`);
      const storage = await openJail(`${directory}/way`, { confine });
      for (const path of ["/link", "/../canary", `${directory}/canary`]) {
        const error = await failureOf(() => storage.open(path, how("read")));
        assertInstanceOf(error, StorageError);
        assertEquals(error.code, "not-found");
      }
      const file = await storage.open("/inside", how("write", "create"));
      file.write(bytesOf("content"), 0);
      file.close();
      storage.close();
      assertEquals(await Deno.readTextFile(`${directory}/jail/inside`), "content");
    });
  });

  Deno.test(`openJail() refuses what is no directory, with ${confine}`, async () => {
    await withTempDir(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      for (const [name, reason] of [["no", "no such file"], ["file", "not a directory"]] as const) {
        const error = await assertRejects(
          () => openJail(`${directory}/${name}`, { confine }),
          StorageError,
          reason,
        );
        assertEquals(error.code, "not-found");
      }
    });
  });
}

Deno.test("openJail() does without FFI where flags keep the jail, unless it is told not to", async () => {
  await withTempDir(async (directory) => {
    const script = (options: string) =>
      `import { openJail } from ${JSON.stringify(new URL("../../../lib/mod.ts", import.meta.url))};
       const jail = await openJail(${JSON.stringify(directory)}, ${options});
       jail.mkdir("/made", {});
       await Deno.stdout.write(new TextEncoder().encode(String("statVfs" in jail.extensions)));`;
    await Deno.writeTextFile(`${directory}/auto.ts`, script("{}"));
    await Deno.writeTextFile(`${directory}/kernel.ts`, script(`{ confine: "kernel" }`));
    const flags = [`--allow-read=${directory}`, `--allow-write=${directory}`];
    const deno = (name: string) =>
      runOk(Deno.execPath(), [
        "run",
        "--no-prompt",
        "--no-check",
        ...flags,
        `${directory}/${name}`,
      ]);
    await deno("auto.ts");
    const wide = ["run", "--no-prompt", "--no-check", "-A", "--deny-ffi", `${directory}/auto.ts`];
    const reason = "neither the kernel nor Deno's permissions keep this jail";
    await assertRejects(() => runOk(Deno.execPath(), wide), Error, reason);
    assert((await Deno.stat(`${directory}/made`)).isDirectory);
    await assertRejects(() => deno("kernel.ts"), Error, "NotCapable");
  });
});
