/** Opens libc under the flags that it was started with, gives FFI back, and goes on calling. */

import { type Libc, LIBC_PATHS, openLibc } from "../../../lib/linux/libc.ts";
import { openKernelRoot } from "../../../lib/storage/local/kernel/root.ts";
import { report } from "./child.ts";
import { failure, get, namesIn, put } from "./places.ts";

function open(): Libc | string {
  try {
    return openLibc();
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

/** Whether libraries can still be opened, past the one that is open. */
function mayOpen(): boolean {
  try {
    Deno.dlopen(LIBC_PATHS[0]!, {}).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
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
    again: mayOpen(),
    content: get(root, "/file"),
    names: namesIn(root, "/"),
    missing: failure(() => root.stat("/no")),
    privileges: libc.setNoNewPrivileges(),
    dumpable: libc.setNotDumpable(),
  });
}
