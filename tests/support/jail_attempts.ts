/**
 * Every request and every extension that takes a path, as attempts to reach
 * what a path may lead to.
 *
 * @module
 */

import {
  emptyJail,
  existsSync,
  fillOutside,
  lookOutside,
  type Prober,
  type Site,
  stateOf,
} from "./jail_fixture.ts";
import { ask, Flag, type Text } from "./raw.ts";

/** A time in seconds that no file has by itself. */
const TIME = 1_234_567;

/** An attempt, with its name. */
export interface Attempt {
  readonly name: string;
  /** Whether it changes nothing if it gets through. */
  readonly looks: boolean;
  run(prober: Prober, path: Text): Promise<unknown>;
}

/** Makes the jail's content for an attempt. */
export type Plant = (prober: Prober) => unknown;

const looks: Readonly<Record<string, Attempt["run"]>> = {
  "STAT": (prober, path) => prober.ask(ask.stat(path)),
  "LSTAT": (prober, path) => prober.ask(ask.lstat(path)),
  "OPENDIR": list,
  "OPEN to read": read,
  "REALPATH": (prober, path) => prober.ask(ask.realpath(path)),
  "READLINK": (prober, path) => prober.ask(ask.readlink(path)),
  "statvfs": (prober, path) => prober.ask(ask.statvfs(path)),
  "check-file-name": (prober, path) => prober.ask(ask.checkFileName(path, "md5,sha256")),
  "expand-path": (prober, path) => prober.ask(ask.expandPath(path)),
  "home-directory": (prober, path) => prober.ask(ask.homeDirectory(path)),
};

const changes: Readonly<Record<string, Attempt["run"]>> = {
  "OPEN to write": (prober, path) => write(prober, path, Flag.WRITE),
  "OPEN to read and write": (prober, path) => write(prober, path, Flag.READ | Flag.WRITE),
  "OPEN to append": (prober, path) => write(prober, path, Flag.WRITE | Flag.APPEND),
  "OPEN to make": (prober, path) => write(prober, path, Flag.WRITE | Flag.CREAT),
  "OPEN to make anew": (prober, path) =>
    write(prober, path, Flag.WRITE | Flag.CREAT | Flag.TRUNC | Flag.READ),
  "OPEN to make only": (prober, path) => write(prober, path, Flag.WRITE | Flag.CREAT | Flag.EXCL),
  "OPEN to truncate": (prober, path) => prober.open(ask.open(path, Flag.WRITE | Flag.TRUNC)),
  "copy-data out": copyOut,
  "copy-data in": copyIn,
  "SETSTAT size": (prober, path) => prober.ask(ask.setstat(path, { size: 5 })),
  "SETSTAT permissions": (prober, path) => prober.ask(ask.setstat(path, { permissions: 0o777 })),
  "SETSTAT times": (prober, path) => prober.ask(ask.setstat(path, { atime: TIME, mtime: TIME })),
  "SETSTAT owner": (prober, path) => prober.ask(ask.setstat(path, { uid: 65534, gid: 65534 })),
  "lsetstat permissions": (prober, path) => prober.ask(ask.lsetstat(path, { permissions: 0o777 })),
  "lsetstat times": (prober, path) => prober.ask(ask.lsetstat(path, { atime: TIME, mtime: TIME })),
  "lsetstat owner": (prober, path) => prober.ask(ask.lsetstat(path, { uid: 65534, gid: 65534 })),
  "MKDIR": (prober, path) => prober.ask(ask.mkdir(path)),
  "RMDIR": (prober, path) => prober.ask(ask.rmdir(path)),
  "REMOVE": (prober, path) => prober.ask(ask.remove(path)),
  "RENAME from": (prober, path) => prober.ask(ask.rename(path, "/taken")),
  "RENAME to": (prober, path) => prober.ask(ask.rename("/own", path)),
  "posix-rename from": (prober, path) => prober.ask(ask.posixRename(path, "/taken")),
  "posix-rename to": (prober, path) => prober.ask(ask.posixRename("/own", path)),
  "hardlink from": (prober, path) => hardlink(prober, path),
  "hardlink to": (prober, path) => prober.ask(ask.hardlink("/own", path)),
  "SYMLINK at": (prober, path) => prober.ask(ask.symlink("own", path)),
  "SYMLINK to": symlinkTo,
};

/** All attempts; those that change nothing come first. */
export const attempts: readonly Attempt[] = [
  ...Object.entries(looks).map(([name, run]) => ({ name, looks: true, run })),
  ...Object.entries(changes).map(([name, run]) => ({ name, looks: false, run })),
];

/**
 * Makes every attempt on each path, with the jail made anew whenever the attempt before has changed
 * it, and returns which got out and how. The surroundings are restored afterwards.
 */
export async function escapes(
  prober: Prober,
  site: Site,
  { paths, plant, tries = attempts }: {
    readonly paths: readonly Text[];
    readonly plant: Plant;
    readonly tries?: readonly Attempt[];
  },
): Promise<string[]> {
  const out: string[] = [];
  let before = lookOutside(site);
  let planted = "";
  for (const path of paths) {
    for (const { name, looks, run } of tries) {
      if (planted === "") {
        emptyJail(site);
        await Deno.writeTextFile(`${site.jail}/own`, "own");
        await plant(prober);
        planted = stateOf(site.jail);
      }
      prober.found.length = 0;
      await run(prober, path);
      if (!looks && stateOf(site.jail) !== planted) planted = "";
      const found = [...new Set(prober.found)];
      const after = lookOutside(site);
      if (after !== before) {
        found.push(`changed or read the outside:\n${differences(before, after)}`);
        for (const stray of strays(site)) await Deno.remove(stray, { recursive: true });
        fillOutside(site);
        before = lookOutside(site);
      }
      out.push(...found.map((what) => `${name} ${shown(path)} ${what}`));
    }
  }
  return out;
}

/** What the server has made next to the jail. */
function strays({ base, jail, outside, sibling }: Site): string[] {
  return Array.from(Deno.readDirSync(base), ({ name }) => `${base}/${name}`)
    .filter((path) => path !== jail && path !== outside && path !== sibling);
}

function differences(before: string, after: string): string {
  const lines = before.split("\n");
  return after.split("\n").flatMap((line, index) =>
    line === lines[index] ? [] : [`  was ${lines[index]}`, `  is  ${line}`]
  ).join("\n");
}

function shown(path: Text): string {
  return typeof path === "string" ? path.slice(0, 200) : String(path);
}

async function list(prober: Prober, path: Text): Promise<void> {
  const handle = await prober.open(ask.opendir(path));
  if (handle === undefined) return;
  await prober.ask(ask.fstat(handle));
  while ((await prober.ask(ask.readdir(handle))).kind === "name");
  await prober.ask(ask.close(handle));
}

async function read(prober: Prober, path: Text): Promise<void> {
  const handle = await prober.open(ask.open(path, Flag.READ));
  if (handle === undefined) return;
  await prober.ask(ask.fstat(handle));
  await prober.ask(ask.read(handle, 0, 1000));
  await prober.ask(ask.fstatvfs(handle));
  await prober.ask(ask.checkFileHandle(handle, "sha256"));
  await prober.ask(ask.close(handle));
}

async function write(prober: Prober, path: Text, flags: number): Promise<void> {
  const handle = await prober.open(ask.open(path, flags, { permissions: 0o604 }));
  if (handle === undefined) return;
  await prober.ask(ask.read(handle, 0, 1000));
  await prober.ask(ask.write(handle, 0, "written"));
  await prober.ask(ask.fsetstat(handle, { permissions: 0o606, atime: TIME, mtime: TIME }));
  await prober.ask(ask.close(handle));
}

async function copyOut(prober: Prober, path: Text): Promise<void> {
  const source = await prober.open(ask.open(path, Flag.READ));
  if (source === undefined) return;
  const target = await prober.open(ask.open("/copy", Flag.READ | Flag.WRITE | Flag.CREAT));
  if (target !== undefined) {
    await prober.ask(ask.copyData(source, 0, 100, target, 0));
    await prober.ask(ask.read(target, 0, 1000));
    await prober.ask(ask.close(target));
  }
  await prober.ask(ask.close(source));
}

async function copyIn(prober: Prober, path: Text): Promise<void> {
  const target = await prober.open(ask.open(path, Flag.WRITE));
  if (target === undefined) return;
  const source = await prober.open(ask.open("/own", Flag.READ));
  if (source !== undefined) {
    await prober.ask(ask.copyData(source, 0, 0, target, 0));
    await prober.ask(ask.close(source));
  }
  await prober.ask(ask.close(target));
}

/** A second name of the target would be as good as the file itself. */
async function hardlink(prober: Prober, path: Text): Promise<void> {
  await prober.ask(ask.hardlink(path, "/taken"));
  await read(prober, "/taken");
  await list(prober, "/taken");
}

/** A link to it, and then what the link leads to. */
async function symlinkTo(prober: Prober, path: Text): Promise<void> {
  await prober.ask(ask.symlink(path, "/made"));
  await prober.ask(ask.stat("/made"));
  await read(prober, "/made");
  await list(prober, "/made");
  await write(prober, "/made/new", Flag.WRITE | Flag.CREAT);
}

/** Makes links in the jail, by their names, unless they exist. */
export function makeLinks(site: Site, links: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(links)) {
    const path = `${site.jail}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    if (!existsSync(path)) Deno.symlinkSync(text, path);
  }
}
