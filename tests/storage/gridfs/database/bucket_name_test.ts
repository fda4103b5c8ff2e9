import { assertEquals } from "@std/assert";
import { problemWithBucketName } from "../../../../lib/storage/gridfs/database/bucket_name.ts";

Deno.test("problemWithBucketName() accepts what MongoDB accepts", () => {
  for (const name of ["fs", "my.photos", "systems", "x.system", "ä", "a b", "%", "x".repeat(245)]) {
    assertEquals(problemWithBucketName(name), undefined, name);
  }
  assertEquals(problemWithBucketName("x".repeat(200), "d".repeat(46)), undefined);
});

Deno.test("problemWithBucketName() says why MongoDB would not accept a name", () => {
  const own = '"system." is MongoDB\'s own';
  const dot = "a dot in it has nothing before or after it";
  const problems = [
    ["", "it is empty"],
    ["a\0b", "it contains a NUL"],
    ["a\udcffb", "it is not UTF-8"],
    ["$a", 'it contains a "$"'],
    ["a$", 'it contains a "$"'],
    ["system", own],
    ["system.users", own],
    [".a", dot],
    ["a.", dot],
    ["a..b", dot],
    ["x".repeat(246), "it is too long"],
    ["ä".repeat(123), "it is too long"],
  ] as const;
  for (const [name, problem] of problems) assertEquals(problemWithBucketName(name), problem, name);
  assertEquals(problemWithBucketName("x".repeat(200), "d".repeat(47)), "it is too long");
});
