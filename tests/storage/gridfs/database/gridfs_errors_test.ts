import { assertEquals, assertThrows } from "@std/assert";
import { MongoNetworkError, MongoServerError } from "mongodb";
import { StorageError } from "../../../../lib/storage/errors.ts";
import { fail } from "../../../../lib/storage/gridfs/database/gridfs_errors.ts";

Deno.test("fail() says what the database failed with, without host or secret", () => {
  const told = (error: Error) => {
    const thrown = assertThrows(() => fail(error), StorageError);
    return `${thrown.code}: ${thrown.message}`;
  };
  const server = (code: number) =>
    new MongoServerError({ message: "ada at db.example.org", code, errmsg: "secret" });
  assertEquals(told(server(13)), "denied: the database does not allow this");
  assertEquals(told(server(18)), "failure: the database refused the credentials");
  assertEquals(told(server(14031)), "failure: no space left in the database");
  assertEquals(told(server(50)), "failure: the database failed with code 50");
  const lost = "failure: the connection to the database was lost";
  assertEquals(told(new MongoNetworkError("db.example.org:27017")), lost);
  assertEquals(told(Object.assign(new Error("db.example.org"), { code: "EPIPE" })), lost);
});

Deno.test("fail() rethrows unchanged what is not a failure of the database", () => {
  const bug = new TypeError("bug");
  assertEquals(assertThrows(() => fail(bug)), bug);
  const refusal = new StorageError("invalid");
  assertEquals(assertThrows(() => fail(refusal)), refusal);
});

Deno.test("fail() reports that a name does not resolve, whatever the resolver's error is", () => {
  for (const code of ["ENOTFOUND", "ENODATA", "ECONNREFUSED", "ETIMEOUT"]) {
    for (const syscall of ["querySrv", "queryTxt"]) {
      const error = Object.assign(new Error(`${syscall} ${code} x.example.org`), { code, syscall });
      const reason = `its SRV and TXT records cannot be looked up (${code})`;
      assertEquals(assertThrows(() => fail(error), StorageError).message, reason);
    }
  }
});
