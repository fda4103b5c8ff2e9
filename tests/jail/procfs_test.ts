/** A procfs mounted inside the jail, whose magic links even lead out of a chroot. */

import { assert, assertEquals } from "@std/assert";
import { escapes, makeLinks } from "../support/jail_attempts.ts";
import { MOUNT_POINT, Prober, type Site, withSite } from "../support/jail_fixture.ts";
import { jailWays } from "../support/jail_ways.ts";
import { findProgram, type Need } from "../support/programs.ts";
import { ask, Flag } from "../support/raw.ts";
import { openServer } from "./open_server.ts";

/** A mount namespace of its own: the mount goes when the server ends. */
const UNSHARE = Deno.uid() === 0
  ? ["unshare", "--mount"]
  : ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork"];

const MOUNT = 'mount -t proc proc "$0" && exec "$@"';

function needsMount(way: Need): Need {
  if (way.ignore) return way;
  const [program = "", ...args] = UNSHARE;
  const reason = "no procfs can be mounted here (unshare, mount)";
  if (findProgram(program) === undefined) return { ignore: true, reason };
  const place = Deno.makeTempDirSync();
  const { success } = new Deno.Command(program, {
    args: [...args, "sh", "-c", MOUNT, place, "true"],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  Deno.removeSync(place);
  return success ? way : { ignore: true, reason };
}

function plant(site: Site): void {
  makeLinks(site, {
    "to-root": "proc/self/root",
    "to-cwd": "/proc/self/cwd",
    "to-thread": "proc/thread-self/cwd/dir",
  });
}

function paths({ outside }: Site): string[] {
  const roots = ["/proc/self/root", "/proc/thread-self/root", "/proc/1/root", "/to-root"];
  const here = ["/proc/self/cwd", "/to-cwd", "/proc/self/task/1/../../cwd", "/proc/1/cwd"];
  return [
    ...roots.flatMap((root) => [root, `${root}/`, `${root}${outside}`, `${root}${outside}/canary`]),
    ...roots.map((root) => `${root}${outside}/new`),
    ...here.flatMap((cwd) =>
      ["", "/", "/canary", "/new", "/empty", "/../outside"].map((name) => cwd + name)
    ),
    "/to-thread",
    ...Array.from({ length: 16 }, (_, fd) => `/proc/self/fd/${fd}/../outside/canary`),
    ...[3, 10, 12].map((fd) => `/proc/self/fd/${fd}`),
  ];
}

for (const way of jailWays) {
  Deno.test({
    name: `${way.name}: no request leaves the jail through a procfs mounted inside`,
    ...needsMount(way.need),
    fn: () =>
      way.withSite(async (site) => {
        const place = `${site.jail}/${MOUNT_POINT}`;
        await Deno.mkdir(place);
        const server = await way.command(site);
        await using prober = await Prober.start(
          [...UNSHARE, "sh", "-c", MOUNT, place, ...server],
          site,
        );
        // It is there, and can be read as far as it holds plain files.
        const file = await prober.open(ask.open("/proc/self/status", Flag.READ));
        assertEquals(file === undefined, false);
        await prober.ask(ask.close(file!));
        assertEquals(
          await escapes(prober, site, { paths: paths(site), plant: () => plant(site) }),
          [],
        );
      }),
  });
}

Deno.test({
  name: "a server without any ring is seen to get out through a procfs mounted inside",
  ...needsMount({ ignore: Deno.build.os !== "linux", reason: "a procfs is Linux's" }),
  fn: () =>
    withSite(async (site) => {
      const place = `${site.jail}/${MOUNT_POINT}`;
      await Deno.mkdir(place);
      const server = openServer(site, { root: "unresolved" });
      const words = [...UNSHARE, "sh", "-c", MOUNT, place, ...server];
      await using prober = await Prober.start(words, site);
      const ways = [
        `/proc/self/root${site.outside}/canary`,
        "/proc/self/cwd/canary",
        "/to-cwd/dir",
      ];
      for (const path of ways) {
        const out = await escapes(prober, site, { paths: [path], plant: () => plant(site) });
        assert(out.length > 0, path);
      }
    }),
});
