import { assertEquals, assertThrows } from "@std/assert";
import { LogLevel } from "../../../lib/session/log.ts";
import { StartError } from "../../../lib/cli/errors.ts";
import {
  enter,
  type LandlockPlan,
  linesOf,
  NO_LIBC,
  type RingPlan,
} from "../../../lib/cli/start/rings.ts";
import { type Libc, openLibcIfAllowed } from "../../../lib/linux/libc.ts";

const EACCES = 13;
const EPERM = 1;

const LANDLOCK: LandlockPlan = { network: false, holds: "everything is refused" };

// It is opened once for all tests.
const libc = openLibcIfAllowed();

/** Enters a plan that gives up no permission of this process. */
function entered(plan: Pick<RingPlan, "libc" | "landlock">): ReturnType<typeof enter> {
  const { stackTraceLimit } = Error;
  try {
    return enter({ ...plan, revoked: [], rings: [] });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Calls of which none changes this process: Landlock is there and refuses. */
function refusing(calls: Partial<Libc> = {}): Libc {
  if (libc === undefined) throw new Error("This test needs system calls");
  return {
    ...libc,
    setNotDumpable: () => 0,
    setNoNewPrivileges: () => 0,
    landlockVersion: () => 7,
    landlockCreateRuleset: () => -EPERM,
    landlockRestrictSelf: () => -EPERM,
    ...calls,
  };
}

/** What a ring that does not hold says. */
function missing(plan: Pick<RingPlan, "libc" | "landlock">): string | undefined {
  const [ring] = entered(plan);
  return ring?.holds ? undefined : ring?.text;
}

Deno.test({
  name: "a session that requires Landlock does not begin where the kernel refuses it",
  ignore: Deno.build.os !== "linux",
  fn() {
    const landlock = { ...LANDLOCK, required: "the kernel cannot do it" };
    assertThrows(
      () => entered({ libc: refusing(), landlock }),
      StartError,
      "the kernel cannot do it: Cannot create a ruleset of Landlock: error 1",
    );
  },
});

Deno.test({
  name: "a session that does not require Landlock begins without it, and says why",
  ignore: Deno.build.os !== "linux",
  fn() {
    const directory = { at: "/nowhere", write: true };
    const gone = refusing({ openat: () => -EACCES });
    const old = refusing({ landlockVersion: () => 1 });
    assertEquals([
      missing({ libc: undefined, landlock: LANDLOCK }),
      missing({ libc: refusing(), landlock: "there is no libc" }),
      missing({ libc: refusing(), landlock: LANDLOCK }),
      missing({ libc: refusing({ landlockVersion: () => -EPERM }), landlock: LANDLOCK }),
      missing({ libc: gone, landlock: { ...LANDLOCK, directory } }),
      missing({ libc: old, landlock: { ...LANDLOCK, directory: { at: 3, write: true } } }),
    ], [
      `not applied: ${NO_LIBC}`,
      "not applied: there is no libc",
      "not applied: Cannot create a ruleset of Landlock: error 1",
      "not applied: the kernel has none",
      "not applied: system error 13",
      "not applied: ABI 1 would refuse renames between directories",
    ]);
  },
});

Deno.test("linesOf() has one line at INFO for all rings that hold, and one for each that does not", () => {
  const ring = (name: "permissions" | "resolution" | "landlock", holds: boolean) => ({
    name,
    holds,
    text: "…",
  });
  const told = (...rings: readonly ReturnType<typeof ring>[]) =>
    linesOf(rings).filter(({ level }) => level <= LogLevel.INFO)
      .map(({ level, line }) => `${level} ${line}`);
  assertEquals(
    told(ring("permissions", true), ring("resolution", true), ring("landlock", true)),
    ["3 confined by openat2, Landlock and permissions"],
  );
  assertEquals(told(ring("permissions", true), ring("landlock", true)), [
    "3 confined by Landlock and permissions",
  ]);
  assertEquals(told(ring("permissions", true), ring("landlock", false)), [
    "3 confined by permissions",
    "2 ring landlock does not hold: …",
  ]);
  assertEquals(told(ring("resolution", false)), ["2 ring resolution does not hold: …"]);
});
