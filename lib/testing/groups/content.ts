import { assertEquals } from "@std/assert";
import type { Group } from "../case.ts";
import { bytesOf, how, pattern, readAll, textAt } from "../subject.ts";

const MIB = 1024 * 1024;

/** 300,000 bytes in which no two pieces are alike. */
const LARGE_TEXT = Array.from({ length: 50_000 }, (_, index) => `${100_000 + index}`).join("");

/** Reading and writing at positions. */
export const content: Group = {
  name: "content",
  cases: {
    "read() begins at its position, whatever was read before": {
      tree: { a: "0123456789" },
      async run(s) {
        await s.using("/a", how("read"), async (file) => {
          assertEquals(await textAt(file, 7, 2), "78");
          assertEquals(await textAt(file, 2, 3), "234");
          assertEquals(await textAt(file, 0, 1), "0");
        });
      },
    },
    "read() returns less than asked for at the end, and 0 after it": {
      tree: { a: "0123456789" },
      async run(s) {
        await s.using("/a", how("read"), async (file) => {
          assertEquals(await textAt(file, 8, 100), "89");
          assertEquals(await file.read(new Uint8Array(4), 10), 0);
          assertEquals(await file.read(new Uint8Array(4), 11), 0);
          assertEquals(await file.read(new Uint8Array(4), 2 ** 40), 0);
        });
      },
    },
    "read() of an empty file gives 0": {
      tree: { a: "" },
      async run(s) {
        await s.using("/a", how("read"), async (file) => {
          assertEquals(await file.read(new Uint8Array(4), 0), 0);
        });
      },
    },
    "read() into no room gives 0": {
      tree: { a: "content" },
      async run(s) {
        await s.using("/a", how("read"), async (file) => {
          assertEquals(await file.read(new Uint8Array(0), 0), 0);
        });
      },
    },
    "read() touches no byte around the window that it is lent": {
      tree: { a: "content" },
      async run(s) {
        const around = new Uint8Array(16).fill(0xee);
        await s.using("/a", how("read"), async (file) => {
          assertEquals(await file.read(around.subarray(4, 8), 0), 4);
        });
        assertEquals(around.subarray(0, 4), new Uint8Array(4).fill(0xee));
        assertEquals(around.subarray(4, 8), bytesOf("cont"));
        assertEquals(around.subarray(8), new Uint8Array(8).fill(0xee));
      },
    },
    "read() fills a large buffer in one go": {
      tree: { a: LARGE_TEXT },
      async run(s) {
        const into = new Uint8Array(LARGE_TEXT.length);
        await s.using("/a", how("read"), async (file) => {
          assertEquals(await file.read(into, 0), LARGE_TEXT.length);
        });
        assertEquals(into, bytesOf(LARGE_TEXT));
      },
    },
    "write() keeps every byte value": async (s) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
      await s.put("/a", bytes);
      assertEquals(await s.bytes("/a"), bytes);
    },
    "write() in the middle leaves what is around it": async (s) => {
      await s.put("/a", "0123456789");
      await s.using("/a", how("write"), (file) => file.write(bytesOf("abc"), 4));
      assertEquals(await s.get("/a"), "0123abc789");
    },
    "write() across the end makes the file longer": async (s) => {
      await s.put("/a", "0123456789");
      await s.using("/a", how("write"), (file) => file.write(bytesOf("abcd"), 8));
      assertEquals(await s.get("/a"), "01234567abcd");
    },
    "write() beyond the end fills the gap with zeros": async (s) => {
      await s.put("/a", "01");
      await s.using("/a", how("write"), (file) => file.write(bytesOf("x"), 5));
      assertEquals(await s.get("/a"), "01\0\0\0x");
    },
    "write() beyond the end of a file that was cut shows nothing of what was there": async (s) => {
      await s.put("/a", "x".repeat(1000));
      await s.using("/a", how("write"), async (file) => {
        await file.setAttrs({ size: 900 });
        await file.write(bytesOf("end"), 990);
      });
      assertEquals(await s.get("/a"), "x".repeat(900) + "\0".repeat(90) + "end");
    },
    "write() far beyond the end fills the gap with zeros": async (s) => {
      await s.put("/a", "start");
      await s.using("/a", how("write"), (file) => file.write(bytesOf("end"), MIB));
      const expected = new Uint8Array(MIB + 3);
      expected.set(bytesOf("start"));
      expected.set(bytesOf("end"), MIB);
      assertEquals((await s.storage.stat("/a")).size, MIB + 3);
      assertEquals(await s.bytes("/a"), expected);
    },
    "write() of no bytes changes nothing": async (s) => {
      await s.put("/a", "content");
      await s.using("/a", how("write"), async (file) => {
        await file.write(new Uint8Array(0), 3);
        await file.write(new Uint8Array(0), 100);
      });
      assertEquals(await s.get("/a"), "content");
    },
    "write() takes pieces in any order": async (s) => {
      const bytes = pattern(MIB);
      const piece = 32 * 1024;
      const count = MIB / piece;
      await s.using("/a", how("write", "create"), async (file) => {
        for (let index = 0; index < count; index++) {
          // 13 is coprime to the number of pieces, so each gets its turn once.
          const at = (index * 13 % count) * piece;
          await file.write(bytes.subarray(at, at + piece), at);
        }
      });
      assertEquals(await s.bytes("/a"), bytes);
    },
    "write() takes much data at once": async (s) => {
      const bytes = pattern(600_001);
      await s.put("/a", bytes);
      assertEquals(await s.bytes("/a"), bytes);
    },
    "write() has done with its data when it settles": async (s) => {
      const data = bytesOf("content");
      await s.using("/a", how("write", "create"), async (file) => {
        await file.write(data, 0);
        data.fill(0);
      });
      assertEquals(await s.get("/a"), "content");
    },
    "write() with append writes to the end, whatever its position": async (s) => {
      await s.put("/a", "first ");
      await s.using("/a", how("write", "append"), async (file) => {
        await file.write(bytesOf("second "), 0);
        await file.write(bytesOf("third"), 1000);
      });
      assertEquals(await s.get("/a"), "first second third");
    },
    "write() with append begins an empty file at 0": async (s) => {
      const options = how("write", "append", "create");
      await s.using("/a", options, (file) => file.write(bytesOf("first"), 99));
      assertEquals(await s.get("/a"), "first");
    },
    "open() with append and truncate empties the file before it appends": async (s) => {
      await s.put("/a", "content");
      const options = how("write", "append", "truncate");
      await s.using("/a", options, (file) => file.write(bytesOf("new"), 5));
      assertEquals(await s.get("/a"), "new");
    },
    "read() shows what the same handle has written": async (s) => {
      await s.using("/a", how("read", "write", "create"), async (file) => {
        await file.write(bytesOf("content"), 0);
        assertEquals(await textAt(file, 3, 100), "tent");
        await file.write(bytesOf("X"), 3);
        assertEquals(await readAll(file), bytesOf("conXent"));
      });
    },
  },
};
