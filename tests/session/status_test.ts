import { assertEquals } from "@std/assert";
import { status, statusOf } from "../../lib/session/status.ts";
import { StorageError, type StorageErrorCode } from "../../lib/storage/errors.ts";

Deno.test("status() has OpenSSH's text for each code", () => {
  assertEquals(Array.from({ length: 9 }, (_, code) => status(code).message), [
    "Success",
    "End of file",
    "No such file",
    "Permission denied",
    "Failure",
    "Bad message",
    "No connection",
    "Connection lost",
    "Operation unsupported",
  ]);
  assertEquals(status(99), { code: 99, message: "Unknown error" });
});

Deno.test("statusOf() has a code for every kind of StorageError", () => {
  const expected: Record<StorageErrorCode, [number, string]> = {
    "not-found": [2, "No such file"],
    "denied": [3, "Permission denied"],
    "failure": [4, "Failure: why"],
    "invalid": [5, "Bad message"],
    "unsupported": [8, "Operation unsupported"],
  };
  for (const [code, [number, message]] of Object.entries(expected)) {
    const told = statusOf(new StorageError(code as StorageErrorCode, "why"));
    assertEquals(told, { code: number, message });
  }
});

Deno.test("statusOf() tells a reason for FAILURE only, and none where there is none", () => {
  assertEquals(statusOf(new StorageError("failure")), { code: 4, message: "Failure" });
  assertEquals(statusOf(new StorageError("denied", "secret")).message, "Permission denied");
});

Deno.test("statusOf() passes on a far side's own status and text", () => {
  const far = new StorageError("failure", "reason", { status: 12, text: "its own words" });
  assertEquals(statusOf(far), { code: 12, message: "its own words" });
  const coded = new StorageError("failure", "reason", { status: 1 });
  assertEquals(statusOf(coded), { code: 1, message: "End of file" });
});

Deno.test("statusOf() says nothing about what is a bug", () => {
  for (const bug of [new Error("/srv/secret"), new TypeError("x"), "text", undefined, null]) {
    assertEquals(statusOf(bug), { code: 4, message: "Failure" });
  }
});
