import { assertEquals, assertMatch } from "@std/assert";
import { LIBC_PATHS } from "../../../lib/linux/libc.ts";
import { withTempDir } from "../../support/files.ts";
import { findProgram, type Need } from "../../support/programs.ts";
import { ALL, run, sftpwrap } from "../../support/wire_session.ts";

/** A home directory with what an account usually has, and a folder next to it. */
interface Place {
  readonly home: string;
  readonly beside: string;
}

function withPlace(use: (place: Place) => Promise<void>): Promise<void> {
  return withTempDir(async (base) => {
    const [home, beside] = [`${base}/home`, `${base}/beside`];
    for (const folder of [".ssh", ".config/systemd/user", ".local/share/data", "bin", "files"]) {
      await Deno.mkdir(`${home}/${folder}`, { recursive: true });
    }
    await Deno.writeTextFile(`${home}/.bashrc`, "");
    await Deno.writeTextFile(`${home}/.ssh/authorized_keys`, "");
    await Deno.mkdir(beside);
    await use({ home, beside });
  });
}

/** Where Deno keeps its downloads; with another home it would look there. */
function denoDir(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return Deno.env.get("DENO_DIR") ?? `${cache}/deno`;
}

/** The complaint of a session and of `--check` about a jail; undefined if both accept it. */
async function refusal(
  jail: string,
  { HOME = "", options = [], before = [], permissions = ALL }: {
    readonly permissions?: readonly string[];
    readonly HOME?: string;
    readonly options?: readonly string[];
    readonly before?: readonly string[];
  } = {},
): Promise<string | undefined> {
  const env = { HOME, DENO_DIR: denoDir() };
  const started = await run([...before, ...sftpwrap(["jail", ...options, jail], permissions)], {
    env,
  });
  const checked = await run([
    ...before,
    ...sftpwrap(["jail", "--check", ...options, jail], permissions),
  ], {
    env,
  });
  const says = new TextDecoder().decode(checked.stdout);
  const bad = /^BAD +directory: (.*): choose one below$/m.exec(says)?.[1];
  const reason = /is not a safe jail: (.*) \(--allow-home overrides\)/.exec(started.stderr)?.[1];
  assertEquals(bad, reason, started.stderr + says + checked.stderr);
  assertEquals(started.code, reason === undefined ? 0 : 1, started.stderr);
  return reason;
}

const refused: readonly (readonly [name: string, jail: (place: Place) => string, RegExp])[] = [
  ["the home", ({ home }) => home, /account's home directory/],
  ["what the home lies in", ({ home }) => home.slice(0, -5), /account's home directory/],
  ["~/.ssh", ({ home }) => `${home}/.ssh`, /\.ssh/],
  ["~/.config", ({ home }) => `${home}/.config`, /~\/\.config/],
  ["a folder of ~/.config", ({ home }) => `${home}/.config/systemd`, /it lies in ~\/\.config/],
  ["~/.local", ({ home }) => `${home}/.local`, /~\/\.local/],
  ["~/.local/share", ({ home }) => `${home}/.local/share`, /~\/\.local\/share\/systemd/],
  ["~/bin", ({ home }) => `${home}/bin`, /~\/bin/],
];

for (const [name, jail, reason] of refused) {
  Deno.test(`a jail that is ${name} is refused`, () =>
    withPlace(async (place) => {
      assertMatch(await refusal(jail(place), { HOME: place.home }) ?? "served", reason);
    }));
}

Deno.test("a jail in the home that is not a way out is served", () =>
  withPlace(async ({ home, beside }) => {
    for (const jail of [`${home}/files`, `${home}/.local/share/data`, beside]) {
      assertEquals(await refusal(jail, { HOME: home }), undefined, jail);
    }
  }));

Deno.test("what a client stores is not a reason to refuse when the home is known", () =>
  withPlace(async ({ home, beside }) => {
    await Deno.mkdir(`${beside}/.ssh`);
    await Deno.writeTextFile(`${beside}/.bashrc`, "");
    const HOME = Deno.env.get("HOME")!;
    assertEquals(await refusal(beside, { HOME }), undefined, home);
  }));

/** Links in the home that lead into the jail. */
const links: readonly (readonly [link: string, target: string])[] = [
  [".ssh", "keys"],
  [".ssh", "to-be-made"],
  [".ssh/authorized_keys", "keys"],
  [".bashrc", "profile"],
  [".config/systemd/user", "units"],
  ["bin", "programs"],
];

for (const [link, target] of links) {
  Deno.test(`a jail that ~/${link} leads into (${target}) is refused`, () =>
    withPlace(async ({ home, beside }) => {
      if (target !== "to-be-made") await Deno.mkdir(`${beside}/${target}`);
      await Deno.remove(`${home}/${link}`, { recursive: true });
      await Deno.symlink(`../beside/${target}`, `${home}/.link`);
      await Deno.symlink(`${home}/.link`, `${home}/${link}`);
      assertMatch(await refusal(beside, { HOME: home }) ?? "served", /~\//);
      assertEquals(await refusal(beside, { HOME: home, options: ["--allow-home"] }), undefined);
    }));
}

Deno.test("a jail that contains another name of a login file is refused", () =>
  withPlace(async ({ home, beside }) => {
    await Deno.mkdir(`${beside}/deep`);
    await Deno.link(`${home}/.ssh/authorized_keys`, `${beside}/deep/harmless`);
    assertEquals(
      await refusal(beside, { HOME: home }),
      "it holds ~/.ssh/authorized_keys by another name",
    );
  }));

Deno.test("the home in passwd counts when HOME is elsewhere, empty or missing", {
  ignore: Deno.uid() !== 0,
}, () =>
  withPlace(async ({ home, beside }) => {
    // Root's own home, by the account's number.
    const passwd = (await Deno.readTextFile("/etc/passwd")).split("\n");
    const own = passwd.find((line) => line.split(":")[2] === "0")!.split(":")[5]!;
    assertMatch(await refusal(own, { HOME: beside }) ?? "served", /account's home directory/);
    // And a directory that looks like a home, if it is uncertain which directory is the home.
    assertMatch(await refusal(home, { HOME: beside }) ?? "served", /as a home directory does/);
  }));

Deno.test("a jail that contains the files of this program or of Deno is refused", () =>
  withPlace(async ({ home, beside }) => {
    const main = new URL("../../../", import.meta.url).pathname.slice(0, -1);
    assertMatch(await refusal(main, { HOME: home }) ?? "served", /which this program runs from$/);
    assertEquals(await refusal(main, { HOME: home, options: ["-R"] }), undefined, beside);
  }));

/** A mount namespace of its own: the mount disappears when the program ends. */
const UNSHARE = Deno.uid() === 0
  ? ["unshare", "--mount"]
  : ["unshare", "--user", "--map-root-user", "--mount"];

function bound(from: string, to: string): string[] {
  const script = 'mount --bind "$0" "$1" && shift && exec "$@"';
  return [...UNSHARE, "sh", "-c", script, from, to];
}

function needsBindMount(): Need {
  const [program = "", ...args] = bound("/", "/mnt");
  const reason = "nothing can be mounted here (unshare, mount)";
  if (findProgram(program) === undefined) return { ignore: true, reason };
  const { success } = new Deno.Command(program, {
    args: [...args, "true"],
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return { ignore: !success, reason };
}

/** The permissions of the compiled program, to which Deno shows nothing of /proc. */
const COMPILED = [
  "--allow-read",
  "--allow-write",
  "--allow-sys",
  "--allow-env",
  `--allow-ffi=${LIBC_PATHS.join(",")}`,
];

const mounts: readonly (readonly [name: string, from: string, to: string])[] = [
  ["is a bind mount of the home", "home", "beside"],
  ["is a bind mount of ~/.ssh", "home/.ssh", "beside"],
  ["is a bind mount of ~/.config", "home/.config", "beside"],
  ["holds a bind mount of the home", "home", "beside/with blank/deep"],
  ["holds a bind mount of ~/.ssh", "home/.ssh", "beside/with blank/deep"],
];

for (const [name, from, to] of mounts) {
  Deno.test({
    name: `a jail that ${name} is refused`,
    ...needsBindMount(),
    fn: () =>
      withPlace(async ({ home, beside }) => {
        await Deno.mkdir(`${beside}/with blank/deep`, { recursive: true });
        const base = home.slice(0, -"/home".length);
        const before = bound(`${base}/${from}`, `${base}/${to}`);
        const given = { HOME: home, before, permissions: COMPILED };
        assertMatch(await refusal(beside, given) ?? "served", /home|~\//);
      }),
  });
}

Deno.test({
  name: "a log in a jail is found by device and inode",
  ...needsBindMount(),
  fn: () =>
    withPlace(async ({ home, beside }) => {
      const before = bound(`${home}/files`, beside);
      const options = ["-l", `${home}/files/log`];
      assertEquals(await refusal(beside, { HOME: home, before, options }), "it holds the log file");
    }),
});
