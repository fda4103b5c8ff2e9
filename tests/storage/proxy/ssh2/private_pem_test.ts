import { assertEquals } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { Buffer } from "node:buffer";
import { strictPem } from "../../../../lib/storage/proxy/ssh2/private_pem.ts";

for (const [curve, length] of [["P-256", 32], ["P-384", 48]] as const) {
  Deno.test(`strictPem() gives the private number of ${curve} as many bytes as the curve has`, () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
    const pem = privateKey.export({ type: "sec1", format: "pem" }).toString();
    const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
    const at = der.indexOf(Buffer.from([0x04, length]));
    for (const zeros of [0, 1]) {
      const loose = Buffer.concat([
        der.subarray(0, at),
        Buffer.from([0x04, length + zeros]),
        Buffer.alloc(zeros),
        der.subarray(at + 2),
      ]);
      // The length of the whole, of one byte or two, grows with it.
      const lengthAt = loose[1]! < 0x80 ? 1 : 2;
      loose[lengthAt] = loose[lengthAt]! + zeros;
      const strict = strictPem(asPem("EC", Buffer.concat([loose, Buffer.from([3, 3, 3])])));
      assertEquals(strict, asPem("EC", der));
    }
  });
}

Deno.test("strictPem() cuts off what decryption has left behind an RSA key", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const der = privateKey.export({ type: "pkcs1", format: "der" });
  const strict = strictPem(asPem("RSA", Buffer.concat([der, Buffer.alloc(8, 8)])));
  assertEquals(strict, asPem("RSA", der));
});

Deno.test("strictPem() leaves alone what it does not know", () => {
  for (
    const text of ["", "nothing", asPem("EC", Buffer.from("nothing")), asPem("EC", Buffer.alloc(0))]
  ) {
    assertEquals(strictPem(text), text);
  }
  const other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  assertEquals(strictPem(other), other);
});

function asPem(kind: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${kind} PRIVATE KEY-----\n${
    lines.join("\n")
  }\n-----END ${kind} PRIVATE KEY-----\n`;
}
