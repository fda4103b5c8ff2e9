/** The recipes of `lib/cli/README.md`, typed as they stand on a machine with a real sshd. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { needsMachine } from "../support/machine.ts";
import { needs } from "../support/programs.ts";
import { runOk, until } from "../support/run.ts";
import { blocksOf, type Recipe, titles, type Typist, withRecipe } from "./recipes.ts";
import { PROJECT } from "./pages.ts";

const tried: string[] = [];

function recipe(
  title: string,
  what: string,
  use: (recipe: Recipe) => Promise<void>,
  { programs = [], ...typist }: Typist & { readonly programs?: readonly string[] } = {},
): void {
  tried.push(title);
  const compiler = needs("$DENO_COMPILE");
  const need = needsMachine(...programs);
  Deno.test({
    name: `the recipe "${title}": ${what}`,
    ...(compiler.ignore ? compiler : need),
    fn: () => withRecipe(title, use, typist),
  });
}

/** Owner, group and mode of files. */
async function shown({ machine }: Recipe, ...paths: readonly string[]): Promise<string[]> {
  const told = await machine.sh(`stat -c '%U %G %a %n' ${paths.join(" ")}`);
  return told.trimEnd().split("\n");
}

recipe("A key, a jail", "each key of an account sees its own directory", async (recipe) => {
  await recipe.next();
  await recipe.see("sftp -i bob USER@HOST\nsftp> ls /\nsftp> pwd\nRemote working directory: /");
  const { machine: { root } } = recipe;
  assertStringIncludes(await Deno.readTextFile(`${root}/home/ann/jails/alice/report.csv`), "alice");
}, { user: "ann" });

recipe(
  "A group, a directory for each account",
  "an account of the group is kept in its directory, and has no shell",
  async (recipe) => {
    await recipe.rest();
    assertEquals(await shown(recipe, "/srv/sftp/alice/report.csv"), [
      "alice alice 644 /srv/sftp/alice/report.csv",
    ]);
    const refused = /: session not started: this account is for SFTP only: .* user alice from \[/;
    assertEquals(recipe.machine.syslog().filter((line) => refused.test(line)).length, 1);
  },
);

recipe("sftpwrap as the Subsystem", "SFTP is jailed and the account is not", async (recipe) => {
  const { machine } = recipe;
  await recipe.next();
  const warnings = machine.syslog().filter((line) => line.includes(": not started by a forced"));
  assertEquals(warnings.length, 1);
  await recipe.rest();
});

recipe(
  "sftpwrap as the Subsystem",
  "rclone's checksums are those of the machine, unless it is told better",
  async (recipe) => {
    const { machine } = recipe;
    await recipe.rest();
    await machine.sh("echo outside > /same; echo inside > /srv/sftp/alice/same");
    const settings = "--sftp-host 127.0.0.1 --sftp-user alice --sftp-key-file /tmp/client/alice";
    const md5sum = (options: string) =>
      machine.run(`rclone --config /dev/null ${settings} ${options} md5sum :sftp:/same`);
    const [outside] = (await machine.sh("md5sum < /same")).split(" ");
    assertStringIncludes((await md5sum("")).stdout, outside!);
    assert(!(await md5sum("--sftp-disable-hashcheck")).stdout.includes(outside!));
  },
  { programs: ["rclone"] },
);

recipe("A drop box", "what is in it cannot be read or listed", async (recipe) => {
  await recipe.rest();
  assertEquals(await shown(recipe, "/srv/inbox", "/srv/inbox/report.csv"), [
    "inbox root 700 /srv/inbox",
    "inbox inbox 644 /srv/inbox/report.csv",
  ]);
});

recipe("A read-only mirror", "files can be fetched, and nothing else", async (recipe) => {
  await recipe.rest();
  const { machine: { root } } = recipe;
  const read = (path: string) => Deno.readTextFile(`${root}${path}`);
  assertEquals(await read("/tmp/client/news"), await read("/srv/mirror/news"));
});

recipe("A team folder", "all of the team can change what one of them made", async (recipe) => {
  await recipe.rest();
  assertEquals(await shown(recipe, "/srv/team/plans", "/srv/team/plans/old.csv"), [
    "alice team 2770 /srv/team/plans",
    "alice team 660 /srv/team/plans/old.csv",
  ]);
  const { machine: { root } } = recipe;
  assertStringIncludes(await Deno.readTextFile(`${root}/srv/team/plans/old.csv`), "sftp bob@");
});

recipe("A gateway to another server", "a key of the gateway reaches the store", async (recipe) => {
  const { machine } = recipe;
  await machine.sh("echo 127.0.0.1 store.example.org >> /etc/hosts; useradd -m -s /bin/sh acme");
  assertMatch(await recipe.next(1), /^256 SHA256:\S+ store\.example\.org \(ED25519\)$/m);
  await machine.sh(`install -d -m 700 -o acme ~acme/.ssh
    install -m 600 -o acme ~gate/.ssh/store.pub ~acme/.ssh/authorized_keys`);
  await recipe.rest();
  assertEquals(await shown(recipe, "/home/acme/report.csv"), [
    "acme acme 644 /home/acme/report.csv",
  ]);
});

recipe(
  "Accounts without a shell",
  "the login shell serves SFTP and refuses all else",
  async (recipe) => {
    await recipe.rest();
    const { machine } = recipe;
    // The message of the day comes before.
    const told = await machine.run("cd /tmp/client; ssh -F config -T alice@127.0.0.1");
    assertMatch(told.stderr, /^sftpwrap: this account is for SFTP only: .*\n$/);
    const forward = "ssh -F config -W 127.0.0.1:22 alice@127.0.0.1";
    const refused = await machine.run(`cd /tmp/client; ${forward} < /dev/null`);
    assertEquals([refused.code === 0, refused.stdout], [false, ""]);
    const { stdout, stderr } = await machine.run("su -c id alice");
    assertMatch(stderr, /^sftpwrap: this account is for SFTP only: .*\n$/);
    assertEquals(stdout, "");
  },
);

recipe(
  "Partners without accounts",
  "the log tells them apart, and one can leave",
  async (recipe) => {
    const { machine } = recipe;
    await recipe.next();
    const close = /^sftpwrap\(acme\)\[\d+\]: close "\/report\.csv" bytes read 0 written \d+$/;
    assertEquals(machine.syslog().filter((line) => close.test(line)).length, 1);
    await recipe.rest();
    await recipe.see(
      "sftp -i acme partners@HOST\n… Permission denied (publickey…\nConnection closed",
    );
    await recipe.see("sftp -i globex partners@HOST\nsftp> ls /");
  },
);

recipe(
  "`deno run`, without a compiled program",
  "sessions run what root has downloaded, and download nothing",
  async (recipe) => {
    const { machine: { root, sh } } = recipe;
    await sh("rm /usr/local/bin/sftpwrap; mkdir -p /opt/sftpwrap /var/cache/sftpwrap");
    for (const name of ["lib", "main.ts", "deno.json", "deno.lock"]) {
      await runOk("cp", ["-r", `${PROJECT}${name}`, `${root}/opt/sftpwrap/${name}`]);
    }
    await Deno.copyFile(Deno.execPath(), `${root}/usr/local/bin/deno`);
    // The machine has no way to a registry: what would come from there is put where it would be.
    const { npmCache } = JSON.parse(await runOk(Deno.execPath(), ["info", "--json"]));
    await runOk("cp", ["-r", npmCache, `${root}/var/cache/sftpwrap/npm`]);
    await recipe.rest();
    assertEquals(await sh("find /var/cache/sftpwrap /opt/sftpwrap ! -user root -o -perm /022"), "");
    assertEquals(await sh("find ~alice -name '*deno*'"), "");
    const byHand = "runuser -u alice -- sftpwrap jail --confine=kernel /srv/sftp/alice";
    assertEquals(await sh(`${byHand} < /dev/null 2>&1`), "");
  },
);

{
  let session = "";
  recipe(
    "Replacing the program, ending a session",
    "sessions go on with the old program, and one of them is ended and logged",
    async (recipe) => {
      const { machine } = recipe;
      await machine.sh("mkdir dist && cp /usr/local/bin/sftpwrap dist/sftpwrap");
      await machine.sh("useradd -m -s /bin/sh alice; install -d -o alice /srv/alice");
      await machine.sh(`cd /tmp/client; ssh-keygen -q -t ed25519 -N '' -f alice
        head -c 20000000 /dev/zero > large
        sftpwrap authorize --jail /srv/alice --install ~alice/.ssh/authorized_keys alice.pub`);
      machine.start(`cd /tmp/client; echo put large | sftp -F config -l 8000 -b - alice@127.0.0.1`);
      const lines: string[] = [];
      const logged = (what: RegExp) => async () => {
        lines.push(...machine.syslog());
        return await Promise.resolve(lines.some((line) => what.test(line)));
      };
      await until(logged(/open "\/large"/), { what: "an upload has begun" });
      const busy = await machine.run("cp dist/sftpwrap /usr/local/bin/");
      assertStringIncludes(busy.stderr, "Text file busy");
      await recipe.next(1);
      [, session = ""] = /\[(\d+)\]: open "\/large"/.exec(lines.join("\n")) ?? [];
      await machine.sh(`kill -0 ${session}`);
      await recipe.see("sftp alice@HOST\nsftp> pwd\nRemote working directory: /");
      await recipe.rest();
      await until(logged(new RegExp(`\\[${session}\\]: session closed`)), { what: "its end" });
      assert(lines.some((line) => line.includes(`[${session}]: forced close "/large" bytes`)));
    },
    { edit: (block) => block.replace("4711", session) },
  );
}

recipe(
  "After an upload",
  "a program is run for each upload that is complete, whatever its name",
  async (recipe) => {
    const { machine } = recipe;
    await recipe.rest();
    const there = (path: string) =>
      until(() => machine.run(`test -s '${path}'`).then(({ code }) => code === 0), { what: path });
    await there("/srv/inbox/report.csv.gz");
    await recipe.see(`sftp -i acme inbox@HOST\nsftp> put report.csv "/Grüße 'n' \\"co\\""`);
    await there(`/srv/inbox/Grüße '\\''n'\\'' "co".gz`);
  },
  {
    programs: ["/usr/bin/python3"],
    // What goes on until it is ended.
    edit: (block) => block.replace(/^tail .*$/m, "($&) > /dev/null 2>&1 &"),
  },
);

Deno.test("every recipe is tried", async () => {
  assertEquals(await titles(), [...new Set(tried)]);
  for (const title of await titles()) {
    const blocks = await blocksOf(title);
    assert(blocks.length > 0, title);
  }
});
