/** Opens libc under the flags that it was started with, gives FFI back, and goes on calling. */

import { type Libc, openLibc } from "../../../lib/storage/local/libc.ts";
import { openKernelRoot } from "../../../lib/storage/local/root_kernel.ts";
import { report } from "./child.ts";
import { failure, get, namesIn, put } from "./places.ts";

function open(): Libc | string {
  try {
    return openLibc();
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

const libc = open();
if (typeof libc === "string") report({ opened: libc });
else {
  const [jail] = Deno.args;
  const root = openKernelRoot(jail!, libc);
  Deno.permissions.revokeSync({ name: "ffi" });
  put(root, "/file", "content");
  report({
    opened: true,
    again: open() === "NotCapable",
    content: get(root, "/file"),
    names: namesIn(root, "/"),
    missing: failure(() => root.stat("/no")),
    privileges: libc.setNoNewPrivileges(),
    dumpable: libc.setNotDumpable(),
  });
}
