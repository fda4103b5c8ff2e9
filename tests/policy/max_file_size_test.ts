import { assertEquals, assertThrows } from "@std/assert";
import { maxFileSize } from "../../lib/policy/max_file_size.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { later } from "../support/later.ts";
import { ask, Flag } from "../support/raw.ts";
import { contentOf } from "./every_request.ts";
import { Limited, put, UPLOAD } from "./limited.ts";

const TOO_LARGE = "Failure: larger than the 10 bytes that a file may have";

for (
  const [name, make] of [["at once", (s: MemoryStorage) => s], ["by promises", later]] as const
) {
  Deno.test(`maxFileSize() lets a file be as large as that and no larger, ${name}`, async () => {
    const storage = new MemoryStorage();
    await put(storage, "/source", "0123456");
    const client = new Limited(make(storage), maxFileSize(10));
    const file = await client.handle(ask.open("/file", UPLOAD));
    const end = await client.handle(ask.open("/file", Flag.WRITE | Flag.APPEND));
    const source = await client.handle(ask.open("/source", Flag.READ));
    for (
      const [request, message] of [
        [ask.write(file, 0, "012345678"), "Success"],
        [ask.write(file, 9, "ab"), TOO_LARGE],
        [ask.write(file, 9, "a"), "Success"],
        [ask.write(file, 10, "a"), TOO_LARGE],
        [ask.write(file, 99, ""), "Success"],
        [ask.write(end, 0, "a"), TOO_LARGE],
        [ask.fsetstat(file, { size: 11 }), TOO_LARGE],
        [ask.setstat("/file", { size: 11 }), TOO_LARGE],
        [ask.copyData(source, 0, 0, file, 4), TOO_LARGE],
        [ask.copyData(source, 0, 7, file, 4), TOO_LARGE],
        [ask.copyData(source, 0, 0, end, 0), TOO_LARGE],
        [ask.copyData(source, 0, 6, file, 4), "Success"],
        [ask.copyData(source, 5, 0, file, 8), "Success"],
        [ask.fsetstat(file, { size: 10 }), "Success"],
        [ask.setstat("/file", { size: 9 }), "Success"],
        [ask.write(end, 0, "z"), "Success"],
      ] as const
    ) {
      assertEquals(await client.message(request), message);
    }
    assertEquals(await contentOf(storage, "/file"), "01230123" + "5" + "z");
  });
}

Deno.test("maxFileSize() leaves a file that is already larger unchanged", async () => {
  const storage = new MemoryStorage();
  await put(storage, "/large", "0123456789abcdef");
  const client = new Limited(storage, maxFileSize(10));
  const handle = await client.handle(ask.open("/large", Flag.READ | Flag.WRITE));
  assertEquals(
    await client.codes(
      ask.write(handle, 0, "x"),
      ask.write(handle, 12, "x"),
      ask.read(handle, 12, 4),
    ),
    ["OK", "FAILURE", "OK"],
  );
  assertEquals(await contentOf(storage, "/large"), "x123456789abcdef");
});

Deno.test("maxFileSize() refuses what is not a number of bytes", () => {
  for (const bytes of [-1, 1.5, NaN, Infinity]) assertThrows(() => maxFileSize(bytes), RangeError);
});
