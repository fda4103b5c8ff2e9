import { assertEquals, assertThrows } from "@std/assert";
import {
  ConnectError,
  type ConnectOptions,
} from "../../../../lib/storage/proxy/connection_options.ts";
import { resolveTarget, type Target } from "../../../../lib/storage/proxy/config/target.ts";
import { withTempDir } from "../../../support/files.ts";
import { recorded } from "../support/options.ts";

Deno.test("resolveTarget() puts tokens and the home directory into paths", async () => {
  const target = await resolved(
    [
      "HostName real.org",
      "Port 2222",
      "User bob",
      'IdentityFile "~/keys/%n %h"',
      "IdentityFile %d/%r_%u_%p%%",
      "UserKnownHostsFile ~/.ssh/known_%k",
      "GlobalKnownHostsFile ~/%h /etc/${X}",
      "IdentityAgent ~/agent_%r",
    ],
    {},
  );
  assertEquals(target.keys, ["/home/u/keys/box real.org", "/home/u/bob_me_2222%"]);
  assertEquals(target.userKnownHosts, ["/home/u/.ssh/known_box"]);
  assertEquals(target.globalKnownHosts, ["/home/u/%h", "/etc/${X}"]);
  assertEquals(target.agentSocket, "/home/u/agent_bob");
  assertEquals(target.keyName, "[real.org]:2222");
  assertEquals(target.keyNameWithoutPort, "real.org");
});

Deno.test("resolveTarget() has a HostKeyAlias in small letters", async () => {
  const target = await resolved(["HostKeyAlias Cluster", "UserKnownHostsFile /k/%k"], {});
  assertEquals([target.keyName, target.userKnownHosts], ["cluster", ["/k/cluster"]]);
});

Deno.test("resolveTarget() refuses paths that it cannot complete", async () => {
  for (
    const line of [
      "IdentityFile %C",
      "IdentityFile ~other/key",
      "UserKnownHostsFile ${XDG_STATE_HOME}/known",
      "IdentityAgent $AGENT",
      "HostName %x",
    ]
  ) {
    await fails([line]);
  }
});

Deno.test("resolveTarget() puts the command line before ssh_config", async () => {
  const config = [
    "User bob",
    "Port 2222",
    "IdentityFile /k/config",
    "UserKnownHostsFile /config",
    "StrictHostKeyChecking no",
    "ConnectTimeout 9",
    "ServerAliveInterval 8",
  ];
  const own = {
    user: "alice",
    port: 2200,
    keys: ["/k/own"],
    knownHosts: ["/own"],
    verifyHost: "accept-new",
    connectTimeout: 7,
    keepalive: 6,
  } as const;
  const target = await resolved(config, own);
  assertEquals([target.user, target.port], ["alice", 2200]);
  assertEquals(target.keys, ["/k/own", "/k/config"]);
  assertEquals([target.userKnownHosts, target.globalKnownHosts], [["/own"], []]);
  assertEquals(target.verification, "accept-new");
  assertEquals([target.connectTimeout, target.keepalive], [7, 6]);
  const configured = await resolved(config, {});
  assertEquals(configured.verification, "off");
  assertEquals([configured.connectTimeout, configured.keepalive], [9, 8]);
  assertEquals((await resolved(config, { verifyHost: "off" })).verification, "unchecked");
});

Deno.test("resolveTarget() has no time that is longer than a timer counts", async () => {
  const times = async (lines: string[], more: Partial<ConnectOptions>) => {
    const { connectTimeout, keepalive } = await resolved(lines, more);
    return [connectTimeout, keepalive];
  };
  const longest = Math.floor((2 ** 31 - 1) / 1000);
  const configured = ["ConnectTimeout 52w", "ServerAliveInterval 2147483647"];
  assertEquals(await times(configured, {}), [longest, longest]);
  const given = { connectTimeout: 1e9, keepalive: 1e9 };
  assertEquals(await times([], given), [longest, longest]);
});

Deno.test("resolveTarget() asks an agent only where one is asked for", async () => {
  const agent = async (lines: string[], isAsked: boolean) =>
    (await resolved(lines, { agent: isAsked })).agentSocket;
  assertEquals(await agent([], false), undefined);
  assertEquals(await agent([], true), "/agent");
  assertEquals(await agent(["IdentityAgent SSH_AUTH_SOCK"], false), "/agent");
  assertEquals(await agent(["IdentityAgent none"], false), undefined);
  assertEquals(await agent(["IdentityAgent none"], true), "/agent");
  assertEquals(await agent(["IdentityAgent /other"], false), "/other");
});

Deno.test("resolveTarget() looks for the default keys only where none is named", async () => {
  const home = "/home/u/.ssh";
  const defaults = [`${home}/id_rsa`, `${home}/id_ed25519`, `${home}/id_ecdsa`];
  assertEquals((await resolved([], {})).keys, defaults);
  assertEquals((await resolved(["IdentityFile /k"], {})).keys, ["/k"]);
  assertEquals((await resolved(["IdentityFile none"], {})).keys, []);
});

Deno.test("resolveTarget() wants a user, and a host that is one", async () => {
  await fails(["HostName -oProxyCommand=x"]);
  const { options } = recorded({ host: "box", environment: {} });
  assertThrows(() => resolveTarget(options), ConnectError, "no user");
});

async function resolved(lines: string[], more: Partial<ConnectOptions>): Promise<Target> {
  return await withTempDir(async (directory) => {
    const sshConfig = `${directory}/config`;
    await Deno.writeTextFile(sshConfig, lines.join("\n") + "\n");
    const environment = { home: "/home/u", user: "me", agentSocket: "/agent" };
    return resolveTarget(recorded({ host: "box", sshConfig, environment, ...more }).options);
  });
}

async function fails(lines: string[]): Promise<void> {
  let error: unknown;
  try {
    await resolved(lines, {});
  } catch (caught) {
    error = caught;
  }
  assertEquals(error instanceof ConnectError, true, lines.join());
}
