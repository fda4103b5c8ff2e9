import { assertEquals, assertThrows } from "@std/assert";
import { StartError, UsageError } from "../../../lib/cli/errors.ts";
import { expandPlace, parsePlace } from "../../../lib/cli/s3/place.ts";

const NOBODY = { user: undefined, uid: undefined, home: undefined };

Deno.test("expandPlace() puts the user into bucket and prefix", () => {
  const place = expandPlace(parsePlace("s3://files-%u/home/%u"), { ...NOBODY, user: "ada" });
  assertEquals(place, { bucket: "files-ada", prefix: "home/ada" });
});

Deno.test("expandPlace() refuses a user who makes it another place", () => {
  for (const user of ["..", "a/b", ""]) {
    assertThrows(() => expandPlace(parsePlace("s3://bucket/%u"), { ...NOBODY, user }), StartError);
  }
  const place = parsePlace("s3://files-%u");
  assertThrows(() => expandPlace(place, { ...NOBODY, user: "a b" }), UsageError);
  assertThrows(() => expandPlace(place, NOBODY), StartError);
});
