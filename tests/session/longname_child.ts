/**
 * Prints the longname of a file for each time on the command line, in the zone that the process
 * was started with; the first argument is what "now" is.
 *
 * @module
 */

import { print } from "../../lib/transport/stdio.ts";
import { longname } from "./longname_line.ts";

const [now, ...times] = Deno.args.map(Number);
for (const mtime of times) {
  print(longname({ name: "x", attrs: { mtime } }, now!) + "\n");
}
