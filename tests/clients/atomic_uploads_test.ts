import { assertEquals } from "@std/assert";
import { makeFile, sha256 } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { run } from "../support/run.ts";
import { lftp } from "./lftp.ts";
import { needsSshfs, withMount } from "./mount.ts";
import { effectsOf } from "./policy_client.ts";
import { policyClients } from "./policy_clients.ts";
import { proxyLine, withFarSide } from "./proxied.ts";
import { psftp, PSFTP_PROGRAMS } from "./psftp.ts";
import { sftp } from "./sftp.ts";
import { overSshd, type Served } from "./ways.ts";

const JAIL = { jailOptions: ["--atomic-uploads"] };

for (const client of policyClients) {
  Deno.test({
    name: `${client.name} uploads, overwrites and renames with --atomic-uploads`,
    ...client.needs,
    fn: () =>
      overSshd(JAIL, async (served) => {
        const { jail, local } = served;
        await makeFile(`${local}/new`, 300_000, 1);
        for (const [index, name] of ["old", "gone", "moved", "there"].entries()) {
          await makeFile(`${jail}/${name}`, 400_000, index + 2);
        }
        const told = await client.run(served);
        const expected = "++++++".slice(0, client.actions.length);
        assertEquals(await effectsOf(client, told, served), expected);
        assertEquals(await hidden(jail), []);
      }),
  });
}

/** Clients that continue an upload of which the server has the beginning. */
const CONTINUING = [
  {
    name: "sftp",
    needs: needs("sshd", "ssh-keygen", "sftp"),
    act: (served: Served) => sftp(served, ["reput file"]),
  },
  {
    name: "lftp",
    needs: needs("sshd", "ssh-keygen", "ssh", "lftp"),
    act: (served: Served) => lftp(served, ["put -c file"]),
  },
  {
    name: "psftp",
    needs: needs("sshd", "ssh-keygen", ...PSFTP_PROGRAMS),
    act: (served: Served) => psftp(served, ["reput file"]),
  },
  {
    name: "sshfs",
    needs: needsSshfs(),
    act: async (served: Served) => {
      await withMount(served, async (mounted) => {
        const append = 'tail -c +100001 file >> "$0/file"';
        await run("sh", ["-c", append, mounted], { cwd: served.local });
      });
    },
  },
] as const;

for (const { name, needs, act } of CONTINUING) {
  Deno.test({
    name: `${name} continues an upload with --atomic-uploads`,
    ...needs,
    fn: () =>
      overSshd(JAIL, async (served) => {
        const { jail, local } = served;
        const digest = await makeFile(`${local}/file`, 300_000);
        const beginning = (await Deno.readFile(`${local}/file`)).subarray(0, 100_000);
        await Deno.writeFile(`${jail}/file`, beginning);
        await act(served);
        assertEquals(await sha256(`${jail}/file`), digest);
        assertEquals(await hidden(jail), []);
      }),
  });
}

Deno.test({
  name: "touch, an editor's save and tar work over sshfs with --atomic-uploads",
  ...needsSshfs(),
  fn: () =>
    overSshd(JAIL, async (served) => {
      const { jail, local } = served;
      await Deno.writeTextFile(`${local}/text`, "text\n");
      await withMount(served, async (mounted) => {
        const script = `
          set -e
          touch -d @1000000000 "$0/touched"
          echo one > "$0/edited"
          echo two >> "$0/edited"
          cp "$0/edited" "$0/edited.bak"
          sed -i s/one/three/ "$0/edited"
          tar cf - text | tar xf - -C "$0"
          dd if=/dev/zero of="$0/holes" bs=1 count=1 seek=99999 status=none
          printf X | dd of="$0/holes" bs=1 seek=5 conv=notrunc status=none
          truncate -s 100 "$0/holes"
        `;
        const { code, stderr } = await run("sh", ["-c", script, mounted], { cwd: local });
        assertEquals([code, stderr], [0, ""]);
      });
      const text = (name: string) => Deno.readTextFile(`${jail}/${name}`);
      assertEquals(await text("edited"), "three\ntwo\n");
      assertEquals(await text("edited.bak"), "one\ntwo\n");
      assertEquals(await text("text"), "text\n");
      assertEquals(await text("holes"), "\0".repeat(5) + "X" + "\0".repeat(94));
      const { mtime, size } = await Deno.stat(`${jail}/touched`);
      assertEquals([mtime?.getTime(), size], [1_000_000_000_000, 0]);
      assertEquals(await hidden(jail), []);
    }),
});

for (const openssh of [false, true]) {
  Deno.test({
    name: `a proxy publishes uploads whole with --atomic-uploads, by ${openssh ? "ssh" : "ssh2"}`,
    ...needs("sshd", "ssh-keygen", "sftp", "ssh"),
    fn: () =>
      withFarSide(async ({ far, jail, local }) => {
        const digest = await makeFile(`${local}/file`, 300_000);
        const other = await makeFile(`${local}/other`, 200_000, 2);
        const sftpArgs = ["-D", proxyLine(far, { options: ["--sync-uploads"], openssh })];
        const { code } = await sftp({ local, sftpArgs }, [
          "put file",
          "put other file",
          "put file b",
        ]);
        assertEquals([code, await sha256(`${jail}/file`), await sha256(`${jail}/b`)], [
          0,
          other,
          digest,
        ]);
        assertEquals(await hidden(jail), []);
      }),
  });
}

/** What drafts have left; a client may be gone before its session has ended. */
async function hidden(jail: string): Promise<string[]> {
  for (let tries = 0;; tries++) {
    const names = (await Array.fromAsync(Deno.readDir(jail))).map(({ name }) => name);
    const left = names.filter((name) => name.startsWith(".sftpwrap"));
    if (left.length === 0 || tries === 100) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
