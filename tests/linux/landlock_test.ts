import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { confine, landlockAbi } from "../../lib/linux/landlock.ts";
import { openLibc } from "../../lib/linux/libc.ts";
import { withTempDir } from "../support/files.ts";
import type { Need } from "../support/programs.ts";
import { runChild } from "../storage/local/child.ts";
import { makeLinksOut } from "../storage/local/operations.ts";
import { fillOutside, snapshot } from "../storage/local/places.ts";

// Each test confines a process of its own: there is no way back.

const libc = openLibc();
const abi = landlockAbi(libc);
const DENIED = "denied: permission denied";

/** The first version that lets files be moved between directories. */
const REFER_ABI = 2;
const NETWORK_ABI = 4;

function needsAbi(least: number): Need {
  const ignore = abi < least;
  return { ignore, reason: ignore ? `Landlock's ABI here is ${abi}, not ${least}` : "" };
}

/** What a confined process found; the outside is as before. */
async function found(scenario: string, argument?: string): Promise<unknown> {
  return await withTempDir(async (base) => {
    const [jail, outside] = [`${base}/jail`, `${base}/outside`];
    await Deno.mkdir(jail);
    fillOutside(outside);
    makeLinksOut({ base, jail, outside });
    const before = snapshot(outside);
    const args = [scenario, jail, argument ?? outside];
    const answer = await runChild("landlock_child.ts", { flags: ["-A"], args });
    assertEquals(snapshot(outside), before);
    return answer;
  });
}

Deno.test("Landlock alone keeps a process inside, with resolution switched off", {
  ...needsAbi(REFER_ABI),
}, async () => {
  const { inside, command, ...attempts } = await found("unresolved") as Record<string, string>;
  assertEquals([inside, command], ["own", "PermissionDenied"]);
  assertEquals(Object.keys(attempts).length, 15);
  for (const [name, outcome] of Object.entries(attempts)) {
    assertMatch(
      outcome ?? "no failure",
      /^denied: permission denied$|on another file system$/,
      name,
    );
  }
});

Deno.test("a jail works under Landlock, with all of Deno's permissions given back", {
  ...needsAbi(REFER_ABI),
}, async () => {
  assertEquals(await found("inside"), {
    content: "cont",
    names: [["moved"], ["copy", "link", "linked"]],
    links: 2,
    real: "/d/moved",
    copied: 4,
    outside: "not-found: no such file",
  });
});

Deno.test("under Landlock a read-only jail can be read and not changed", {
  ...needsAbi(1),
}, async () => {
  const { content, names, ...attempts } = await found("read-only") as Record<string, unknown>;
  assertEquals([content, names], ["own", true]);
  assertEquals(Object.keys(attempts).length, 8);
  for (const [name, outcome] of Object.entries(attempts)) assertEquals(outcome, DENIED, name);
});

Deno.test("without a directory Landlock leaves no file, and no connection to make", {
  ...needsAbi(NETWORK_ABI),
}, async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  const files = { read: DENIED, list: DENIED, create: DENIED };
  assertEquals(await found("nothing", port), { ...files, connect: "PermissionDenied" });
  assertEquals(await found("nothing but the network", port), { ...files, connect: "made" });
  listener.close();
});

Deno.test("a file that Landlock leaves can be read, and nothing else", {
  ...needsAbi(REFER_ABI),
}, async () => {
  assertEquals(await found("one file"), {
    own: "own",
    write: DENIED,
    list: DENIED,
    other: DENIED,
    create: DENIED,
  });
});

Deno.test("landlockAbi() is 0 where the system has no Landlock", () => {
  for (const errno of [38, 95]) {
    assertEquals(landlockAbi({ ...libc, landlockVersion: () => -errno }), 0);
  }
});

Deno.test("confine() asks each ABI version for what it knows, and no more", () => {
  const sizes = [1, 2, 3, 4, 5, 6, 7, 8].map((version) => {
    let attributes = new Uint8Array(0);
    const asked = {
      ...libc,
      landlockCreateRuleset(given: Uint8Array<ArrayBuffer>) {
        attributes = given.slice();
        return -1;
      },
    };
    const confinement = { abi: version, directories: [], network: false };
    assertThrows(() => confine(asked, confinement), Error, "Cannot create a ruleset of Landlock");
    return Array.from(new BigUint64Array(attributes.buffer), (field) => field.toString(16));
  });
  assertEquals(sizes, [
    ["1fff"],
    ["3fff"],
    ["7fff"],
    ["7fff", "3"],
    ["ffff", "3"],
    ["ffff", "3", "3"],
    ["ffff", "3", "3"],
    ["ffff", "3", "3"],
  ]);
});

Deno.test("confine() grants a jail no device, FIFO, socket or program", () => {
  const granted: string[] = [];
  const descriptors: number[] = [];
  const asked = {
    ...libc,
    landlockCreateRuleset: () => 1_000_000,
    landlockAddPathRule(_ruleset: number, rule: Uint8Array<ArrayBuffer>) {
      const view = new DataView(rule.buffer);
      granted.push(view.getBigUint64(0, true).toString(16));
      descriptors.push(view.getInt32(8, true));
      assert(rule.length === 12);
      return 0;
    },
    setNoNewPrivileges: () => 0,
    landlockRestrictSelf: () => 0,
  };
  for (const version of [1, 2, 3, 7]) {
    const directories = [{ descriptor: 5, write: true }, { descriptor: 6, write: false }];
    confine(asked, { abi: version, directories, network: false });
  }
  assertEquals(granted, ["11be", "c", "31be", "c", "71be", "c", "71be", "c"]);
  assertEquals(descriptors, [5, 6, 5, 6, 5, 6, 5, 6]);
});

Deno.test("confine() binds every thread of the process where the ABI version has it", () => {
  const flags = [1, 7, 8, 9].map((version) => {
    const asked: number[] = [];
    const playing = {
      ...libc,
      landlockCreateRuleset: () => 1_000_000,
      setNoNewPrivileges: () => 0,
      landlockRestrictSelf(_ruleset: number, given: number) {
        asked.push(given);
        return 0;
      },
    };
    confine(playing, { abi: version, directories: [], network: false });
    return asked;
  });
  assertEquals(flags, [[0], [0], [8], [8]]);
});
