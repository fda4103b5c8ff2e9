import { assertEquals } from "@std/assert";
import { decodeName, encodeName, encodeNameInto, hasRawBytes } from "../lib/names.ts";
import { hex, toHex } from "./support/hex.ts";
import { randomNumbers } from "./support/random.ts";

/** Bytes and the name that they are, both ways. */
const NAMES: readonly (readonly [what: string, bytes: string, name: string])[] = [
  ["nothing", "", ""],
  ["ASCII", '"plain name.txt"', "plain name.txt"],
  ["control characters", "01 0a 1f 7f", "\x01\n\x1f\x7f"],
  ["a NUL", '"a" 00 "b"', "a\0b"],
  ["two-byte characters", "c280 c3a9 dfbf", "\u0080é\u07ff"],
  [
    "three-byte characters",
    "e0a080 e697a5 ecbfbf ed9fbf ee8080 efbfbd",
    "\u0800日\ucfff\ud7ff\ue000\ufffd",
  ],
  ["four-byte characters", "f0908080 f09f9880 f3bfbfbf f48fbfbf", "\u{10000}😀\u{fffff}\u{10ffff}"],
  ["what is no character", "efbfbe efbfbf", "\ufffe\uffff"],
  ["a byte order mark", 'efbbbf "a"', "\ufeffa"],
  ["decomposed letters", '"e" cc81', "e\u0301"],
  ["Latin-1", '"caf" e9 " cr" e8 "me"', "caf\udce9 cr\udce8me"],
  ["Latin-1 at the end", '"caf" e9', "caf\udce9"],
  ["a continuation byte alone", "80 bf", "\udc80\udcbf"],
  ["bytes that stand in no UTF-8", "c0 c1 f5 f8 fe ff", "\udcc0\udcc1\udcf5\udcf8\udcfe\udcff"],
  ["a two-byte sequence cut short", "c3", "\udcc3"],
  ["a two-byte sequence cut short by another", "c3 c3a9", "\udcc3é"],
  ["a three-byte sequence cut short", "e697", "\udce6\udc97"],
  ["a three-byte sequence cut short by ASCII", 'e697 "x"', "\udce6\udc97x"],
  ["a four-byte sequence cut short", "f09f98", "\udcf0\udc9f\udc98"],
  ["an overlong slash of two bytes", "c0af", "\udcc0\udcaf"],
  ["an overlong slash of three bytes", "e080af", "\udce0\udc80\udcaf"],
  ["an overlong slash of four bytes", "f08080af", "\udcf0\udc80\udc80\udcaf"],
  ["the last overlong sequences", "c1bf e09fbf f08fbfbf", raw("c1bfe09fbff08fbfbf")],
  ["surrogates encoded as UTF-8", "eda080 edbfbf", raw("eda080edbfbf")],
  ["a surrogate pair encoded as UTF-8 (CESU-8)", "eda0bdedb880", raw("eda0bdedb880")],
  ["an escaped byte encoded as UTF-8", "edb2ff edb3bf", raw("edb2ffedb3bf")],
  ["the first beyond Unicode", "f4908080", raw("f4908080")],
  ["a raw byte between characters", "f09f9880 ff e697a5", "😀\udcff日"],
  ["raw bytes that would be a character together, parted", 'c3 "a" a9', "\udcc3a\udca9"],
];

for (const [what, digits, name] of NAMES) {
  Deno.test(`a name of ${what} goes both ways`, () => {
    const bytes = hex(digits);
    assertEquals(inspect(decodeName(bytes)), inspect(name));
    assertEquals(toHex(encodeName(name)), toHex(bytes));
  });

  Deno.test(`a name of ${what} behind a byte that is not UTF-8 goes both ways`, () => {
    // Where one byte is not UTF-8, each sequence is looked at by itself.
    const bytes = hex(`ff ${digits}`);
    assertEquals(inspect(decodeName(bytes)), inspect("\udcff" + name));
    assertEquals(toHex(encodeName("\udcff" + name)), toHex(bytes));
  });

  Deno.test(`a long name of ${what} goes both ways`, () => {
    // Long names are decoded another way; ASCII in front keeps what follows whole.
    const bytes = hex(`"${"x".repeat(100)}" ${digits}`);
    const long = "x".repeat(100) + name;
    assertEquals(inspect(decodeName(bytes)), inspect(long));
    assertEquals(toHex(encodeName(long)), toHex(bytes));
  });
}

Deno.test("decodeName() keeps each of the 256 bytes", () => {
  for (let byte = 0; byte < 256; byte++) {
    const name = decodeName(Uint8Array.of(byte));
    assertEquals(name, String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte));
    assertEquals(encodeName(name), Uint8Array.of(byte));
    assertEquals(hasRawBytes(name), byte >= 0x80);
  }
});

Deno.test("decodeName() keeps every pair of bytes", () => {
  for (let pair = 0; pair < 0x10000; pair++) {
    const bytes = Uint8Array.of(pair >> 8, pair & 0xff);
    const encoded = encodeName(decodeName(bytes));
    if (encoded[0] !== bytes[0] || encoded[1] !== bytes[1] || encoded.length !== 2) {
      assertEquals(toHex(encoded), toHex(bytes));
    }
  }
});

Deno.test("decodeName() keeps random bytes, short and long, and gives each its own name", () => {
  const random = randomNumbers(11);
  // Bytes that are near to UTF-8 find more than bytes without any order.
  const likely = hex("00 2f 61 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ef f0 f4 f5 ff");
  const seen = new Map<string, string>();
  for (let round = 0; round < 30_000; round++) {
    const length = random(round % 100 === 0 ? 200 : 9);
    const bytes = Uint8Array.from(
      { length },
      () => round % 2 === 0 ? random(256) : likely[random(likely.length)]!,
    );
    const name = decodeName(bytes);
    assertEquals(toHex(encodeName(name)), toHex(bytes));
    assertEquals(seen.get(name) ?? toHex(bytes), toHex(bytes));
    seen.set(name, toHex(bytes));
  }
});

Deno.test("decodeName() agrees with TextDecoder on what is UTF-8", () => {
  const random = randomNumbers(13);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: random(80) }, () => characterBelow(random)).join("");
    const bytes = new TextEncoder().encode(text);
    assertEquals(decodeName(bytes), decoder.decode(bytes));
    assertEquals(encodeName(text), bytes);
    assertEquals(hasRawBytes(text), false);
  }
});

Deno.test("decodeName() reads only the bytes between start and end", () => {
  const bytes = hex('"ab" c3a9 "cd"');
  assertEquals(decodeName(bytes, 1, 5), "béc");
  assertEquals(decodeName(bytes, 1, 3), "b\udcc3");
  assertEquals(decodeName(bytes, 3, 4), "\udca9");
  assertEquals(decodeName(bytes, 6, 6), "");
});

Deno.test("decodeName() of a part is not disturbed by the bytes behind it", () => {
  const bytes = hex(`"${"x".repeat(100)}" c3a9`);
  assertEquals(decodeName(bytes, 0, 101), "x".repeat(100) + "\udcc3");
});

Deno.test("encodeNameInto() writes at its place and tells how much", () => {
  for (const [name, digits] of [["abc", "616263"], ["é", "c3a9"], ["a\udcff", "61ff"]] as const) {
    const target = new Uint8Array(16).fill(0xee);
    assertEquals(encodeNameInto(name, target, 3), digits.length / 2);
    assertEquals(toHex(target), "eeeeee" + digits + "ee".repeat(13 - digits.length / 2));
  }
});

Deno.test("encodeName() of a surrogate that stands for no byte is U+FFFD, as everywhere", () => {
  for (const stray of ["\ud800", "\udc00", "\udc7f", "\udd00", "\udfff"]) {
    assertEquals(toHex(encodeName(`a${stray}b`)), "61efbfbd62");
  }
});

Deno.test("hasRawBytes() tells names with raw bytes from text", () => {
  assertEquals(["", "a", "é", "日", "😀", "\ufffd"].map(hasRawBytes), Array(6).fill(false));
  assertEquals(["\udc80", "a\udcff", "😀\udcff"].map(hasRawBytes), Array(3).fill(true));
});

/** The name of bytes of which none is valid. */
function raw(digits: string): string {
  return String.fromCharCode(...Array.from(hex(digits), (byte) => 0xdc00 + byte));
}

/** The name's code units, as lone surrogates do not show. */
function inspect(name: string): string {
  return Array.from({ length: name.length }, (_, index) => name.charCodeAt(index).toString(16))
    .join(" ");
}

function characterBelow(random: (limit: number) => number): string {
  const code = random(4) === 0 ? random(0x110000) : random(0x800);
  return code >= 0xd800 && code <= 0xdfff ? "?" : String.fromCodePoint(code);
}
