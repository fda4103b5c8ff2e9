/** Sends a byte to a socket that listens, as often as it is told: first slowly, then by V8's fast way. */

import { openLibc } from "../../../lib/linux/libc.ts";

const [path = "", times = ""] = Deno.args;
const libc = openLibc();
const socket = libc.connectDatagram(new TextEncoder().encode(path));
for (let count = 0; count < Number(times); count++) libc.send(socket, new Uint8Array(1));
