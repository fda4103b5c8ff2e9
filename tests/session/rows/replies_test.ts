import { assertEquals } from "@std/assert";
import { replyName } from "../../../lib/session/rows/replies.ts";
import { MAX_PACKET_LENGTH } from "../../../lib/wire/constants.ts";
import { Writer } from "../../../lib/wire/writer.ts";
import { parseReply, Splitter } from "../../support/raw.ts";

Deno.test("replyName() answers by a packet that a client takes, however long the name is", () => {
  for (const length of [1, 4096, 32_768, 32_769, 200_000]) {
    const name = "\u20ac".repeat(length);
    const out = new Writer();
    replyName(out, 7, name);
    const [packet = new Uint8Array(0)] = new Splitter().push(out.written);
    assertEquals(packet.length <= MAX_PACKET_LENGTH, true, `${length} characters`);
    const reply = parseReply(packet);
    const told: unknown = reply.kind === "name" ? reply.names[0]?.filename : reply;
    const refusal = {
      kind: "status",
      id: 7,
      code: 4,
      message: "Failure: name too long",
      language: "",
    };
    assertEquals(told, length <= 32_768 ? name : refusal);
  }
});
