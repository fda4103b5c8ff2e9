import { assertEquals, assertThrows } from "@std/assert";
import { compilePlan, parseCompileArgs } from "../../../scripts/support/compile_plan.ts";
import { proxyScope } from "../../../scripts/support/proxy_plan.ts";

const HOME = "/home/alice";

Deno.test("proxyScope() bakes one place of the network and the files that are read", () => {
  const args = ["-k", "/keys/one", "-n", "/keys/known", "-c", "/keys/config"];
  const { permissions, baked } = proxyScope("alice@example.org:22", args, HOME);
  assertEquals(baked, ["proxy", "-p", "22", ...args, "alice@example.org"]);
  assertEquals(permissions, [
    "--allow-read=/keys/one,/keys/config,/keys/known,/etc/ssh",
    "--allow-net=example.org:22",
  ]);
});

Deno.test("proxyScope() takes the files that are read where none is named", () => {
  const { permissions } = proxyScope("h:22", [], HOME);
  const files = ["id_rsa", "id_ed25519", "id_ecdsa", "config", "known_hosts", "known_hosts2"];
  const paths = files.map((name) => `${HOME}/.ssh/${name}`);
  assertEquals(permissions[0], `--allow-read=${paths.join(",")},/etc/ssh`);
  assertThrows(() => proxyScope("h:22", [], undefined), TypeError, "HOME");
});

Deno.test("proxyScope() adds the files of secrets, and those that are written", () => {
  const args = [
    ...["-k", "/k", "-n", "/n", "-c", "/c", "-l", "/log", "--accept-new"],
    ...["--password-file=/pw", "--passphrase-file=/pp"],
  ];
  const { permissions } = proxyScope("[::1]:2222", args, undefined);
  assertEquals(permissions, [
    "--allow-read=/k,/c,/n,/pw,/pp,/etc/ssh",
    "--allow-write=/log,/n",
    "--allow-net=[::1]:2222",
  ]);
});

Deno.test("proxyScope() of the system's ssh starts that, and reaches no network itself", () => {
  const { permissions } = proxyScope("h:22", ["--transport=openssh"], undefined);
  assertEquals(permissions, ["--allow-run=ssh"]);
});

for (
  const [place, ...args] of [
    ["h"],
    ["h:port"],
    ["a:secret@h:22"],
    ["h:22", "other"],
    ["h:22", "-p", "23"],
    ["h:22", "--ssh-agent"],
    ["h:22", "--help"],
    ["h:22", "--nonsense"],
    ["h:22", "-k", "relative"],
    ["h:22", "-k", "/a,b"],
  ]
) {
  Deno.test(`proxyScope() refuses ${[place, ...args].join(" ")}`, () => {
    assertThrows(() => proxyScope(place ?? "", args, HOME), TypeError);
  });
}

Deno.test("compilePlan() of a proxy bakes it, with --read-only among its options", () => {
  const words = ["--proxy=a@h:22", "--read-only", "--", "-k", "/k", "-n", "/n", "-c", "/c"];
  const { baked, compile, summary } = compilePlan(parseCompileArgs(words));
  assertEquals(baked.slice(0, 4), ["proxy", "-p", "22", "--read-only"]);
  assertEquals(compile.filter((flag) => flag.startsWith("--allow-net")), ["--allow-net=h:22"]);
  assertEquals(compile.some((flag) => flag.startsWith("--allow-write")), false);
  assertEquals(summary[0], "dist/sftpwrap: a proxy for a@h:22");
});

Deno.test("parseCompileArgs() refuses a jail and a proxy at once", () => {
  assertThrows(() => parseCompileArgs(["--jail=/a", "--proxy=h:22"]), TypeError, "exclude");
});
