import { assert, assertEquals } from "@std/assert";
import { FileType } from "../../lib/attrs.ts";
import { JailStorage } from "../../lib/storage/local/jail.ts";
import { PortableRoot } from "../../lib/storage/local/portable/root.ts";
import { withTempDir } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { ask } from "../support/raw.ts";
import { runOk } from "../support/run.ts";
import { Dialogue } from "../support/wire_session.ts";
import { longname } from "./longname_line.ts";

const NOW = 1_790_000_000;
const HALF_A_YEAR = 365 * 24 * 3600 / 2;

/** The line of a file with these attributes, changed long ago, without its date. */
function lineOf(entry: Partial<Parameters<typeof longname>[0]>): string {
  const line = longname({ name: "name", attrs: {}, ...entry }, NOW);
  const dateAt = line.search(/[A-Z][a-z]{2} [ \d]\d (\d\d:\d\d| \d{4}) /);
  assert(dateAt > 0, `No date in "${line}"`);
  return line.slice(0, dateAt) + line.slice(dateAt + 13);
}

function modeOf(permissions: number): string {
  return longname({ name: "x", attrs: { permissions } }, NOW).slice(0, 11);
}

Deno.test("Longnames.write() shows the type of every kind of file", () => {
  const shown = Object.values(FileType).filter((type) => type !== FileType.MASK)
    .map((type) => modeOf(type)[0]).join("");
  assertEquals(shown, "pcdb-ls");
  assertEquals(modeOf(0o644)[0], "?");
});

Deno.test("Longnames.write() shows permissions as ls does, ten letters and a space", () => {
  const shown: [number, string][] = [
    [0o100000, "---------- "],
    [0o100644, "-rw-r--r-- "],
    [0o100755, "-rwxr-xr-x "],
    [0o104755, "-rwsr-xr-x "],
    [0o104644, "-rwSr--r-- "],
    [0o102755, "-rwxr-sr-x "],
    [0o102745, "-rwxr-Sr-x "],
    [0o041777, "drwxrwxrwt "],
    [0o041776, "drwxrwxrwT "],
    [0o047777, "drwsrwsrwt "],
    [0o107000, "---S--S--T "],
    [0o120777, "lrwxrwxrwx "],
  ];
  for (const [mode, letters] of shown) assertEquals(modeOf(mode), letters);
});

Deno.test("Longnames.write() pads links, owner, group and size, and does not cut them", () => {
  assertEquals(
    lineOf({
      links: 2,
      owner: "alice",
      group: "users",
      attrs: { size: 123, permissions: 0o40755 },
    }),
    "drwxr-xr-x    2 alice    users         123 name",
  );
  assertEquals(
    lineOf({
      links: 12_345,
      owner: "a-very-long-name",
      group: "another-long-name",
      attrs: { size: 1_234_567_890_123, permissions: 0o100600 },
    }),
    "-rw-------  12345 a-very-long-name another-long-name 1234567890123 name",
  );
});

Deno.test("Longnames.write() shows numbers where there are no names, and zeros where there is nothing", () => {
  assertEquals(
    lineOf({ attrs: { uid: 1000, gid: 4_000_000_000, permissions: 0o100644, size: 5 } }),
    "-rw-r--r--    1 1000     4000000000        5 name",
  );
  assertEquals(lineOf({}), "?---------    1 0        0               0 name");
});

Deno.test("Longnames.write() leaves names as they are: spaces, any script, control characters", () => {
  for (
    const name of ["with space", " leading", "trailing ", "日本語", "שלום", "🐟", "a\nb\x1b[0m"]
  ) {
    const line = longname({ name, attrs: {} }, NOW);
    assert(line.endsWith(` ${name}`), line);
  }
});

Deno.test("Longnames.write() shows each entry's own columns, whatever its neighbours have", () => {
  const entry = { name: "x", links: 1, owner: "alice", group: "users" };
  const attrs = { permissions: 0o100644, mtime: NOW };
  const first = longname({ ...entry, attrs }, NOW);
  const others = [
    longname({ ...entry, attrs: { ...attrs, permissions: 0o100600 } }, NOW),
    longname({ ...entry, attrs, links: 2 }, NOW),
    longname({ ...entry, attrs, owner: "bob" }, NOW),
    longname({ ...entry, attrs, group: "staff" }, NOW),
    longname({ ...entry, attrs: { ...attrs, size: 1 } }, NOW),
    longname({ ...entry, attrs: { ...attrs, mtime: NOW - 60 } }, NOW),
  ];
  assertEquals(new Set([first, ...others]).size, 7);
  assertEquals(longname({ ...entry, attrs }, NOW), first);
});

Deno.test("Longnames.write() takes a storage's own line", () => {
  assertEquals(longname({ name: "x", attrs: {}, longname: "as it came" }, NOW), "as it came");
});

Deno.test("Longnames.write() shows the hour for half a year, and the year before and in the future", () => {
  const isHour = (mtime: number) =>
    /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d x$/.test(
      longname({ name: "x", attrs: { mtime } }, NOW).slice(43),
    );
  assertEquals(isHour(NOW), true);
  assertEquals(isHour(NOW - HALF_A_YEAR + 1), true);
  assertEquals(isHour(NOW - HALF_A_YEAR), false);
  assertEquals(isHour(NOW + 1), false);
  assertEquals(isHour(0), false);
  assertEquals(isHour(-1), false);
});

/** Moments around which local dates are easily wrong. */
const MOMENTS: readonly number[] = [
  0,
  1,
  -1,
  -86_400,
  86_399,
  951_782_400, // 2000-02-29
  951_868_799,
  951_868_800,
  978_307_199, // the last second of 2000
  978_307_200,
  1_109_635_200, // 2005-03-01
  1_709_164_800, // 2024-02-29
  2 ** 31 - 1,
  2 ** 31,
  4_107_542_399, // 2100 is no leap year
  4_107_542_400,
  2 ** 32 - 1,
  // Changes to and from summer time of 2026: New York, Lord Howe (half an hour), and around them.
  ...[1_772_953_200, 1_793_512_800, 1_775_314_800, 1_791_039_600].flatMap((change) =>
    [-7200, -3600, -1800, -900, -1, 0, 1, 899, 900, 1800, 3600].map((offset) => change + offset)
  ),
];

for (
  const zone of [
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Marquesas",
    "Europe/Dublin",
  ]
) {
  Deno.test({
    name: `Longnames.write() shows local time as date(1) does in ${zone}`,
    ...needs("date", "/usr/share/zoneinfo/America/New_York"),
    async fn() {
      const child = new URL("./longname_child.ts", import.meta.url).pathname;
      const input = MOMENTS.map((moment) => `@${moment}\n`).join("");
      const date = (format: string) =>
        runOk("date", ["-f", "-", `+${format}`], { input, env: { TZ: zone, LC_ALL: "C" } });
      const shown = (now: number) =>
        runOk(
          Deno.execPath(),
          ["run", "--no-check", child, String(now), ...MOMENTS.map(String)],
          { env: { TZ: zone } },
        );
      const years = (await date("%b %e  %Y")).trimEnd().split("\n");
      const hours = (await date("%b %e %H:%M")).trimEnd().split("\n");
      // With the latest moment as now, each shows its hour or its year by the six-month rule.
      const now = 1_793_520_000;
      const lines = (await shown(now)).trimEnd().split("\n");
      assertEquals(
        lines.map((line) => line.slice(43, -2)),
        MOMENTS.map((moment, index) =>
          moment <= now && moment > now - HALF_A_YEAR ? hours[index]! : years[index]!
        ),
      );
    },
  });
}

Deno.test({
  name: "Longnames.write() is what ls -l shows of real files",
  ...needs("ls"),
  async fn() {
    await withTempDir(async (directory) => {
      const now = Math.floor(Date.now() / 1000);
      const ages = [0, 3600, 100 * 86_400, 200 * 86_400, 4000 * 86_400];
      for (let index = 0; index < 64; index++) {
        const path = `${directory}/file ${index}`;
        await Deno.writeTextFile(path, "x".repeat(index * 37));
        await Deno.chmod(path, (index * 0o1423) & 0o7777);
        const mtime = now - ages[index % ages.length]!;
        await Deno.utime(path, mtime, mtime);
      }
      await Deno.mkdir(`${directory}/d`);
      await Deno.symlink("file 1", `${directory}/link`);
      await Deno.link(`${directory}/file 1`, `${directory}/second`);
      const listed = await runOk("ls", ["-lnaU", directory], { env: { LC_ALL: "C" } });
      const expected = listed.trimEnd().split("\n").slice(1).map((line) =>
        line.replace(/ -> .*$/, "")
      );
      const rights = { symlink: true, statfs: true };
      const dialogue = new Dialogue(new JailStorage(new PortableRoot(directory, rights)));
      const handle = await dialogue.handle(ask.opendir("/"));
      const seen: string[] = [];
      for (;;) {
        const reply = await dialogue.ask(ask.readdir(handle));
        if (reply.kind !== "name") break;
        seen.push(...reply.names.map((name) => name.longname));
      }
      await dialogue.end();
      // ls fits its columns to what it shows; and what `..` leads to is not the same.
      const fields = (lines: readonly string[]) =>
        lines.map((line) => line.trim().split(/\s+/).join(" "))
          .filter((line) => !line.endsWith(" ..")).sort();
      assertEquals(fields(seen), fields(expected));
    });
  },
});
