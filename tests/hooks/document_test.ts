import { assertEquals } from "@std/assert";
import { documentOf } from "../../lib/hooks/document.ts";
import { decodeName } from "../../lib/names.ts";
import { runOk } from "../support/run.ts";

const SESSION = { id: "one", user: "alice", client: "192.0.2.1", clientPort: 2022 };
const JAIL = { session: SESSION, logUser: undefined, directory: "/srv/alice" };

Deno.test("a document is one line, whatever a name contains", () => {
  const path = "/a\nb\"c\\d'\u2028\u202e\u007f";
  const document = documentOf("delete", JAIL, { path });
  assertEquals(
    document,
    '{"event":"delete","path":"/a\\nb\\"c\\\\d\'\\u2028\\u202e\\u007f",' +
      '"hostPath":"/srv/alice/a\\nb\\"c\\\\d\'\\u2028\\u202e\\u007f",' +
      '"session":"one","user":"alice","client":"192.0.2.1","port":2022}\n',
  );
  assertEquals(JSON.parse(document).path, path);
});

Deno.test("a name that is not UTF-8 comes back byte for byte in Python", async () => {
  const path = decodeName(Uint8Array.of(0x2f, 0xff, 0x0a, 0xc3, 0xa9));
  const script = "import json, os, sys; print(os.fsencode(json.load(sys.stdin)['hostPath']).hex())";
  const input = documentOf("delete", { ...JAIL, directory: "/" }, { path });
  assertEquals(await runOk("/usr/bin/python3", ["-c", script], { input }), "2fff0ac3a9\n");
});

Deno.test("a document has the host's paths only of a directory, and of content where that is", () => {
  const remote = { ...JAIL, directory: undefined };
  const facts = { path: "/x", to: "/y", content: "/.draft", size: 3, replaces: true };
  assertEquals(JSON.parse(documentOf("upload", remote, facts)), {
    event: "upload",
    path: "/x",
    to: "/y",
    size: 3,
    replaces: true,
    session: "one",
    user: "alice",
    client: "192.0.2.1",
    port: 2022,
  });
  const { hostPath, hostTo } = JSON.parse(documentOf("upload", JAIL, facts));
  assertEquals([hostPath, hostTo], ["/srv/alice/.draft", "/srv/alice/y"]);
});
