import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { StartError } from "../../../lib/cli/errors.ts";
import { exposure, findSecret } from "../../../lib/cli/start/secrets.ts";
import { withTempDir } from "../../support/files.ts";

const VARIABLE = "SFTPWRAP_TEST_SECRET";

function found(given: string | undefined, file: string | undefined, value: string | undefined) {
  if (value !== undefined) Deno.env.set(VARIABLE, value);
  return findSecret({ what: "password", given, file, variable: VARIABLE });
}

Deno.test("findSecret() takes the command line before the file before the environment", async () => {
  await withTempDir(async (directory) => {
    const file = `${directory}/password`;
    await Deno.writeTextFile(file, "from file\r\nsecond line\n");
    assertEquals(found("given", file, "from environment"), "given");
    assertEquals(found(undefined, file, "from environment"), "from file");
    assertEquals(found(undefined, undefined, "from environment"), "from environment");
    assertEquals(found(undefined, undefined, undefined), undefined);
  });
});

Deno.test("findSecret() takes no byte-order mark for a part of the secret", async () => {
  await withTempDir(async (directory) => {
    const file = `${directory}/password`;
    await Deno.writeTextFile(file, "\ufefffrom file\r\n");
    assertEquals(found(undefined, file, undefined), "from file");
    await Deno.writeTextFile(file, "\ufeff\r\n");
    assertThrows(() => found(undefined, file, undefined), StartError);
  });
});

Deno.test("findSecret() takes the variable out of the environment, used or not", () => {
  found("given", undefined, "from environment");
  assertEquals(Deno.env.get(VARIABLE), undefined);
});

Deno.test("findSecret() refuses a file that is not there, or has nothing in its first line", async () => {
  await withTempDir(async (directory) => {
    const file = `${directory}/password`;
    const { message } = assertThrows(() => found(undefined, file, undefined), StartError);
    assertStringIncludes(message, file);
    await Deno.writeTextFile(file, "\nsecret");
    const second = assertThrows(() => found(undefined, file, undefined), StartError);
    assertEquals(second.message.includes("secret"), false);
  });
});

Deno.test("exposure() warns of a file that others may read", async () => {
  await withTempDir(async (directory) => {
    const file = `${directory}/password`;
    await Deno.writeTextFile(file, "secret", { mode: 0o600 });
    assertEquals(exposure(file), undefined);
    await Deno.chmod(file, 0o640);
    assertStringIncludes(exposure(file) ?? "", `chmod 600 ${file}`);
  });
});
