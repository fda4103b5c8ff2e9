/** Mounts procfs in a jail, in a mount namespace of its own, and looks for a way out through it. */

import { openLibc } from "../../../lib/linux/libc.ts";
import { openKernelRoot } from "../../../lib/storage/local/kernel/root.ts";
import { report } from "./child.ts";
import { failure, get, namesIn, put } from "./places.ts";

const [jail] = Deno.args;
const proc = `${jail}/proc`;
Deno.mkdirSync(proc);
const mounted = new Deno.Command("mount", { args: ["--bind", "/proc", proc] }).outputSync();
if (!mounted.success) throw new Error(new TextDecoder().decode(mounted.stderr));
const root = openKernelRoot(jail!, openLibc());
const magic = `/proc/self/fd/${root.descriptor}`;
report({
  plain: get(root, "/proc/self/comm") !== "",
  link: root.readLink("/proc/self") === String(Deno.pid),
  root: failure(() => root.stat("/proc/self/root")),
  rootName: failure(() => root.stat("/proc/self/root/etc/passwd")),
  rootSlash: failure(() => root.lstat("/proc/self/root/")),
  cwd: failure(() => namesIn(root, "/proc/self/cwd")),
  descriptor: failure(() => root.stat(`${magic}/../outside/canary`)),
  program: failure(() =>
    root.open("/proc/self/exe", {
      read: true,
      write: false,
      append: false,
      create: false,
      truncate: false,
      exclusive: false,
      attrs: {},
    }, 0)
  ),
  create: failure(() => put(root, "/proc/self/cwd/new")),
  real: failure(() => root.realPath("/proc/self/root")),
  realBelow: failure(() => root.realPath("/proc/self/root/etc")),
});
