import { assertEquals } from "@std/assert";
import { countersLine, factsLine, readSlot, type SlotFacts } from "../../lib/sessions/slot.ts";

const ID = "1f0c2d3e-0000-4000-8000-000000000001";

const FACTS: SlotFacts = {
  version: 1,
  id: ID,
  pid: 4711,
  user: "alice",
  logUser: "line\nbreak",
  address: "192.0.2.7",
  since: "2026-01-31T12:00:00.000Z",
  serves: { jail: "/srv/sftp/alice" },
};

Deno.test("a slot is a line of facts and a line of counters, as text", () => {
  assertEquals(
    factsLine(FACTS),
    `{"version":1,"id":"${ID}","pid":4711,"user":"alice","logUser":"line\\nbreak",` +
      `"address":"192.0.2.7","since":"2026-01-31T12:00:00.000Z",` +
      `"serves":{"jail":"/srv/sftp/alice"}}\n`,
  );
  const small = countersLine({ bytesRead: 0, bytesWritten: 1 });
  assertEquals(small, '{"bytesRead":0,"bytesWritten":1}'.padEnd(79) + "\n");
  const most = Number.MAX_SAFE_INTEGER;
  assertEquals(countersLine({ bytesRead: most, bytesWritten: most }).length, 80);
});

Deno.test("what a session has written is read again", () => {
  const counters = { bytesRead: 12, bytesWritten: 34 };
  const { version: _version, id: _id, ...facts } = FACTS;
  assertEquals(readSlot(ID, factsLine(FACTS) + countersLine(counters)), {
    id: ID,
    facts,
    counters,
  });
});

Deno.test("a slot that is damaged, or of another version, says nothing false", () => {
  const none = { bytesRead: 0, bytesWritten: 0 };
  const damaged = [
    "",
    "{",
    "null\nnull\n",
    "[]\n[1]\n",
    '"text"\n7\n',
    '{"pid":"1"}\n{"bytesRead":-1}',
  ];
  for (const text of damaged) {
    const { facts, counters } = readSlot(ID, text);
    assertEquals(facts.pid, undefined, text);
    assertEquals(facts.user, undefined, text);
    assertEquals(counters, none, text);
  }
  const later = readSlot(ID, '{"version":2,"pid":7,"new":[1],"serves":{"a":1,"b":"c"}}\n{}\n');
  assertEquals(later.facts.pid, 7);
  assertEquals(later.facts.serves, { b: "c" });
});
