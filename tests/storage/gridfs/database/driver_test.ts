import { assertEquals } from "@std/assert";
import { createConnection } from "node:net";
import { releaseWriters } from "../../../../lib/storage/gridfs/database/driver.ts";

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
