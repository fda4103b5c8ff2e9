import { assertEquals } from "@std/assert";
import { askLimits } from "../../lib/client/limits.ts";
import { PacketType, StatusCode } from "../../lib/wire/constants.ts";
import { Extension, type Limits, writeLimits } from "../../lib/wire/extensions.ts";
import { writeExtendedReply } from "../../lib/wire/replies.ts";
import { packets, ScriptedServer, status } from "./scripted_server.ts";

const GUARANTEED = {
  maxPacketLength: 34_000,
  maxReadLength: 32_768,
  maxWriteLength: 32_768,
  maxOpenHandles: 0,
};

/** What a server says, and what is made of it. */
const SAID: readonly (readonly [name: string, said: readonly number[], used: readonly number[]])[] =
  [
    ["OpenSSH's own", [262_144, 261_120, 261_120, 1019], [262_144, 261_120, 261_120, 1019]],
    ["no limits at all", [0, 0, 0, 0], [262_144, 261_120, 261_120, 0]],
    ["more than this client takes", [4_195_328, 4_194_304, 4_194_304, 128], [
      262_144,
      261_120,
      261_120,
      128,
    ]],
    ["lengths without a packet's", [0, 1000, 2000, 0], [262_144, 1000, 2000, 0]],
    ["a small packet", [34_000, 0, 0, 0], [34_000, 32_976, 32_976, 0]],
    ["a packet smaller than a header", [10, 0, 0, 0], [10, 1, 1, 0]],
  ];

for (const [name, said, used] of SAID) {
  Deno.test(`askLimits() makes the best of ${name}`, async () => {
    const { server, connection } = await ScriptedServer.connected([[Extension.LIMITS, "1"]]);
    const asking = askLimits(connection);
    const { type, id, body } = await server.next();
    assertEquals([type, body.name(), body.remaining], [
      PacketType.EXTENDED,
      "limits@openssh.com",
      0,
    ]);
    const value = limits(said);
    await server.send(
      packets((writer) => writeExtendedReply(writer, id, { value, write: writeLimits })),
    );
    assertEquals(await asking, limits(used));
  });
}

Deno.test("askLimits() takes what the draft guarantees of a server that does not say", async () => {
  const { connection } = await ScriptedServer.connected();
  assertEquals(await askLimits(connection), GUARANTEED);
});

Deno.test("askLimits() takes that too where the server refuses to say", async () => {
  const { server, connection } = await ScriptedServer.connected([[Extension.LIMITS, "1"]]);
  const asking = askLimits(connection);
  await server.send(status((await server.next()).id, StatusCode.PERMISSION_DENIED));
  assertEquals(await asking, GUARANTEED);
});

function limits(numbers: readonly number[]): Limits {
  const [maxPacketLength, maxReadLength, maxWriteLength, maxOpenHandles] = numbers;
  return {
    maxPacketLength: maxPacketLength!,
    maxReadLength: maxReadLength!,
    maxWriteLength: maxWriteLength!,
    maxOpenHandles: maxOpenHandles!,
  };
}
