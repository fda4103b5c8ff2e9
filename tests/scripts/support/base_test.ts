import { assertEquals, assertRejects } from "@std/assert";
import { archOf, chooseBase, tryProgram } from "../../../scripts/support/base.ts";
import { withTempDir } from "../../support/files.ts";

const HERE = archOf();
const OTHER = HERE === "aarch64" ? "x86_64" : "aarch64";

/** The beginning of an ELF file for an architecture, and the user agent of a Deno. */
function base(arch: string, version?: string): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set(new TextEncoder().encode("\x7fELF"));
  bytes[18] = arch === "aarch64" ? 183 : 62;
  if (version !== undefined) bytes.set(new TextEncoder().encode(`Deno/${version}`), 40);
  return bytes;
}

Deno.test("chooseBase() takes a base of this Deno's minor version and of the right machine", async () => {
  await withTempDir(async (folder) => {
    const named = async (name: string, bytes: Uint8Array) => {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      return `${folder}/${name}`;
    };
    const here = await named("here", base(HERE, "2.6.10"));
    const arm = await named("arm", base("aarch64", "2.6.10"));
    const unknown = await named("unknown", base(HERE));
    const other = await named("other", base(OTHER, "2.6.10"));
    const choose = (arch: string, deno: string, env: Readonly<Record<string, string>>) =>
      chooseBase(arch, deno, (name) => env[name]);

    assertEquals(await choose(HERE, "2.6.8", {}), undefined);
    assertEquals(await choose(HERE, "2.6.8", { DENORT_BIN: "" }), undefined);
    assertEquals(await choose(HERE, "2.6.8", { DENORT_BIN: here }), here);
    assertEquals(await choose(HERE, "2.6.8", { DENORT_BIN: unknown }), unknown);
    assertEquals(
      await choose("aarch64", "2.6.8", { DENORT_BIN: "/x", DENORT_ARM64_BIN: arm }),
      arm,
    );
    // For another machine, Deno downloads one.
    assertEquals(await choose(OTHER, "2.6.8", { DENORT_BIN: here }), undefined);
    assertEquals(await choose(OTHER, "2.6.8", { DENORT_BIN: other }), other);

    const refused = async (arch: string, env: Readonly<Record<string, string>>, says: string) => {
      await assertRejects(() => choose(arch, "2.9.6", env), TypeError, says);
    };
    await refused(HERE, { DENORT_BIN: here }, "is of Deno 2.6.10, and Deno 2.9.6 compiles");
    await refused(HERE, { DENORT_BIN: other }, `is not a program for ${HERE}`);
    await refused(HERE, { DENORT_BIN: `${folder}/none` }, "does not exist");
    await refused("aarch64", { DENORT_ARM64_BIN: "/etc/passwd" }, "is not a program for aarch64");
  });
});

Deno.test("tryProgram() tells what a program says, and why one does not work", async () => {
  await withTempDir(async (folder) => {
    const script = async (text: string) => {
      await Deno.writeTextFile(`${folder}/program`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      return `${folder}/program`;
    };
    assertEquals(await tryProgram(await script("echo sftpwrap $1"), ["-V"], HERE), "sftpwrap -V\n");
    for (const text of ["echo Could not find it >&2; exit 1", "echo Could not find it >&2"]) {
      const path = await script(text);
      await assertRejects(
        () => tryProgram(path, ["-V"], HERE),
        TypeError,
        `the program does not run (exit status ${text.endsWith("1") ? 1 : 0}): Could not find it`,
      );
    }
  });
});
