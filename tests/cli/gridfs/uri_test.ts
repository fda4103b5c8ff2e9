import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import {
  mongoPlaceAt,
  parseMongoUri,
  requireBucketName,
  requireDatabaseName,
} from "../../../lib/cli/gridfs/uri.ts";

Deno.test("parseMongoUri() finds the hosts, the database, the user and whether there is a secret", () => {
  const cases = [
    ["mongodb://h", "h", undefined, false],
    ["mongodb://h/", "h", undefined, false],
    ["mongodb://h:27018,[::1]:2,i/db?replicaSet=r&tls=true", "h:27018,[::1]:2,i", undefined, false],
    ["mongodb+srv://cluster.example.org/db", "cluster.example.org", undefined, false],
    ["mongodb://%2Frun%2Fmongo.sock/db", "%2Frun%2Fmongo.sock", undefined, false],
    ["mongodb://alice@h/", "h", "alice", false],
    ["mongodb://a%40b:p%2Fw@h/db?w=majority", "h", "a@b", true],
    ["mongodb://alice:@h/", "h", "alice", true],
    ["mongodb://h/?tlsCertificateKeyFilePassword=x", "h", undefined, true],
    ["mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:x", "h", undefined, true],
  ] as const;
  for (const [uri, hosts, user, hasSecret] of cases) {
    const database = /[^/]\/db\b/.test(uri) ? "db" : "test";
    assertEquals(parseMongoUri(uri), { uri, hosts, database, user, hasSecret });
  }
});

Deno.test("parseMongoUri() repeats nothing of what it refuses", () => {
  for (
    const uri of [
      "",
      "host",
      "alice:hunter2@h",
      "http://alice:hunter2@h/",
      "mongodb://alice:hunter2@",
      "mongodb://alice:hun@ter2@h/",
      "mongodb://alice:hunter2/@h/",
      "mongodb://alice:2/hunter@h/",
      "mongodb://alice:2?hunter@h/",
      "mongodb://alice:hunter%2@h/a.b",
      "mongodb://al%ice:hunter2@h/",
      "mongodb://h:hunter2/",
    ]
  ) {
    const { message } = assertThrows(() => parseMongoUri(uri), UsageError);
    for (const part of ["alice:", "hunter", "ter2"]) {
      assertEquals(message.includes(part), false, `${uri}: ${message}`);
    }
  }
});

Deno.test("mongoPlaceAt() puts an IPv6 address into brackets", () => {
  assertEquals(mongoPlaceAt("h", "27017").uri, "mongodb://h:27017/");
  assertEquals(mongoPlaceAt("::1", "1").uri, "mongodb://[::1]:1/");
  assertEquals(mongoPlaceAt("[::1]", "1").uri, "mongodb://[::1]:1/");
});

Deno.test("mongoPlaceAt() refuses what is not a host or not a port", () => {
  for (const [host, port] of [["", "1"], ["a b", "1"], ["u@h", "1"], ["h/x", "1"], ["h,i", "1"]]) {
    assertThrows(() => mongoPlaceAt(host!, port!), UsageError);
  }
  for (const port of ["", "0", "65536", "x", "-1"]) {
    assertThrows(() => mongoPlaceAt("h", port), UsageError);
  }
});

Deno.test("requireDatabaseName() and requireBucketName() refuse what MongoDB refuses", () => {
  for (const name of ["a/b", "a.b", "a b", "$a", 'a"', "a\0", "ä".repeat(32)]) {
    assertThrows(() => requireDatabaseName(name), UsageError);
  }
  for (const name of ["", "$a", "a\0", "system.x", ".a", "a.", "a..b"]) {
    const { message } = assertThrows(() => requireBucketName(name), UsageError);
    assertStringIncludes(message, "bucket");
  }
  requireDatabaseName("files-2");
  requireBucketName("my.photos");
});
