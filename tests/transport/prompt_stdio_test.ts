import { assertEquals, assertStrictEquals } from "@std/assert";
import { eagerOutput, promptTransport } from "../../lib/transport/prompt_stdio.ts";
import { stdio, type Transport } from "../../lib/transport/stdio.ts";

/** Streams that the test plays, and what was done with them. */
function played(how: { readonly idle: boolean; readonly room?: number }) {
  const done: string[] = [];
  const waits: number[] = [];
  const state = { ready: false };
  const transport: Transport = {
    readSync: () => {
      done.push("read here");
      return 1;
    },
    writeSync: () => {},
    read: () => {
      done.push("read elsewhere");
      return Promise.resolve(2);
    },
    write: (bytes) => {
      done.push(`write ${bytes.length} elsewhere`);
      return Promise.resolve();
    },
    polling: {
      trySend: (bytes) => Math.min(bytes.length, how.room ?? Infinity),
      wait: () => ({ input: false }),
    },
  };
  const libc = {
    poll(_fds: Uint8Array, timeout: number) {
      waits.push(timeout);
      return state.ready ? 1 : 0;
    },
  };
  const prompt = promptTransport(transport, libc, { isIdle: () => how.idle });
  return { prompt, done, waits, state };
}

const into = new Uint8Array(8);

Deno.test("promptTransport() reads on this thread what is there already", async () => {
  const { prompt, done, state } = played({ idle: false });
  state.ready = true;
  assertEquals(await prompt.read(into), 1);
  assertEquals(done, ["read here"]);
});

Deno.test("promptTransport() waits here only where nothing is under way, and then elsewhere", async () => {
  const idle = played({ idle: true });
  assertEquals(await idle.prompt.read(into), 2);
  assertEquals([idle.done, idle.waits], [["read elsewhere"], [1]]);
  const busy = played({ idle: false });
  assertEquals(await busy.prompt.read(into), 2);
  assertEquals([busy.done, busy.waits], [["read elsewhere"], [0]]);
});

Deno.test("promptTransport() looks again when a reply has gone out", async () => {
  const { prompt, done, state } = played({ idle: false });
  const reading = prompt.read(into);
  state.ready = true;
  await prompt.write(into);
  assertEquals(await reading, 1);
  assertEquals(done, ["read here"]);
});

Deno.test("promptTransport() leaves to another thread what the client does not take at once", async () => {
  const { prompt, done } = played({ idle: true, room: 3 });
  await prompt.write(into);
  assertEquals(done, ["write 5 elsewhere"]);
});

Deno.test("promptTransport() leaves streams without polling as they are", () => {
  const { prompt } = played({ idle: true });
  const { polling: _, ...bare } = prompt;
  assertEquals(promptTransport(bare, { poll: () => 0 }, { isIdle: () => true }), bare);
});

/** A transport with room for so many bytes at once, and what was written in which way. */
function withRoom(room: number): { readonly output: Transport; readonly written: string[] } {
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
  const { output, written } = withRoom(4);
  await eagerOutput(output)!.writeAll(parts("ab", "cde", "f"));
  assertEquals(written, ["now ab", "now cd", "later e", "later f"]);
});

Deno.test("eagerOutput() leaves what stands in one place to the transport", async () => {
  const { output, written } = withRoom(100);
  const eager = eagerOutput(output)!;
  await eager.writeAll(parts("abc"));
  assertEquals(written, ["later abc"]);
  assertStrictEquals(eager.write, output.write);
});

Deno.test("eagerOutput() is of no use where nobody can tell whether there is room", () => {
  assertEquals(eagerOutput(stdio), undefined);
});
