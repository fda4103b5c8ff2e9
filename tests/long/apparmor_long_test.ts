/** The profile for AppArmor on a kernel that enforces it: Debian's, in a virtual machine. */

import { assertEquals, assertMatch } from "@std/assert";
import { dirname } from "node:path";
import { PROJECT } from "../guide/pages.ts";
import { recipe } from "../recipes/page.ts";
import { binary, needsCompile } from "../support/binaries.ts";
import { SLOW_MS } from "../support/debian.ts";
import { withTempDir } from "../support/files.ts";
import { programPath } from "../support/programs.ts";
import { runOk } from "../support/run.ts";

const ALICE = 1000;

/** Loads the profile, and runs sessions of alice with the manual's command and further options. */
const init = (command: string) =>
  `#!/usr/bin/busybox sh
exec 2>&1
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t securityfs securityfs /sys/kernel/security
export PATH=/usr/bin
busybox --install -s /usr/bin
apparmor_parser --replace --skip-cache /etc/apparmor.d/sftpwrap
cat > /sessions << 'END'
export HOME=/home/alice USER=alice
cd /tmp
echo text > up
cat > all << 'BATCH'
put up a
rename a b
ln -s b c
ln b d
chmod 640 b
mkdir e
ls -l
df
get d back
rm c
rmdir e
BATCH
sftp -b all -D "${command} -l /var/log/sftp/alice.log /srv/sftp/%u"
echo "inside: $? $(cat back)"
echo 'put up a' > one
sftp -b one -D "${command} -l /var/log/sftp/alice.log /var/tmp/jail"
echo "another jail: $?"
sftp -b one -D "${command} -l /var/tmp/jail/alice.log --log-required /srv/sftp/%u"
echo "another log: $?"
END
su alice -c 'sh /sessions'
dmesg | grep -o 'apparmor="DENIED".*' | sed 's/ pid=.*//'
poweroff -f
`;

Deno.test({
  name: "under AppArmor a session has its jail and its log, and nothing beside them",
  ...needsCompile(
    ...["qemu-system-x86_64", "apt-get", "dpkg-deb", "cpio", "ldd"],
    ...["sftp", "aa-exec", "apparmor_parser", "/usr/share/apparmor-features/features"],
  ),
  fn: () =>
    withTempDir(async (folder) => {
      const files = `${folder}/files`;
      const { kernel, busybox } = await download(folder);
      await layFiles(files, { ...await programs(), [busybox]: "/usr/bin/busybox" });
      const [forced = ""] = await recipe(/^AppArmor$/);
      const command = forced.trim().replace(/^ForceCommand /, "").replace(/ \S+$/, "");
      await Deno.writeTextFile(`${files}/init`, init(command), { mode: 0o755 });

      const names = await runOk("find", ["."], { cwd: files });
      const archive = ["--create", "--format=newc", "--quiet", `--file=${folder}/initrd`];
      await runOk("cpio", archive, { cwd: files, input: names });
      const said = (await runOk("qemu-system-x86_64", [
        ...["-m", "4096", "-cpu", "max", "-nographic", "-no-reboot", "-nic", "none"],
        ...["-kernel", kernel, "-initrd", `${folder}/initrd`],
        ...["-append", "console=ttyS0 panic=-1 quiet"],
      ], { limitMs: SLOW_MS })).replaceAll("\r", "");
      assertMatch(said, /^inside: 0 text$/m);
      assertMatch(said, /^another jail: 1$/m);
      assertMatch(said, /^another log: 255$/m);
      const denied = said.match(/^apparmor="DENIED".*/gm) ?? [];
      const expected = ["/var/tmp/jail/a", "/var/tmp/jail/alice.log"].map((path) =>
        new RegExp(`profile="sftpwrap" name="${path}"$`)
      );
      assertEquals(denied.length, expected.length, said);
      expected.forEach((pattern, index) => assertMatch(denied[index] ?? "", pattern));
    }),
});

/** Debian's kernel and busybox, unpacked and not installed. */
async function download(folder: string): Promise<{ kernel: string; busybox: string }> {
  const limits = { cwd: folder, limitMs: SLOW_MS };
  const depends = await runOk("apt-cache", ["depends", "linux-image-amd64"]);
  const image = /linux-image-\d\S*/.exec(depends)?.[0] ?? "";
  const asRoot = ["-o", "APT::Sandbox::User=root", "-q", "download"];
  await runOk("apt-get", [...asRoot, image, "busybox-static"], limits);
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".deb")) continue;
    await runOk("dpkg-deb", ["--extract", name, "unpacked"], limits);
  }
  const boot = await Array.fromAsync(Deno.readDir(`${folder}/unpacked/boot`), ({ name }) => name);
  const kernel = boot.find((name) => name.startsWith("vmlinuz"));
  return {
    kernel: `${folder}/unpacked/boot/${kernel}`,
    busybox: `${folder}/unpacked/bin/busybox`,
  };
}

/** The programs, and the libraries that they load, with their places. */
async function programs(): Promise<Record<string, string>> {
  const { path } = await binary("sftpwrap");
  const places: Record<string, string> = { [path]: "/usr/bin/sftpwrap" };
  for (const name of ["sftp", "aa-exec", "apparmor_parser"]) {
    places[programPath(name)] = `/usr/bin/${name}`;
  }
  for (const program of Object.keys(places)) {
    const libraries = (await runOk("ldd", [program])).match(/\/\S+/g) ?? [];
    for (const library of libraries) places[library] = library;
  }
  return places;
}

async function layFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const folder of ["proc", "sys", "dev", "tmp", "etc", "usr/share"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  }
  await Deno.chmod(`${root}/tmp`, 0o1777);
  for (const folder of ["home/alice", "srv/sftp/alice", "var/log/sftp", "var/tmp/jail"]) {
    await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    await Deno.chown(`${root}/${folder}`, ALICE, ALICE);
  }
  for (const [from, to] of Object.entries(files)) {
    await Deno.mkdir(dirname(root + to), { recursive: true });
    await Deno.copyFile(from, root + to);
  }
  for (const folder of ["/etc/apparmor", "/etc/apparmor.d", "/usr/share/apparmor-features"]) {
    await runOk("cp", ["-r", folder, root + folder]);
  }
  await Deno.copyFile(`${PROJECT}scripts/apparmor/sftpwrap`, `${root}/etc/apparmor.d/sftpwrap`);
  const alice = `alice:x:${ALICE}:${ALICE}::/home/alice:/usr/bin/sh\n`;
  await Deno.writeTextFile(`${root}/etc/passwd`, `root:x:0:0::/:/usr/bin/sh\n${alice}`);
  await Deno.writeTextFile(`${root}/etc/group`, `root:x:0:\nalice:x:${ALICE}:\n`);
}
