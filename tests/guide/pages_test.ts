/** What the pages say about options, tasks and each other, compared with the program and the files. */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { parseDoctorOptions } from "../../lib/cli/doctor/options.ts";
import { parseGridFsOptions } from "../../lib/cli/gridfs/options.ts";
import { parseS3Options } from "../../lib/cli/s3/options.ts";
import { parseJailOptions } from "../../lib/cli/jail/options.ts";
import { parseProxyOptions } from "../../lib/cli/proxy/options.ts";
import { parseQuotaOptions } from "../../lib/cli/quota/options.ts";
import { parseKickOptions, parseWhoOptions } from "../../lib/cli/sessions/options.ts";
import { runOk } from "../support/run.ts";
import { filesIn } from "./guide.ts";
import {
  anchorsIn,
  commandsIn,
  filesNamedIn,
  linksIn,
  longOptionsIn,
  optionsInHelp,
  type Page,
  pathsOfProject,
  PROJECT,
  readPages,
} from "./pages.ts";

const SUBCOMMANDS = [
  "jail",
  "proxy",
  "gridfs",
  "s3",
  "authorize",
  "doctor",
  "quota",
  "who",
  "kick",
] as const;

const PARSERS: Readonly<Record<string, (args: readonly string[]) => unknown>> = {
  jail: parseJailOptions,
  proxy: parseProxyOptions,
  gridfs: parseGridFsOptions,
  s3: parseS3Options,
  doctor: parseDoctorOptions,
  quota: parseQuotaOptions,
  who: parseWhoOptions,
  kick: parseKickOptions,
};

/** Options of other programs that pages name, and of the project's own scripts. */
const OTHER_PROGRAMS = [
  ...["--no-prompt", "--no-code-cache", "--target"], // deno
  "--print-architecture", // dpkg
  ...["--entrypoint", "--cached-only"], // deno
  ...["--sftp-set-modtime", "--sftp-disable-hashcheck"], // rclone
  ...["--output", "--proxy"], // deno task compile
  ...["--name", "--cap-drop", "--security-opt", "--tmpfs"], // podman
  "--create", // systemd-tmpfiles
  ...["--identifier", "--follow", "--priority"], // journalctl
  // rclone serve
  ...["--stdio", "--transfers", "--include", "--exclude", "--filter", "--vfs-", "--dir-cache-time"],
  ...["--poll-interval", "--no-seek", "--no-modtime", "--no-checksum", "--file-perms"],
  ...["--dir-perms", "--uid", "--gid", "--bwlimit", "--log-file", "--use-json-log"],
  ...["--syslog-facility", "--addr", "--authorized-keys", "--user", "--pass", "--no-auth"],
  "--auth-proxy",
];

const pages = await readPages();

const help = new Map<string, ReadonlySet<string>>();
for (const subcommand of SUBCOMMANDS) {
  const args = ["run", "--quiet", "--no-prompt", "-A", `${PROJECT}main.ts`, subcommand, "--help"];
  help.set(subcommand, optionsInHelp(await runOk(Deno.execPath(), args)));
}

/** Fails with everything that was found, each with its page. */
function assertNothing(found: readonly string[]): void {
  assertEquals(found, [], found.join("\n"));
}

function everywhere(look: (page: Page) => readonly string[]): string[] {
  return pages.flatMap((page) => look(page).map((what) => `${page.path}: ${what}`));
}

Deno.test("there is a page for every room that has users", () => {
  const rooms = [
    "cli",
    "policy",
    "quota",
    "sessions",
    "audit",
    "storage/local",
    "storage/proxy",
    "storage/gridfs",
    "storage/s3",
  ];
  const paths = pages.map(({ path }) => path);
  for (const room of rooms) assert(paths.includes(`lib/${room}/README.md`), room);
});

Deno.test("every link between pages leads to a file, and to a heading where it names one", async () => {
  const missing: string[] = [];
  for (const page of pages) {
    for (const link of linksIn(page.text)) {
      const { pathname, hash } = new URL(link, `file://${PROJECT}${page.path}`);
      const stat = await Deno.stat(pathname).catch(() => undefined);
      const text = hash === "" || stat?.isFile !== true ? "" : await Deno.readTextFile(pathname);
      const found = stat !== undefined && (hash === "" || anchorsIn(text).has(hash.slice(1)));
      if (!found) missing.push(`${page.path}: ${link}`);
    }
  }
  assertNothing(missing);
});

/** The options of a command; `authorize` also takes those of what it authorizes. */
function knownTo(subcommand: string, args: readonly string[]): ReadonlySet<string> | undefined {
  const target = ["proxy", "gridfs", "s3"].find((name) => args.includes(`--${name}`));
  if (subcommand !== "authorize" || target === undefined) return help.get(subcommand);
  return new Set([...help.get(subcommand)!, ...help.get(target)!]);
}

Deno.test("every option in a command of a page is in the help of its subcommand", () => {
  assertNothing(everywhere(({ text }) =>
    commandsIn(text).flatMap(({ subcommand, args }) => {
      const known = knownTo(subcommand, args);
      return args.map((arg) => arg.replace(/=.*/, ""))
        .filter((arg) => /^--?\w/.test(arg) && known?.has(arg) === false)
        .map((arg) => `sftpwrap ${subcommand} ${arg}`);
    })
  ));
});

Deno.test("every command of a page is understood by the parser of its subcommand", () => {
  let count = 0;
  assertNothing(everywhere(({ text }) =>
    commandsIn(text).flatMap(({ subcommand, args }) => {
      // A usage line, or the name of a subcommand in a sentence, is not a command. The parser of
      // `authorize` reads the key, which is not here.
      const parse = PARSERS[subcommand];
      if (parse === undefined || args.length === 0 || args.some((arg) => /[[…]/.test(arg))) {
        return [];
      }
      count++;
      try {
        parse(args);
        return [];
      } catch (error) {
        return [`sftpwrap ${subcommand} ${args.join(" ")}: ${error}`];
      }
    })
  ));
  assert(count >= 15, `${count} commands`);
});

Deno.test("every long option that a page names is one of the program, or of a known other one", () => {
  const known = new Set([
    ...OTHER_PROGRAMS,
    "--version",
    ...[...help.values()].flatMap((options) => [...options]),
  ]);
  assertNothing(
    everywhere(({ text }) =>
      longOptionsIn(text).filter((option) => !known.has(option) && !option.startsWith("--allow-"))
    ),
  );
});

Deno.test("every option in the help is named in a page", () => {
  const named = new Set(pages.flatMap(({ text }) => longOptionsIn(text)));
  const silent = SUBCOMMANDS.flatMap((subcommand) =>
    [...help.get(subcommand) ?? []].filter((option) => option.startsWith("--"))
      .filter((option) => !named.has(option)).map((option) => `${subcommand} ${option}`)
  );
  assertNothing(silent);
});

Deno.test("every file and folder of the project that a page names is there", async () => {
  const paths = await pathsOfProject();
  assertNothing(everywhere((page) => {
    const folder = page.path.slice(0, page.path.lastIndexOf("/") + 1);
    const ofGuide = filesIn(page.text);
    return filesNamedIn(page.text).filter((name) =>
      !ofGuide.has(name) &&
      !paths.some((path) =>
        path === name || path === `lib/${name}` ||
        path.startsWith(folder) && `/${path}`.endsWith(`/${name}`)
      )
    );
  }));
});

Deno.test("every task that a page names is in deno.json", () => {
  const tasks = Object.keys(config.tasks);
  assertNothing(
    everywhere(({ text }) =>
      [...text.matchAll(/deno task ([\w:]+)/g)].map(([, task = ""]) => task)
        .filter((task) => !tasks.includes(task))
    ),
  );
});

Deno.test("the house names every package that is downloaded", async () => {
  const text = pages.find(({ path }) => path === "lib/README.md")?.text ?? "";
  const named = text.slice(text.indexOf("## Dependencies"));
  const { npm } = JSON.parse(await Deno.readTextFile(`${PROJECT}deno.lock`));
  const names = Object.keys(npm).map((name) => name.slice(0, name.lastIndexOf("@")))
    .map((name) => name.replace(/^@types\//, ""));
  const silent = names.filter((name) => !new RegExp(`(?<![\\w/-])${name}(?![\\w-])`).test(named));
  assertEquals(silent, []);
  const versions = [...named.matchAll(/^- `([\w-]+)` ([\d.]+) \(/gm)];
  for (const [, name, version] of versions) assert(`${name}@${version}` in npm, name);
  assertEquals(versions.length, 4);
});

Deno.test("the first pages are short", () => {
  for (const [path, most] of [["README.md", 190], ["lib/README.md", 130]] as const) {
    const text = pages.find((page) => page.path === path)?.text ?? "";
    assertLessOrEqual(text.trimEnd().split("\n").length, most, path);
  }
});

Deno.test("every table fits 100 columns, except the benchmark's", () => {
  assertNothing(
    everywhere(({ text }) =>
      text.replace(/<!-- bench:begin -->.*?<!-- bench:end -->/s, "").split("\n")
        .filter((line) => line.startsWith("|") && line.length > 100)
    ),
  );
});
