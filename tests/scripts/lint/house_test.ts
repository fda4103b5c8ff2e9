import { assertEquals } from "@std/assert";
import house from "../../../scripts/lint/house.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** The rules that a text breaks in a file of the project. */
function broken(path: string, text: string): string[] {
  return Deno.lint.runPlugin(house, ROOT + path, text).map(({ id }) => id);
}

Deno.test("house/literal-import refuses an import() that deno compile cannot follow", () => {
  assertEquals(broken("lib/cli/main.ts", "await import(name);"), ["house/literal-import"]);
  assertEquals(broken("lib/cli/main.ts", `await import("./a.ts");`), []);
});

Deno.test("house/no-deno keeps Deno out of what is the same on every runtime", () => {
  const rooms = [
    "lib/attrs.ts",
    "lib/names.ts",
    "lib/wire/a.ts",
    "lib/session/rows/a.ts",
    "lib/client/a.ts",
    "lib/storage/path.ts",
    "lib/storage/to_write.ts",
    "lib/storage/walk.ts",
    "lib/storage/memory/a.ts",
  ];
  for (const path of rooms) {
    assertEquals(broken(path, `Deno.statSync("/");`), ["house/no-deno"]);
    assertEquals(broken(path, `const { env } = globalThis.Deno;`), ["house/no-deno"]);
    assertEquals(broken(path, `const name = "Deno"; // Deno.stat`), []);
  }
  assertEquals(broken("lib/storage/local/jail.ts", `Deno.statSync("/");`), []);
});

Deno.test("house/ffi-room leaves dlopen to one room", () => {
  const text = `Deno.dlopen("libc.so.6", {});`;
  assertEquals(broken("lib/linux/libc.ts", text), []);
  assertEquals(broken("lib/storage/local/accounts.ts", text), ["house/ffi-room"]);
  assertEquals(broken("scripts/bench.ts", text), []);
});

Deno.test("house/stdout-is-the-wire leaves stdout to the session", () => {
  for (const text of ["Deno.stdout.writeSync(bytes);", "process.stdout.write(text);"]) {
    assertEquals(broken("lib/transport/stdio.ts", text), []);
    assertEquals(broken("scripts/demo.ts", text), []);
    assertEquals(broken("lib/cli/main.ts", text), ["house/stdout-is-the-wire"]);
  }
  assertEquals(broken("lib/cli/main.ts", "child.stdout;"), []);
});
