import { assert, assertEquals, assertMatch } from "@std/assert";
import { zoneOf } from "../../../lib/cli/start/time_zone.ts";
import { withTempDir } from "../../support/files.ts";
import { needs } from "../../support/programs.ts";
import { ask } from "../../support/raw.ts";
import { runOk } from "../../support/run.ts";
import { ChildServer, sftpwrap } from "../../support/wire_session.ts";

const needsDate = needs("date", "/usr/share/zoneinfo/Europe/Berlin");

const ZONES = [
  "",
  ":",
  "UTC",
  "Europe/Berlin",
  ":Europe/Berlin",
  "/usr/share/zoneinfo/Asia/Kathmandu",
  ":/usr/share/zoneinfo/America/New_York",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "EST5EDT",
  "IST-5:30",
  ":IST-5:30",
  "CET-1CEST,M3.5.0,M10.5.0/3",
  "<+03>-3",
  "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
  "EET-2EEST,M3.4.4/50,M10.4.4/50",
  "AEST-10AEDT,M10.1.0,M4.1.0/3",
  "XXX3YYY2,J60/0,J300/1:30",
  "XXX-3YYY,59,299/2:07:09",
  "AAA+12:34:56",
  "nonsense",
  "No/Such_Zone",
];

/** Seconds after 1970: around the changes of every year from 2008 to 2040, and far from today. */
const MOMENTS = [
  -5_000_000_000,
  -1,
  0,
  1,
  4_000_000_000,
  ...Array.from({ length: 33 * 96 }, (_, index) => 1_199_145_600 + index * 328_700 + index % 60),
];

for (const zone of ZONES) {
  Deno.test({
    name: `TZ="${zone}" is far from UTC as date(1) has it`,
    ...needsDate,
    async fn() {
      const input = MOMENTS.map((moment) => `@${moment}\n`).join("");
      const dates = await runOk("date", ["-f", "-", "+%::z"], { input, env: { TZ: zone } });
      const offsetAt = zoneOf(zone) ?? (() => ({ offset: 0 }));
      assertEquals(
        MOMENTS.map((moment) => written(offsetAt(moment).offset)),
        dates.trimEnd().split("\n"),
      );
    },
  });
}

function written(offset: number): string {
  const parts = [3600, 60, 1].map((unit) => Math.floor(Math.abs(offset) / unit));
  const [hours = 0, minutes = 0, seconds = 0] = parts;
  const numbers = [hours, minutes % 60, seconds % 60];
  return (offset < 0 ? "-" : "+") + numbers.map((one) => String(one).padStart(2, "0")).join(":");
}

Deno.test("a TZ that leads to a FIFO, a device or a large file is no zone, and holds nothing up", async () => {
  await withTempDir(async (directory) => {
    await runOk("mkfifo", [`${directory}/fifo`]);
    await Deno.writeFile(`${directory}/large`, new Uint8Array(1_000_000));
    for (const path of [`${directory}/fifo`, "/dev/zero", `${directory}/large`, directory]) {
      assertEquals(zoneOf(path), undefined, path);
    }
  });
});

for (
  const [zone, listed, logged] of [
    ["IST-5:30", "Jan  1  2001", "+05:30"],
    ["<+03>-3", "Jan  1  2001", "+03:00"],
    ["PST8", "Dec 31  2000", "-08:00"],
    [":/usr/share/zoneinfo/Asia/Kathmandu", "Jan  1  2001", "+05:45"],
    ["", "Dec 31  2000", "+00:00"],
  ] as const
) {
  Deno.test({
    name: `listing and log of a session stand in TZ="${zone}"`,
    ...needsDate,
    fn: () =>
      withTempDir(async (jail) => {
        // 2000-12-31 22:30 UTC.
        await Deno.writeTextFile(`${jail}/file`, "");
        await Deno.utime(`${jail}/file`, 978_301_800, 978_301_800);
        const words = sftpwrap(["jail", "-e", jail]);
        const server = new ChildServer(words, { env: { TZ: zone } });
        await server.greet();
        const listing = await server.ask(ask.readdir(await server.handle(ask.opendir("/"))));
        assert(listing.kind === "name");
        const { longname } = listing.names.find(({ filename }) => filename === "file")!;
        assertEquals(longname.slice(-"Mmm dd  yyyy file".length), `${listed} file`);
        const { stderr } = await server.end();
        assertMatch(stderr, /^\S+[+-]\d\d:\d\d /);
        assertEquals(stderr.split(" ")[0]!.slice(-6), logged);
      }),
  });
}
