import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { type AccessPolicy, applyPolicies } from "../../../lib/policy/access.ts";
import { appendOnly } from "../../../lib/policy/append_only.ts";
import { maxFileSize } from "../../../lib/policy/max_file_size.ts";
import { forcedModes } from "../../../lib/policy/modes.ts";
import { noDelete } from "../../../lib/policy/no_delete.ts";
import { noOverwrite } from "../../../lib/policy/no_overwrite.ts";
import { denyPaths, hidePaths } from "../../../lib/policy/path_limits.ts";
import { uploadOnly } from "../../../lib/policy/upload_only.ts";
import { needsPython } from "../../clients/python.ts";
import { Limited, UPLOAD } from "../../policy/limited.ts";
import { needs } from "../../support/programs.ts";
import { ask, Flag } from "../../support/raw.ts";
import { type FarSide, withLexical, withOpenSsh } from "./far_side.ts";

/** A server whose REALPATH follows no link, with `kept/secret` and what leads there. */
async function withLinks(
  use: (directory: string, limited: (...policies: AccessPolicy[]) => Limited) => Promise<void>,
): Promise<void> {
  const far: FarSide = await withLexical();
  const directory = await Deno.realPath(far.directory);
  await Deno.mkdir(`${directory}/kept`);
  await Deno.mkdir(`${directory}/open`);
  await Deno.writeTextFile(`${directory}/kept/secret`, "secret");
  await Deno.writeTextFile(`${directory}/open/old`, "old");
  await Deno.symlink("kept", `${directory}/folder`);
  await Deno.symlink("../kept", `${directory}/open/up`);
  await Deno.symlink(`${directory}/kept/secret`, `${directory}/open/file`);
  await Deno.symlink(".", `${directory}/open/here`);
  try {
    await use(directory, (...policies) => new Limited(far.storage, ...policies));
  } finally {
    await far.storage.close();
    await far.dispose();
  }
}

function testLinks(name: string, use: Parameters<typeof withLinks>[0]): void {
  Deno.test({ name, ...needsPython("paramiko"), fn: () => withLinks(use) });
}

for (
  const [name, make, code] of [
    ["denyPaths()", denyPaths, "PERMISSION_DENIED"],
    ["hidePaths()", hidePaths, "NO_SUCH_FILE"],
  ] as const
) {
  testLinks(
    `${name} follows links where the far side's REALPATH does not`,
    async (dir, limited) => {
      const client = limited(make([`${dir}/kept`]));
      for (const way of ["folder", "open/up", "open/here/up", "open/here/../folder"]) {
        assertEquals(
          await client.codes(
            ask.open(`${dir}/${way}/secret`, Flag.READ),
            ask.open(`${dir}/${way}/secret`, UPLOAD),
            ask.opendir(`${dir}/${way}`),
            ask.stat(`${dir}/${way}/secret`),
            ask.lstat(`${dir}/${way}/secret`),
            ask.setstat(`${dir}/${way}/secret`, { permissions: 0o777 }),
            ask.remove(`${dir}/${way}/secret`),
            ask.rename(`${dir}/${way}/secret`, `${dir}/open/new`),
            ask.rename(`${dir}/open/old`, `${dir}/${way}/new`),
            ask.mkdir(`${dir}/${way}/new`),
            ask.realpath(`${dir}/${way}/secret`),
          ),
          Array(11).fill(code),
          way,
        );
      }
      assertEquals(await client.code(ask.open(`${dir}/open/file`, Flag.READ)), code);
      assertEquals(await client.code(ask.open(`${dir}/open/here/old`, Flag.READ)), "OK");
      assertEquals(await Deno.readTextFile(`${dir}/kept/secret`), "secret");
      assertEquals((await Deno.stat(`${dir}/kept/secret`)).mode! & 0o777, 0o644);
    },
  );
}

testLinks(
  "noOverwrite() overwrites nothing by links that the far side's REALPATH does not follow",
  async (dir, limited) => {
    const client = limited(noOverwrite());
    // A file of its own under a path that leads elsewhere afterwards.
    assertEquals(await client.code(ask.mkdir(`${dir}/a`)), "OK");
    await client.upload(`${dir}/a/old`, "own");
    assertEquals(
      await client.codes(
        ask.rename(`${dir}/a`, `${dir}/b`),
        ask.symlink("open", `${dir}/a`),
        ask.open(`${dir}/a/old`, Flag.WRITE),
        ask.open(`${dir}/a/old`, UPLOAD),
        ask.setstat(`${dir}/a/old`, { size: 0 }),
        ask.symlink("open/old", `${dir}/c`),
        ask.open(`${dir}/c`, UPLOAD),
      ),
      [
        "OK",
        "OK",
        "PERMISSION_DENIED",
        "PERMISSION_DENIED",
        "PERMISSION_DENIED",
        "OK",
        "PERMISSION_DENIED",
      ],
    );
    // Through a link to a folder it comes to a file of its own.
    assertEquals(await client.code(ask.symlink("b", `${dir}/d`)), "OK");
    assertEquals(await client.code(ask.open(`${dir}/d/old`, Flag.WRITE)), "OK");
    assertEquals(await Deno.readTextFile(`${dir}/open/old`), "old");
  },
);

testLinks(
  "uploadOnly() knows its files by where they are, not by where links stood",
  async (dir, limited) => {
    const client = limited(uploadOnly());
    await client.upload(`${dir}/folder/own`, "own");
    // Another one turns the link.
    await Deno.remove(`${dir}/folder`);
    await Deno.symlink("open", `${dir}/folder`);
    await Deno.writeTextFile(`${dir}/open/own`, "another's");
    assertEquals(
      await client.codes(
        ask.open(`${dir}/folder/own`, Flag.WRITE | Flag.TRUNC),
        ask.setstat(`${dir}/folder/own`, { size: 0 }),
        ask.remove(`${dir}/folder/own`),
        ask.rename(`${dir}/folder/own`, `${dir}/open/mine`),
        ask.open(`${dir}/kept/own`, Flag.WRITE),
      ),
      [...Array(4).fill("PERMISSION_DENIED"), "OK"],
    );
    assertEquals(await Deno.readTextFile(`${dir}/open/own`), "another's");
  },
);

testLinks("no policy replaces anything where the far side's RENAME would", async (dir, limited) => {
  const policies = [noOverwrite(), appendOnly(), noDelete(), uploadOnly(), denyPaths(["*.key"])];
  for (const policy of policies) {
    const client = limited(policy);
    const [own, other] = [`${dir}/${policy.name}`, `${dir}/open/${policy.name}`];
    await client.upload(own, "new");
    assertEquals(
      await client.codes(ask.rename(own, `${dir}/open/old`), ask.rename(own, other)),
      ["FAILURE", "OK"],
      policy.name,
    );
    assertEquals(await Deno.readTextFile(`${dir}/open/old`), "old");
  }
});

Deno.test({
  name: "applyPolicies() walks no links for policies to which every path is the same",
  ...needs("sftp-server"),
  async fn() {
    const far = await withOpenSsh();
    try {
      const inner = new Set<unknown>();
      const watching = (policy: AccessPolicy): AccessPolicy => ({
        ...policy,
        wrap: (storage) => {
          inner.add(storage);
          return storage;
        },
      });
      applyPolicies(far.storage, [
        watching(maxFileSize(1)),
        watching(forcedModes({ file: 0o600 })),
      ]);
      assertEquals(inner.size, 1);
      assertStrictEquals([...inner][0], far.storage);
      inner.clear();
      applyPolicies(far.storage, [watching(maxFileSize(1)), watching(noDelete())]);
      assertEquals(inner.size, 1);
      assertNotEquals([...inner][0], far.storage);
    } finally {
      await far.storage.close();
      await far.dispose();
    }
  },
});
