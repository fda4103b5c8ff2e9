import { assert, assertEquals, assertMatch } from "@std/assert";
import * as os from "node:os";
import { errorOfName, errorOfNumber } from "../../lib/storage/errno.ts";
import { Errno } from "../../lib/linux/errno.ts";
import { withTempDir } from "../support/files.ts";
import { runChild } from "./local/child.ts";

const LINUX = { ignore: Deno.build.os !== "linux" };

/** Errors that no call on files has: of the System V streams, of shared libraries, of radios. */
const OF_SOMETHING_ELSE: ReadonlySet<string> = new Set([
  ...["ENOMSG", "ENOSTR", "ENOSR"],
]);

/** The errors that node knows on Linux, by number; the second name of a number is left out. */
const KNOWN = new Map(
  Object.entries(os.constants.errno).map(([name, number]) => [number, name] as const).reverse(),
);

Deno.test("every error that the system has for a file has words of its own", LINUX, () => {
  for (const [number, name] of KNOWN) {
    if (OF_SOMETHING_ELSE.has(name)) continue;
    const { message } = errorOfNumber(number);
    assertMatch(message, /^[a-z][a-z/ :-]+$/, name);
    assert(!message.startsWith("system error"), `${name} (${number}) has none`);
  }
});

Deno.test("the errors of a file system that is not there or not well are told in words", () => {
  const told = {
    ENOLCK: "no locks available",
    EILSEQ: "characters that the file system does not take",
    EBADMSG: "file system is damaged: bad checksum",
    ENOTCONN: "file system is not connected",
    ESHUTDOWN: "file system was shut down",
    ETIMEDOUT: "file system did not answer in time",
    EHOSTDOWN: "server is down",
    EUCLEAN: "file system is damaged",
    EREMOTEIO: "input/output error on the server",
    ENOMEDIUM: "no medium",
    ENOKEY: "encryption key is not there",
    ENOTSUPP: "not supported by the file system",
  } as const;
  for (const [name, reason] of Object.entries(told)) {
    const byName = errorOfName(name, undefined);
    const byNumber = errorOfNumber(Errno[name as keyof typeof told]);
    assertEquals([byName.code, byName.message], ["failure", reason]);
    assertEquals([byNumber.code, byNumber.message], ["failure", reason]);
  }
});

Deno.test("an error that nobody knows is told by its number", () => {
  assertEquals(errorOfNumber(4000).message, "system error 4000");
});

Deno.test("both roots have the same words for every error of the system", LINUX, async () => {
  // What a signal breaks off is begun again by both.
  const numbers = Array.from({ length: 133 }, (_, index) => index + 1)
    .filter((number) => number !== Errno.EINTR);
  await withTempDir(async (directory) => {
    const args = [directory, ...numbers.map(String), "524"];
    const told = await runChild("errno_child.ts", { flags: ["-A"], args }) as string[][];
    assertEquals(told.length, numbers.length + 1);
    for (const [index, [kernel, portable]] of told.entries()) {
      assertEquals(portable, kernel, `error ${numbers[index]}`);
    }
    assertEquals(told.at(-1), Array(2).fill("failure: not supported by the file system"));
    assertEquals(told[Errno.ENOKEY - 2], Array(2).fill("failure: encryption key is not there"));
  });
});
