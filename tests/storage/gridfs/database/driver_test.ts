import { assertEquals, assertNotEquals } from "@std/assert";
import { MongoClient } from "mongodb";
import { Connection } from "mongodb/lib/cmap/connection.js";
import { EventEmitter } from "node:events";
import { createConnection } from "node:net";
import { hideEnvironment, releaseWriters } from "../../../../lib/storage/gridfs/database/driver.ts";

Deno.test("releaseWriters() wakes a writer to a socket that has ended", async () => {
  releaseWriters();
  releaseWriters();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = createConnection({ host: "127.0.0.1", port: listener.addr.port });
  (await listener.accept()).close();
  const heard: string[] = [];
  socket.on("close", () => heard.push("close"));
  socket.on("drain", () => heard.push("drain"));
  socket.resume();
  await new Promise((resolve) => socket.once("close", () => setTimeout(resolve)));
  assertEquals(heard, ["close", "drain"]);
});

Deno.test({
  name: "the driver takes its log from the environment: else hideEnvironment() may go",
  // A new client looks for signs of a container, and does not wait for the answer.
  sanitizeOps: false,
  fn() {
    const severities = () => {
      const { options } = new MongoClient("mongodb://127.0.0.1:1/");
      return (options as unknown as { mongoLoggerOptions: { componentSeverities: unknown } })
        .mongoLoggerOptions.componentSeverities;
    };
    const before = severities();
    Deno.env.set("MONGODB_LOG_ALL", "debug");
    try {
      assertNotEquals(severities(), before);
      using _hidden = hideEnvironment();
      assertEquals(severities(), before);
    } finally {
      Deno.env.delete("MONGODB_LOG_ALL");
    }
  },
});

Deno.test("the driver waits for drain on a closed socket: else releaseWriters() may go", async () => {
  const socket = Object.assign(new EventEmitter(), { write: () => false });
  const heard: string[] = [];
  const connection = { socket, onError: () => heard.push("error") };
  const command = { toBin: () => Promise.resolve([]) };
  const { writeCommand } = Connection.prototype as unknown as {
    writeCommand(command: unknown, options: unknown): Promise<void>;
  };
  const written = writeCommand.call(connection, command, { agreedCompressor: "none" })
    .finally(() => heard.push("settled"));
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  await turn();
  socket.emit("close");
  await turn();
  assertEquals(heard, []);
  socket.emit("drain");
  await written;
  assertEquals(heard, ["settled"]);
});
