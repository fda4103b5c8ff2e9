import { assertEquals, assertStrictEquals } from "@std/assert";
import { eagerOutput } from "../../lib/transport/eager_output.ts";
import { stdio, type Transport } from "../../lib/transport/stdio.ts";

/** A transport with room for so many bytes at once, and what was written in which way. */
function transport(room: number): { readonly output: Transport; readonly written: string[] } {
  const written: string[] = [];
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    written,
    output: {
      ...stdio,
      write(bytes) {
        written.push(`later ${text(bytes)}`);
        return Promise.resolve();
      },
      polling: {
        trySend(bytes) {
          const sent = bytes.subarray(0, room);
          room -= sent.length;
          if (sent.length > 0) written.push(`now ${text(sent)}`);
          return sent.length;
        },
        wait: () => ({ input: false }),
      },
    },
  };
}

function parts(...texts: string[]): Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

Deno.test("eagerOutput() writes parts at once as far as there is room, and the rest behind them", async () => {
  const { output, written } = transport(4);
  await eagerOutput(output)!.writeAll(parts("ab", "cde", "f"));
  assertEquals(written, ["now ab", "now cd", "later e", "later f"]);
});

Deno.test("eagerOutput() leaves what stands in one place to the transport", async () => {
  const { output, written } = transport(100);
  const eager = eagerOutput(output)!;
  await eager.writeAll(parts("abc"));
  assertEquals(written, ["later abc"]);
  assertStrictEquals(eager.write, output.write);
});

Deno.test("eagerOutput() is of no use where nobody can tell whether there is room", () => {
  assertEquals(eagerOutput(stdio), undefined);
});
