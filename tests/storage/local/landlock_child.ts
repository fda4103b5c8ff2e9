/** Confines itself as its first argument says, tries what is left, and tells how that went. */

import { confine, type Confinement, landlockAbi } from "../../../lib/linux/landlock.ts";
import { type Libc, openLibc } from "../../../lib/linux/libc.ts";
import { type KernelRoot, openKernelRoot } from "../../../lib/storage/local/kernel/root.ts";
import { how } from "../../../lib/testing/subject.ts";
import { report } from "./child.ts";
import { failure, get, namesIn, put, using, withoutResolution } from "./places.ts";

const [scenario, jail, rest] = Deno.args as [string, string, string];
const libc = openLibc();

/** Gives up all but the jail, and Deno's permissions with it. */
function confined(
  resolving: Libc,
  directory: Partial<Confinement> & { write?: boolean },
): KernelRoot {
  const root = openKernelRoot(jail, resolving);
  const { write = true, directories = [{ descriptor: root.descriptor, write }] } = directory;
  confine(libc, { abi: landlockAbi(libc), network: false, ...directory, directories });
  for (const name of ["ffi", "read", "write"] as const) Deno.permissions.revokeSync({ name });
  return root;
}

/** What is left where the kernel no longer resolves inside the root. */
function unresolved(): unknown {
  const root = confined(withoutResolution(libc), {});
  const out = "/relative-dir";
  return {
    inside: get(root, "/own"),
    read: failure(() => get(root, "/relative")),
    readByParents: failure(() => get(root, "/../outside/canary")),
    write: failure(() => root.open(`${out}/canary`, how("write"), 0)),
    truncate: failure(() => root.truncate(`${out}/canary`, 0)),
    create: failure(() => put(root, `${out}/new`)),
    createByDangling: failure(() => put(root, "/dangling")),
    list: failure(() => root.openDir(out)),
    mkdir: failure(() => root.mkdir(`${out}/new`, 0o777)),
    rmdir: failure(() => root.rmdir(`${out}/empty`)),
    unlink: failure(() => root.unlink(`${out}/canary`)),
    symlink: failure(() => root.symlink("text", `${out}/new`)),
    renameOut: failure(() => root.rename("/own", `${out}/new`)),
    renameIn: failure(() => root.rename(`${out}/canary`, "/new")),
    linkOut: failure(() => root.link("/own", `${out}/new`)),
    linkIn: failure(() => root.link(`${out}/canary`, "/new")),
    command: commandFailure(),
  };
}

/** All that a jail's client does, with nothing left but the jail. */
function inside(): unknown {
  const root = confined(libc, {});
  root.mkdir("/d", 0o777);
  root.mkdir("/e", 0o777);
  put(root, "/d/file", "content");
  root.truncate("/d/file", 4);
  root.chmod("/d/file", 0o640);
  root.utimes("/d/file", 5, 6);
  root.rename("/d/file", "/e/file");
  root.renameNoReplace("/e/file", "/d/moved");
  root.link("/d/moved", "/e/linked");
  root.symlink("../d/moved", "/e/link");
  const copied = using(
    root.open("/d/moved", how("read"), 0),
    (from) =>
      using(root.open("/e/copy", how("write", "create"), 0o600), (target) => {
        target.sync();
        return from.copy({ target, from: 0, to: 0, length: Infinity });
      }),
  );
  root.mkdir("/gone", 0o777);
  root.rmdir("/gone");
  return {
    content: get(root, "/e/link"),
    names: [namesIn(root, "/d"), namesIn(root, "/e")],
    links: root.stat("/e/linked").links,
    real: root.realPath("/e/link"),
    copied,
    outside: failure(() => get(root, `${rest}/canary`)),
  };
}

/** A jail that may only be read, whatever the program would do. */
function readOnly(): unknown {
  const root = confined(libc, { write: false });
  return {
    content: get(root, "/own"),
    names: namesIn(root, "/").includes("own"),
    write: failure(() => root.open("/own", how("write"), 0)),
    truncate: failure(() => root.open("/own", how("read", "truncate"), 0)),
    create: failure(() => put(root, "/new")),
    mkdir: failure(() => root.mkdir("/new", 0o777)),
    unlink: failure(() => root.unlink("/own")),
    rename: failure(() => root.rename("/own", "/new")),
    link: failure(() => root.link("/own", "/new")),
    symlink: failure(() => root.symlink("text", "/new")),
  };
}

/** No file at all, and the network as `network` says. */
async function nothing(network: boolean): Promise<unknown> {
  const root = confined(libc, { directories: [], network });
  return {
    read: failure(() => get(root, "/own")),
    list: failure(() => root.openDir("/")),
    create: failure(() => put(root, "/new")),
    connect: await connection(Number(rest)),
  };
}

/** One file, by its path, and another that is not there. */
function oneFile(): unknown {
  Deno.writeTextFileSync(`${jail}/other`, "");
  const root = confined(libc, { directories: [], files: [`${jail}/own`, `${jail}/missing`] });
  return {
    own: get(root, "/own"),
    write: failure(() => root.open("/own", how("write"), 0)),
    list: failure(() => root.openDir("/")),
    other: failure(() => get(root, "/other")),
    create: failure(() => put(root, "/missing")),
  };
}

async function connection(port: number): Promise<string> {
  try {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.close();
    return "made";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function commandFailure(): string {
  try {
    return new Deno.Command("/bin/true").outputSync().success ? "started" : "failed";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

switch (scenario) {
  case "unresolved":
    report(unresolved());
    break;
  case "inside":
    report(inside());
    break;
  case "read-only":
    report(readOnly());
    break;
  case "one file":
    report(oneFile());
    break;
  default:
    report(await nothing(scenario === "nothing but the network"));
}
