import { assertEquals, assertThrows } from "@std/assert";
import { openToAppend } from "../../../lib/cli/files/append_file.ts";
import { StartError } from "../../../lib/cli/errors.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { bytesOf } from "../../support/raw.ts";
import { runOk } from "../../support/run.ts";

const linux = Deno.build.os === "linux";

// Opened once for the process, and so not in a test.
if (linux) openLibc();

Deno.test("openToAppend() makes a file for its owner alone, and appends to one that is there", () =>
  withTempDir(async (directory) => {
    const file = `${directory}/log`;
    openToAppend(file).writeSync(bytesOf("one\n"));
    assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
    await Deno.chmod(file, 0o644);
    await Deno.symlink("log", `${directory}/link`);
    openToAppend(`${directory}/link`).writeSync(bytesOf("two\n"));
    assertEquals(await Deno.readTextFile(file), "one\ntwo\n");
    assertEquals((await Deno.stat(file)).mode! & 0o777, 0o644);
  }));

Deno.test({
  name: "openToAppend() refuses a FIFO that nothing reads from, and never waits for its reader",
  ...needs("mkfifo"),
  ...linux ? {} : { ignore: true },
  fn: () =>
    withTempDir(async (directory) => {
      const fifo = `${directory}/fifo`;
      await runOk("mkfifo", [fifo]);
      assertThrows(() => openToAppend(fifo), StartError, "a FIFO that nothing reads from");
      using reader = await Deno.open(fifo, { read: true, write: true });
      const appender = openToAppend(fifo);
      appender.writeSync(bytesOf("line\n"));
      const bytes = new Uint8Array(16);
      assertEquals(bytes.subarray(0, await reader.read(bytes) ?? 0), bytesOf("line\n"));
      // Its buffer is full; a line waits, and then the session goes on without it.
      const block = new Uint8Array(65536);
      assertThrows(() => {
        for (let count = 0; count < 64; count++) appender.writeSync(block);
      });
    }),
});
