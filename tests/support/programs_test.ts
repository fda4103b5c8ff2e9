import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { findProgram, needs, programPath } from "./programs.ts";

/** Runs `body` with the variable set, or without it, and restores the old value. */
function withEnv(name: string, value: string | null, body: () => void): void {
  const before = Deno.env.get(name);
  if (value === null) Deno.env.delete(name);
  else Deno.env.set(name, value);
  try {
    body();
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
}

Deno.test("findProgram() finds a program on PATH", () => {
  assertMatch(findProgram("sh") ?? "", /^\/.*\/sh$/);
});

Deno.test("findProgram() finds nothing in folders that are missing, files, or not programs", () => {
  withEnv("PATH", "/nonexistent:/etc/passwd:/etc", () => {
    assertEquals(findProgram("passwd"), undefined);
  });
});

Deno.test("programPath() fails with the name of what is missing", () => {
  assertThrows(() => programPath("no-such-program"), Error, "no-such-program");
});

Deno.test("needs() skips nothing if nothing is missing", () => {
  assertEquals(needs("sh", "/dev/null"), { ignore: false, reason: "" });
});

Deno.test("needs() skips with the names of everything that is missing", () => {
  withEnv("SFTPWRAP_NO_SKIP", null, () => {
    assertEquals(needs("sh", "no-such-program", "/no/such/file", "python:no_such_module"), {
      ignore: true,
      reason: "not installed: no-such-program, /no/such/file, python:no_such_module",
    });
  });
});

Deno.test("needs() takes a variable that holds the path of a program", () => {
  withEnv("SFTPWRAP_NO_SKIP", null, () => {
    withEnv("SFTPWRAP_TEST_PROGRAM", programPath("sh"), () => {
      assertEquals(needs("$SFTPWRAP_TEST_PROGRAM").ignore, false);
    });
    withEnv("SFTPWRAP_TEST_PROGRAM", null, () => {
      assertEquals(needs("$SFTPWRAP_TEST_PROGRAM").ignore, true);
    });
  });
});

Deno.test("needs() takes an address to listen on", () => {
  withEnv("SFTPWRAP_NO_SKIP", null, () => {
    assertEquals(needs("[127.0.0.1]").ignore, false);
    // An address reserved for documentation, which no host has.
    assertEquals(needs("[192.0.2.77]").reason, "not installed: [192.0.2.77]");
  });
});

Deno.test("needs() skips nothing under SFTPWRAP_NO_SKIP=1", () => {
  withEnv("SFTPWRAP_NO_SKIP", "1", () => {
    assertEquals(needs("no-such-program").ignore, false);
  });
});
