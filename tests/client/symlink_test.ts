import { assertEquals, assertRejects } from "@std/assert";
import { SftpClient } from "../../lib/client/client.ts";
import { SftpStatusError } from "../../lib/client/errors.ts";
import { LinkMaker } from "../../lib/client/symlink.ts";
import { connect } from "../../lib/storage/proxy/connect.ts";
import type { SshTransport } from "../../lib/storage/proxy/connection_options.ts";
import { PacketType, StatusCode } from "../../lib/wire/constants.ts";
import { needsPython } from "../clients/python.ts";
import { type FarSide, withJail, withLexical, withOpenSsh } from "../storage/proxy/far_side.ts";
import { ciphersMayStay } from "../storage/proxy/support/old_deno.ts";
import { recorded } from "../storage/proxy/support/options.ts";
import { withAsyncssh } from "../clients/asyncssh.ts";
import { type Need, needs } from "../support/programs.ts";
import { ScriptedServer, status } from "./scripted_server.ts";

/** Makes links in a directory, and sees to it that nothing else comes to be there. */
async function makesLinks(client: SftpClient, path: string, directory: string): Promise<void> {
  await Deno.writeTextFile(`${directory}/there`, "");
  await client.symlink("nowhere", `${path}/first`);
  await client.symlink("there", `${path}/second`);
  await client.symlink("/there/../no", `${path}/third`);
  const refused = await assertRejects(
    () => client.symlink("text", `${path}/there`),
    SftpStatusError,
  );
  assertEquals(refused.code, StatusCode.FAILURE);
  const found: Record<string, string> = {};
  for await (const { name, isSymlink } of Deno.readDir(directory)) {
    found[name] = isSymlink ? await Deno.readLink(`${directory}/${name}`) : "a file";
  }
  assertEquals(found, {
    first: "nowhere",
    second: "there",
    third: "/there/../no",
    there: "a file",
  });
}

for (
  const [name, far, need] of [
    ["OpenSSH's server", withOpenSsh, needs("sftp-server")],
    ["paramiko's", withLexical, needsPython("paramiko")],
    ["this program's jail", withJail, needs("sh")],
  ] satisfies readonly (readonly [string, () => Promise<FarSide>, Need])[]
) {
  Deno.test({
    name: `a link is made under its second name by ${name}`,
    ...need,
    async fn() {
      const { client, directory, dispose } = await far();
      await makesLinks(client, name.includes("jail") ? "" : directory, directory);
      await client.close();
      await dispose();
    },
  });
}

for (const transport of ["ssh2", "openssh"] satisfies SshTransport[]) {
  Deno.test({
    name: `a link is made under its second name by asyncssh's server, by ${transport}`,
    ...needsPython("asyncssh"),
    ...ciphersMayStay,
    fn: () =>
      withAsyncssh(async ({ directory, sshConfig }) => {
        const links = `${directory}/links`;
        await Deno.mkdir(links);
        const connected = await connect(recorded({ host: "box", transport, sshConfig }).options);
        const client = await SftpClient.connect(connected.channel);
        await makesLinks(client, links, links);
        await client.close();
        await connected.close();
      }),
  });
}

/** What a server gets that answers like this, in the order of its answers: `SYMLINK a b`. */
async function asked(
  make: (links: LinkMaker) => Promise<void>,
  answers: readonly number[],
): Promise<string[]> {
  const { server, connection } = await ScriptedServer.connected();
  const made = make(new LinkMaker(connection));
  made.catch(() => undefined);
  const types = new Map(Object.entries(PacketType).map(([name, type]) => [type as number, name]));
  const requests: string[] = [];
  for (const code of answers) {
    const { type, id, body } = await server.next();
    const paths = type === PacketType.SYMLINK ? [body.name(), body.name()] : [body.name()];
    const words = paths.map((path) => path.replace(/\.sftpwrap-[\w-]+/, "RANDOM"));
    requests.push(`${types.get(type)} ${words.join(" ")}`);
    await server.send(status(id, code));
  }
  try {
    await made;
  } finally {
    await server.end();
    await connection.ended;
  }
  return requests;
}

const { OK, NO_SUCH_FILE, FAILURE, PERMISSION_DENIED, OP_UNSUPPORTED } = StatusCode;

Deno.test("a server is asked once, by links that it cannot make, which path it takes first", async () => {
  const twice = async (links: LinkMaker) => {
    await links.make({ target: "t", link: "/d/l" });
    await links.make({ target: "t", link: "/d/m" });
  };
  assertEquals(await asked(twice, [NO_SUCH_FILE, FAILURE, OK, OK]), [
    "SYMLINK /d /d/RANDOM/link",
    "SYMLINK /d/RANDOM/link /d",
    "SYMLINK t /d/l",
    "SYMLINK t /d/m",
  ]);
  assertEquals(await asked(twice, [FAILURE, NO_SUCH_FILE, OK, OK]), [
    "SYMLINK /d /d/RANDOM/link",
    "SYMLINK /d/RANDOM/link /d",
    "SYMLINK /d/l t",
    "SYMLINK /d/m t",
  ]);
});

Deno.test("what a server has made when it was asked is removed", async () => {
  const once = (links: LinkMaker) => links.make({ target: "t", link: "/l" });
  assertEquals(await asked(once, [OK, FAILURE, OK, OK]), [
    "SYMLINK / /RANDOM/link",
    "SYMLINK /RANDOM/link /",
    "REMOVE /RANDOM/link",
    "SYMLINK t /l",
  ]);
});

Deno.test("where a server tells nothing, a link that is not where it belongs is no success", async () => {
  const once = (links: LinkMaker) => links.make({ target: "t", link: "l" });
  const error = await assertRejects(
    () => asked(once, [PERMISSION_DENIED, PERMISSION_DENIED, OK, NO_SUCH_FILE, NO_SUCH_FILE]),
    SftpStatusError,
  );
  assertEquals(error.code, FAILURE);
  const unsupported = await assertRejects(
    () => asked(once, [OP_UNSUPPORTED, OP_UNSUPPORTED, OP_UNSUPPORTED]),
    SftpStatusError,
  );
  assertEquals(unsupported.code, OP_UNSUPPORTED);
});
