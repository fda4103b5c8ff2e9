import { assert, assertEquals, assertGreater } from "@std/assert";
import { withTempDir } from "../support/files.ts";
import { needs } from "../support/programs.ts";
import { ask, Code, type Reply, textOf } from "../support/raw.ts";
import { runOk } from "../support/run.ts";
import { ChildServer, sftpwrap } from "../support/wire_session.ts";

const ROOTS = ["kernel", "portable"];

/** Milliseconds after which a server counts as hung, and is ended so that its test fails. */
const HUNG = 60_000;

function statusOf(reply: Reply): string {
  return reply.kind === "status" ? `${reply.code} ${reply.message}` : reply.kind;
}

/** Lends a server on `directory`. */
async function withServer(
  root: string,
  directory: string,
  use: (server: ChildServer) => Promise<void>,
): Promise<void> {
  const server = new ChildServer(sftpwrap(["jail", `--confine=${root}`, directory]));
  const guard = setTimeout(() => Deno.kill(server.pid, "SIGKILL"), HUNG);
  try {
    await server.greet();
    await use(server);
  } finally {
    clearTimeout(guard);
    assertEquals((await server.end()).code, 0);
  }
}

/** What is no file, and how it is made at a path; may give back what has to be closed later. */
const kinds: Readonly<Record<string, (path: string) => Promise<{ close(): void } | void>>> = {
  "a FIFO": async (path) => void await runOk("mkfifo", [path]),
  "a socket": (path) => Promise.resolve(Deno.listen({ transport: "unix", path })),
  ...(Deno.uid() === 0
    ? {
      "a device": async (path: string) => void await runOk("mknod", [path, "c", "1", "5"]),
      "a terminal": async (path: string) => void await runOk("mknod", [path, "c", "5", "0"]),
    }
    : {}),
};

for (const root of ROOTS) {
  for (const [kind, make] of Object.entries(kinds)) {
    Deno.test({
      name: `${kind} never holds up a session (${root} root)`,
      ...needs("mkfifo", "mknod"),
      async fn() {
        await withTempDir(async (directory) => {
          const made = await make(`${directory}/it`);
          await Deno.writeTextFile(`${directory}/file`, "content");
          await Deno.symlink("it", `${directory}/link`);
          await withServer(root, directory, async (server) => {
            for (const path of ["/it", "/link"]) {
              for (const pflags of [1, 2, 3, 1 | 4, 2 | 4, 2 | 8, 2 | 16, 1 | 16, 2 | 8 | 16]) {
                const opened = await server.ask(ask.open(path, pflags));
                assertEquals(statusOf(opened).slice(0, 10), "4 Failure:", `pflags ${pflags}`);
              }
              assertEquals(statusOf(await server.ask(ask.opendir(path))), "2 No such file");
              assertEquals((await server.ask(ask.stat(path))).kind, "attrs");
              assertEquals((await server.ask(ask.lstat(path))).kind, "attrs");
              assertEquals((await server.ask(ask.statvfs(path))).kind, "extended");
              assertEquals((await server.ask(ask.realpath(path))).kind, "name");
              const hashed = await server.ask(ask.checkFileName(path, "md5"));
              assertEquals(hashed.kind, "status");
              const cut = await server.ask(ask.setstat(path, { size: 0 }));
              assert(cut.kind === "status" && cut.code !== Code.OK);
              const changed = await server.ask(
                ask.setstat(path, { permissions: 0o600, atime: 1, mtime: 2 }),
              );
              assertEquals(statusOf(changed), "0 Success");
            }
            const { mtime } = await Deno.lstat(`${directory}/it`);
            assertEquals(mtime?.getTime(), 2000);
            assertEquals(statusOf(await server.ask(ask.readlink("/it"))), "5 Bad message");
            const over = await server.ask(ask.rename("/file", "/it"));
            assertEquals(statusOf(over), "4 Failure: file exists");
            const listed = await server.ask(
              ask.readdir(await server.handle(ask.opendir("/"))),
            );
            assert(listed.kind === "name" && listed.names.length === 5);
            assertEquals(statusOf(await server.ask(ask.remove("/it"))), "0 Success");
          });
          made?.close();
        });
      },
    });
  }

  Deno.test(`a file that is removed under an open handle goes on (${root} root)`, async () => {
    await withTempDir(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "0123456789");
      await withServer(root, directory, async (server) => {
        const handle = await server.handle(ask.open("/file", 1 | 2));
        await Deno.remove(`${directory}/file`);
        const read = await server.ask(ask.read(handle, 2, 4));
        assertEquals(read.kind === "data" && textOf(read.data), "2345");
        assertEquals(statusOf(await server.ask(ask.write(handle, 10, "more"))), "0 Success");
        const attrs = await server.ask(ask.fstat(handle));
        assert(attrs.kind === "attrs" && attrs.attrs.size === 14n);
        assertEquals(statusOf(await server.ask(ask.fsetstat(handle, { size: 3 }))), "0 Success");
        assertEquals(statusOf(await server.ask(ask.stat("/file"))), "2 No such file");
        assertEquals(statusOf(await server.ask(ask.close(handle))), "0 Success");
      });
    });
  });

  Deno.test(`a directory that is removed under an open handle ends (${root} root)`, async () => {
    await withTempDir(async (directory) => {
      await Deno.mkdir(`${directory}/d`);
      await withServer(root, directory, async (server) => {
        const handle = await server.handle(ask.opendir("/d"));
        await Deno.remove(`${directory}/d`);
        for (let times = 0; times < 3; times++) {
          const reply = await server.ask(ask.readdir(handle));
          assert(reply.kind === "name" || reply.kind === "status");
        }
        assertEquals(statusOf(await server.ask(ask.readdir(handle))), "1 End of file");
        assertEquals(statusOf(await server.ask(ask.close(handle))), "0 Success");
      });
    });
  });

  Deno.test({
    name: `a full disk is told, and what was acknowledged is there (${root} root)` +
      (canMount() ? "" : " (skipped: nothing can be mounted here)"),
    ignore: !canMount(),
    async fn() {
      await withTempDir(async (directory) => {
        await runOk("mount", ["-t", "tmpfs", "-o", "size=1m,nr_inodes=20", "tmpfs", directory]);
        try {
          await withServer(root, directory, (server) => fillDisk(server, directory));
        } finally {
          await runOk("umount", [directory]);
        }
      });
    },
  });
}

Deno.test("a directory of 100,000 files is listed whole", async () => {
  await withTempDir(async (directory) => {
    // By a program: it is much faster than a promise for each.
    await runOk("sh", ["-c", "seq 1 100000 | xargs touch"], { cwd: directory });
    for (const root of ROOTS) {
      await withServer(root, directory, async (server) => {
        const handle = await server.handle(ask.opendir("/"));
        const names = new Set<string>();
        for (;;) {
          const reply = await server.ask(ask.readdir(handle));
          if (reply.kind !== "name") break;
          for (const { filename, longname } of reply.names) {
            names.add(filename);
            assert(longname.endsWith(filename));
          }
        }
        assertEquals(names.size, 100_002);
      });
    }
  });
});

async function fillDisk(server: ChildServer, directory: string): Promise<void> {
  const full = "4 Failure: no space left on device";
  const handle = await server.handle(ask.open("/big", 1 | 2 | 8));
  const chunk = new Uint8Array(50_000).map((_, at) => at % 253);
  let acknowledged = 0;
  let answer = "";
  while (acknowledged < 2_000_000) {
    answer = statusOf(await server.ask(ask.write(handle, acknowledged, chunk)));
    if (answer !== "0 Success") break;
    acknowledged += chunk.length;
  }
  assertEquals(answer, full);
  assertGreater(acknowledged, 500_000);
  assertEquals(statusOf(await server.ask(ask.close(handle))), "0 Success");
  const content = await Deno.readFile(`${directory}/big`);
  assertGreater(content.length, acknowledged - 1);
  assert(content.every((byte, at) => byte === at % chunk.length % 253));

  // No room for a name, either, once there are enough.
  const answers = new Set<string>();
  for (let index = 0; index < 30; index++) {
    answers.add(statusOf(await server.ask(ask.mkdir(`/d${index}`))));
  }
  assertEquals([...answers], ["0 Success", full]);
  assertEquals(statusOf(await server.ask(ask.open("/new", 2 | 8))), full);
  assertEquals(statusOf(await server.ask(ask.symlink("text", "/link"))), full);
  assertEquals(statusOf(await server.ask(ask.stat("/new"))), "2 No such file");

  // And room again, when something goes.
  assertEquals(statusOf(await server.ask(ask.remove("/big"))), "0 Success");
  const again = await server.handle(ask.open("/new", 2 | 8));
  assertEquals(statusOf(await server.ask(ask.write(again, 0, chunk))), "0 Success");
}

function canMount(): boolean {
  if (Deno.uid() !== 0) return false;
  const directory = Deno.makeTempDirSync();
  try {
    const mount = new Deno.Command("mount", { args: ["-t", "tmpfs", "tmpfs", directory] });
    if (!mount.outputSync().success) return false;
    return new Deno.Command("umount", { args: [directory] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  } finally {
    Deno.removeSync(directory);
  }
}
