/**
 * What pysftpserver did wrong, each once: a jail must not do it again. Its defects in the proxy
 * and in GridFS are the business of those parts.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { statusOf } from "../../lib/session/status.ts";
import { errorOfName } from "../../lib/storage/errno.ts";
import { JailStorage } from "../../lib/storage/local/jail.ts";
import { PortableRoot } from "../../lib/storage/local/portable/root.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { withTempDir } from "../support/files.ts";
import {
  ask,
  Code,
  init,
  parseReply,
  type Reply,
  request,
  Splitter,
  textOf,
} from "../support/raw.ts";
import { ChildServer, Dialogue, run, sftpwrap } from "../support/wire_session.ts";

/** Lends a session on a jail, with a file `file` in it, and the jail's directory. */
async function withJail(
  use: (dialogue: Dialogue, directory: string) => Promise<void>,
): Promise<void> {
  await withTempDir(async (directory) => {
    await Deno.writeTextFile(`${directory}/file`, "0123456789");
    const root = new PortableRoot(directory, { symlink: true, statfs: true });
    const dialogue = new Dialogue(new JailStorage(root));
    await use(dialogue, directory);
    await dialogue.end();
  });
}

function isOk(reply: Reply): boolean {
  return reply.kind === "status" && reply.code === Code.OK;
}

function nameOf(reply: Reply): string | undefined {
  return reply.kind === "name" ? reply.names[0]?.filename : undefined;
}

for (const root of ["kernel", "portable"]) {
  // A session keeps its descriptors from other processes of the same user, but not from root.
  const ignore = Deno.uid() !== 0;
  Deno.test(`CLOSE gives the descriptor back (${root} root)`, { ignore }, async () => {
    await withTempDir(async (directory) => {
      const server = new ChildServer(sftpwrap(["jail", `--confine=${root}`, directory]));
      await server.greet();
      const descriptors = async () => {
        let count = 0;
        for await (const _entry of Deno.readDir(`/proc/${server.pid}/fd`)) count++;
        return count;
      };
      const openAndClose = async () => {
        for (let times = 0; times < 20; times++) {
          await server.ask(ask.close(await server.handle(ask.open("/file", 2 | 8))));
          await server.ask(ask.close(await server.handle(ask.opendir("/"))));
          await server.ask(ask.open("/file", 2 | 8 | 32));
          await server.ask(ask.stat("/file"));
          await server.ask(ask.checkFileName("/file", "md5"));
        }
      };
      await openAndClose();
      const before = await descriptors();
      await openAndClose();
      assertEquals(await descriptors(), before);
      await server.end();
    });
  });
}

Deno.test("a handle has the same length however many were given", async () => {
  await withJail(async (dialogue) => {
    for (let times = 0; times < 300; times++) {
      const handle = await dialogue.handle(ask.open("/file", 1));
      assertEquals(handle.length, 4);
      await dialogue.ask(ask.close(handle));
    }
  });
});

Deno.test("STATUS has a text and a language", async () => {
  await withJail((dialogue) => {
    dialogue.sendBytes(request(ask.stat("/missing"), 7).subarray(4));
    const bytes = dialogue.session.replies.written;
    assertEquals(
      textOf(bytes),
      "\0\0\0\x1d\x65\0\0\0\x07\0\0\0\x02\0\0\0\x0cNo such file\0\0\0\0",
    );
    return Promise.resolve();
  });
});

Deno.test("REALPATH tells no path of the host, and takes what is missing", async () => {
  await withJail(async (dialogue, directory) => {
    await Deno.symlink(directory, `${directory}/to-host`);
    for (const path of [".", "", "/", "..", "/..", "file/..", "missing", "/missing"]) {
      const reply = await dialogue.ask(ask.realpath(path));
      const name = nameOf(reply);
      if (name !== undefined) assertMatch(name, /^\/(missing)?$/);
    }
    assertEquals(nameOf(await dialogue.ask(ask.realpath("missing"))), "/missing");
    assert(!isOk(await dialogue.ask(ask.realpath("to-host"))));
  });
});

Deno.test("SETSTAT changes a directory", async () => {
  await withJail(async (dialogue, directory) => {
    await dialogue.ask(ask.mkdir("/d"));
    const reply = await dialogue.ask(ask.setstat("/d", { permissions: 0o700, atime: 5, mtime: 6 }));
    assert(isOk(reply));
    const { mode, mtime } = await Deno.stat(`${directory}/d`);
    assertEquals([mode! & 0o7777, mtime!.getTime()], [0o700, 6000]);
  });
});

Deno.test("RENAME does not overwrite", async () => {
  await withJail(async (dialogue, directory) => {
    await Deno.writeTextFile(`${directory}/other`, "other");
    const reply = await dialogue.ask(ask.rename("/file", "/other"));
    assert(reply.kind === "status" && reply.message === "Failure: file exists");
    assertEquals(await Deno.readTextFile(`${directory}/other`), "other");
    assertEquals(await Deno.readTextFile(`${directory}/file`), "0123456789");
  });
});

Deno.test("a link that leads out can be seen, read and removed", async () => {
  await withJail(async (dialogue, directory) => {
    for (const text of ["/etc/passwd", "../../../etc/passwd", directory]) {
      await Deno.symlink(text, `${directory}/out`);
      const seen = await dialogue.ask(ask.lstat("/out"));
      assert(seen.kind === "attrs" && (seen.attrs.permissions! & 0o170000) === 0o120000);
      assertEquals(nameOf(await dialogue.ask(ask.readlink("/out"))), text);
      assertEquals((await dialogue.ask(ask.open("/out", 1))).kind, "status");
      assert(isOk(await dialogue.ask(ask.remove("/out"))));
    }
  });
});

Deno.test("the client can go to /", async () => {
  await withJail(async (dialogue) => {
    assertEquals(nameOf(await dialogue.ask(ask.realpath("/"))), "/");
    const attrs = await dialogue.ask(ask.stat("/"));
    assert(attrs.kind === "attrs" && (attrs.attrs.permissions! & 0o170000) === 0o040000);
    assertEquals((await dialogue.ask(ask.opendir("/"))).kind, "handle");
  });
});

Deno.test("SYMLINK takes the text first, as every client sends it", async () => {
  await withJail(async (dialogue, directory) => {
    assert(isOk(await dialogue.ask(ask.symlink("../text", "/link"))));
    assertEquals(await Deno.readLink(`${directory}/link`), "../text");
  });
});

Deno.test("EACCES and EPERM are PERMISSION_DENIED", () => {
  for (const name of ["EACCES", "EPERM"]) {
    assertEquals(statusOf(errorOfName(name, new Error(name))), {
      code: 3,
      message: "Permission denied",
    });
  }
});

Deno.test("STAT and READDIR work where nobody has the owner's number", async () => {
  const storage = new MemoryStorage({ uid: 54_321, gid: 54_322 });
  const dialogue = new Dialogue(storage);
  await dialogue.handle(ask.open("/file", 2 | 8));
  const attrs = await dialogue.ask(ask.stat("/file"));
  assert(attrs.kind === "attrs" && attrs.attrs.uid === 54_321);
  const listed = await dialogue.ask(ask.readdir(await dialogue.handle(ask.opendir("/"))));
  assert(listed.kind === "name");
  assertMatch(listed.names.at(-1)!.longname, / 54321 {4}54322 /);
  await dialogue.end();
});

Deno.test("STAT and READDIR work for what was changed before 1970", async () => {
  await withJail(async (dialogue, directory) => {
    await Deno.utime(`${directory}/file`, -100, -100);
    const attrs = await dialogue.ask(ask.stat("/file"));
    // Deno 2.6 forgets the sign of such a time.
    assert(attrs.kind === "attrs" && [2 ** 32 - 100, 100].includes(attrs.attrs.mtime!));
    const listed = await dialogue.ask(ask.readdir(await dialogue.handle(ask.opendir("/"))));
    assert(listed.kind === "name");
    assertMatch(listed.names.at(-1)!.longname, / (Dec 31 {2}1969|Jan {2}1 {2}1970) file$/);
  });
});

Deno.test("a longname has the year of what is old", async () => {
  await withJail(async (dialogue, directory) => {
    await Deno.utime(`${directory}/file`, 1_000_000_000, 1_000_000_000);
    const listed = await dialogue.ask(ask.readdir(await dialogue.handle(ask.opendir("/"))));
    assert(listed.kind === "name");
    assertMatch(listed.names.at(-1)!.longname, / Sep {2}[89] {2}2001 file$/);
  });
});

Deno.test("OPEN truncates also without CREAT", async () => {
  await withJail(async (dialogue, directory) => {
    await dialogue.handle(ask.open("/file", 2 | 16));
    assertEquals(await Deno.readTextFile(`${directory}/file`), "");
  });
});

Deno.test("WRITE to a file opened with APPEND goes to its end, wherever it says", async () => {
  await withJail(async (dialogue, directory) => {
    const handle = await dialogue.handle(ask.open("/file", 2 | 4));
    await dialogue.ask(ask.write(handle, 0, "ab"));
    await dialogue.ask(ask.write(handle, 3, "cd"));
    assertEquals(await Deno.readTextFile(`${directory}/file`), "0123456789abcd");
  });
});

Deno.test("READDIR gives more than one entry at a time", async () => {
  await withJail(async (dialogue) => {
    const listed = await dialogue.ask(ask.readdir(await dialogue.handle(ask.opendir("/"))));
    assert(listed.kind === "name");
    assertEquals(listed.names.map(({ filename }) => filename).sort(), [".", "..", "file"]);
  });
});

Deno.test("READ gives all that is asked for, up to what limits say", async () => {
  await withJail(async (dialogue, directory) => {
    await Deno.writeFile(`${directory}/file`, new Uint8Array(1_000_000));
    const handle = await dialogue.handle(ask.open("/file", 1));
    for (const length of [8193, 32_768, 65_536, 261_120]) {
      const reply = await dialogue.ask(ask.read(handle, 0, length));
      assert(reply.kind === "data" && reply.data.length === length);
    }
    const capped = await dialogue.ask(ask.read(handle, 0, 0xffffffff));
    assert(capped.kind === "data" && capped.data.length === 261_120);
  });
});

Deno.test("everything is answered where the client hangs up behind its last request", async () => {
  await withTempDir(async (directory) => {
    const ids = Array.from({ length: 5000 }, (_, index) => index + 1);
    const requests = ids.map((id) => request(ask.stat("/"), id));
    const input = new Blob([init(), ...requests]);
    const { code, stdout } = await run(sftpwrap(["jail", directory]), {
      input: new Uint8Array(await input.arrayBuffer()),
    });
    assertEquals(code, 0);
    const replies = new Splitter().push(stdout).map(parseReply);
    assertEquals(replies.slice(1).map((reply) => "id" in reply ? reply.id : 0), ids);
  });
});

Deno.test("the umask is octal, and 0 is one", async () => {
  await withTempDir(async (directory) => {
    const umasks: [string[], number, number][] = [
      [["-u", "027"], 0o640, 0o750],
      [["-u0"], 0o666, 0o777],
      [["--umask=77"], 0o600, 0o700],
      [["-u", "0002"], 0o664, 0o775],
    ];
    for (const [index, [option, file, made]] of umasks.entries()) {
      const server = new ChildServer(sftpwrap(["jail", ...option, directory]));
      await server.greet();
      await server.handle(ask.open(`/file${index}`, 2 | 8));
      await server.ask(ask.mkdir(`/d${index}`));
      await server.end();
      const modes = [`file${index}`, `d${index}`].map(async (name) =>
        (await Deno.stat(`${directory}/${name}`)).mode! & 0o7777
      );
      assertEquals(await Promise.all(modes), [file, made]);
    }
  });
});

Deno.test("what is closed is forgotten", async () => {
  const dialogue = new Dialogue(new MemoryStorage(), { maxHandles: 1 });
  for (let times = 0; times < 100; times++) {
    await dialogue.ask(ask.close(await dialogue.handle(ask.open("/file", 2 | 8))));
  }
  await dialogue.end();
});

Deno.test("no STATUS names a path of the host", async () => {
  await withJail(async (dialogue, directory) => {
    await Deno.mkdir(`${directory}/full/inside`, { recursive: true });
    await Deno.symlink("/etc", `${directory}/out`);
    await Deno.symlink("loop", `${directory}/loop`);
    const paths = [
      "/file/x",
      "/missing/x",
      "/out/x",
      "/loop",
      "/full",
      "/file",
      "/" + "n".repeat(300),
    ];
    const file = await dialogue.handle(ask.open("/file", 1));
    const requests = [
      ...paths.flatMap((path) => [
        ask.open(path, 2 | 8 | 32),
        ask.opendir(path),
        ask.stat(path),
        ask.setstat(path, { size: 2 ** 60, uid: 1, gid: 1 }),
        ask.remove(path === "/file" ? "/full" : path),
        ask.rmdir(path),
        ask.mkdir(path),
        ask.rename(path, "/full"),
        ask.rename("/full", path),
        ask.readlink(path),
        ask.symlink("x", path),
        ask.hardlink(path, "/full"),
        ask.posixRename("/full", path),
        ask.statvfs(path),
        ask.checkFileName(path, "md5"),
      ]),
      ask.write(file, 0, "x"),
      ask.fsetstat(file, { size: 1 }),
      ask.copyData(file, 0, 0, file, 0),
    ];
    let refused = 0;
    for (const one of requests) {
      const reply = await dialogue.ask(one);
      if (reply.kind !== "status" || reply.code === Code.OK) continue;
      refused++;
      assertNotMatch(reply.message, /\//);
      assertEquals(reply.language, "");
    }
    assert(refused > 60);
  });
});
