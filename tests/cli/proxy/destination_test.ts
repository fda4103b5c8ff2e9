import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { type Destination, parseDestination } from "../../../lib/cli/proxy/destination.ts";

function destination(parts: Partial<Destination> & { readonly host: string }): Destination {
  return { user: undefined, password: undefined, port: undefined, path: undefined, ...parts };
}

const CASES: readonly (readonly [text: string, Destination])[] = [
  ["example.org", destination({ host: "example.org" })],
  ["alias", destination({ host: "alias" })],
  ["alice@example.org", destination({ host: "example.org", user: "alice" })],
  ["alice:secret@host", destination({ host: "host", user: "alice", password: "secret" })],
  ["alice:a@b:c@host", destination({ host: "host", user: "alice", password: "a@b:c" })],
  ["alice:@host", destination({ host: "host", user: "alice", password: "" })],
  ["DOMAIN\\alice@host", destination({ host: "host", user: "DOMAIN\\alice" })],
  ["192.0.2.1", destination({ host: "192.0.2.1" })],
  ["[::1]", destination({ host: "::1" })],
  ["alice@[2001:db8::1]", destination({ host: "2001:db8::1", user: "alice" })],
  ["alice@2001:db8::1", destination({ host: "2001:db8::1", user: "alice" })],
  ["alice@[fe80::1%eth0]", destination({ host: "fe80::1%eth0", user: "alice" })],
  ["sftp://host", destination({ host: "host" })],
  ["sftp://host/", destination({ host: "host" })],
  ["sftp://host:2222", destination({ host: "host", port: 2222 })],
  ["sftp://host:/a", destination({ host: "host", path: "a" })],
  ["sftp://alice@host/a/b", destination({ host: "host", user: "alice", path: "a/b" })],
  ["sftp://host//srv/a%20b", destination({ host: "host", path: "/srv/a b" })],
  ["sftp://[::1]:2222/", destination({ host: "::1", port: 2222 })],
  ["sftp://[fe80::1%25eth0]/", destination({ host: "fe80::1%eth0" })],
  ["sftp://[fe80::1%eth0]/", destination({ host: "fe80::1%eth0" })],
  [
    "sftp://al%40ice:p%3a%2Fw@host:22/x",
    destination({ host: "host", user: "al@ice", password: "p:/w", port: 22, path: "x" }),
  ],
];

for (const [text, expected] of CASES) {
  Deno.test(`parseDestination() reads ${text}`, () => {
    assertEquals(parseDestination(text), expected);
  });
}

for (
  const text of [
    "",
    "@host",
    ":secret@host",
    "alice@",
    "-oProxyCommand=x",
    "alice@-host",
    "a b",
    "host/path",
    "host:22",
    "[::1",
    "[::1]:22",
    "sftp://",
    "sftp:///path",
    "sftp://host:0",
    "sftp://host:65536",
    "sftp://host:22a",
    "sftp://::1/",
    "sftp://host/%zz",
    "sftp://host/%ff",
    "sftp://-oProxyCommand=x/",
    "sftp://%2doProxyCommand=x/",
  ]
) {
  Deno.test(`parseDestination() refuses "${text}"`, () => {
    assertThrows(() => parseDestination(text), UsageError);
  });
}

Deno.test("parseDestination() repeats no password where it refuses", () => {
  for (
    const text of [
      "alice:secret@",
      "alice:secret@-x",
      "sftp://a:secret@host:x/",
      ":secret@h",
      "alice:secret",
      "sftp://alice:secret/x@host/",
    ]
  ) {
    const { message } = assertThrows(() => parseDestination(text), UsageError);
    assertEquals(message.includes("secret"), false, message);
  }
});
