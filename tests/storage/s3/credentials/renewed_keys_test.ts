import { assertEquals, assertRejects } from "@std/assert";
import { CredentialsError } from "../../../../lib/storage/s3/credentials/credentials.ts";
import { RenewedKeys } from "../../../../lib/storage/s3/credentials/renewed_keys.ts";
import type { Keys } from "../../../../lib/storage/s3/client/keys.ts";
import { StorageError } from "../../../../lib/storage/errors.ts";

const MINUTE_MS = 60_000;

/** Keys that expire so many minutes after the test's beginning. */
function keys(name: string, minutes: number): Keys {
  const expires = new Date(minutes * MINUTE_MS);
  return { accessKeyId: name, secretAccessKey: "hidden", expires };
}

/** A place that gives what is next in the list; an error is thrown. */
class TestPlace {
  minutes = 0;
  loads = 0;
  readonly lines: string[] = [];
  readonly renewed: RenewedKeys;

  constructor(first: Keys, ...next: (Keys | Error)[]) {
    const load = () => {
      this.loads++;
      const loaded = next.shift() ?? new CredentialsError("no more");
      return loaded instanceof Error ? Promise.reject(loaded) : Promise.resolve(loaded);
    };
    this.renewed = new RenewedKeys({ name: "the test", load }, first, {
      report: (line) => this.lines.push(line),
      now: () => this.minutes * MINUTE_MS,
    });
  }

  async at(minutes: number): Promise<string> {
    this.minutes = minutes;
    return (await this.renewed.keys()).accessKeyId;
  }
}

Deno.test("Keys are renewed before they expire, while the old ones are still used", async () => {
  const place = new TestPlace(keys("first", 60), keys("second", 120));
  assertEquals(await place.at(54), "first");
  assertEquals(place.loads, 0);
  assertEquals(await place.at(56), "first");
  assertEquals(await place.at(56), "second");
  assertEquals(place.loads, 1);
});

Deno.test("Keys that are about to expire are waited for, by all requests together", async () => {
  const place = new TestPlace(keys("first", 60), keys("second", 120));
  const found = await Promise.all([place.at(59.5), place.at(59.5), place.at(61)]);
  assertEquals([found, place.loads], [["second", "second", "second"], 1]);
});

Deno.test("Where renewing fails, the old keys are used to their end, and it is tried again", async () => {
  const place = new TestPlace(keys("first", 60), new CredentialsError("away"), keys("second", 120));
  assertEquals(await place.at(56), "first");
  assertEquals(await place.at(56.1), "first");
  assertEquals(place.loads, 1);
  assertEquals(place.lines, ["the keys from the test cannot be renewed: away"]);
  assertEquals(await place.at(57), "first");
  assertEquals(await place.at(57), "second");
});

Deno.test("Keys that have expired are not used", async () => {
  const place = new TestPlace(keys("first", 60));
  const error = await assertRejects(() => place.at(61), StorageError);
  assertEquals(error.message, "the keys to the bucket have expired and cannot be renewed");
});

Deno.test("Keys that the server has refused are renewed once, and fixed ones never", async () => {
  const first = keys("first", 60);
  const place = new TestPlace(first, keys("second", 120));
  const renewed = await Promise.all([place.renewed.renew(first), place.renewed.renew(first)]);
  assertEquals(renewed.map(({ accessKeyId }) => accessKeyId), ["second", "second"]);
  assertEquals((await place.renewed.renew(first)).accessKeyId, "second");
  assertEquals(place.loads, 1);
  const fixed = { accessKeyId: "fixed", secretAccessKey: "hidden" };
  const other = new TestPlace(fixed);
  assertEquals(await other.renewed.renew(fixed), fixed);
  assertEquals(await other.at(1e6), "fixed");
  assertEquals(other.loads, 0);
});
