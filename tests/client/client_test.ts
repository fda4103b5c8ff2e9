import { assert, assertEquals, assertRejects } from "@std/assert";
import { FileType, isDirectory, isSymlink } from "../../lib/attrs.ts";
import { SftpClient } from "../../lib/client/client.ts";
import { ConnectionLostError, SftpStatusError } from "../../lib/client/errors.ts";
import { encodeName } from "../../lib/names.ts";
import { StatusCode } from "../../lib/wire/constants.ts";
import { Extension } from "../../lib/wire/extensions.ts";
import { needs, programPath } from "../support/programs.ts";
import { startServer } from "../support/server.ts";

/** A test of a client whose server is OpenSSH's, with an empty directory to work in. */
function testClient(
  name: string,
  fn: (client: SftpClient, dir: string) => Promise<void>,
): void {
  Deno.test({
    name,
    ...needs("sftp-server"),
    async fn() {
      const dir = await Deno.makeTempDir();
      try {
        const server = await startServer(programPath("sftp-server"));
        try {
          await fn(server.client, dir);
        } finally {
          const { status, stderr } = await server.stop();
          assertEquals({ code: status.code, stderr }, { code: 0, stderr: "" });
        }
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

/** Bytes that differ from place to place, so that a misplaced piece shows. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + (at >> 16)) & 0xff;
  return bytes;
}

function streamOf(bytes: Uint8Array, chunkLength: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(at, at += chunkLength));
    },
  });
}

/** Bytes as a sink gets them. */
class Collected {
  readonly chunks: Uint8Array[] = [];
  closed = false;
  readonly sink = new WritableStream<Uint8Array>({
    write: (chunk) => void this.chunks.push(chunk),
    close: () => void (this.closed = true),
  });

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await new Blob(this.chunks as BlobPart[]).arrayBuffer());
  }
}

function status(run: () => Promise<unknown>, code: number): Promise<SftpStatusError> {
  return assertRejects(run, SftpStatusError).then((error) => {
    assertEquals(error.code, code);
    return error;
  });
}

testClient("SftpClient writes a file and reads it again", async (client, dir) => {
  for (const length of [0, 1, 261_120, 261_121, 5_000_000]) {
    const bytes = pattern(length);
    await client.writeFile(`${dir}/a`, bytes);
    assertEquals(await Deno.readFile(`${dir}/a`), bytes);
    assertEquals(await client.readFile(`${dir}/a`), bytes);
  }
});

testClient(
  "SftpClient.readFile() reads a file that says it is empty and is not",
  async (client) => {
    const text = new TextDecoder().decode(await client.readFile("/proc/self/status"));
    assert(text.startsWith("Name:\tsftp-server\n"), text);
  },
);

testClient("SftpClient.writeFile() replaces what was longer", async (client, dir) => {
  await client.writeFile(`${dir}/a`, pattern(100));
  await client.writeFile(`${dir}/a`, pattern(10));
  assertEquals(await Deno.readFile(`${dir}/a`), pattern(10));
  await status(
    () => client.writeFile(`${dir}/a`, pattern(1), { exclusive: true }),
    StatusCode.FAILURE,
  );
  assertEquals((await Deno.stat(`${dir}/a`)).size, 10);
});

testClient("SftpClient uploads and downloads streams of any chunks", async (client, dir) => {
  const bytes = pattern(3_000_000);
  for (const chunkLength of [1000, 65_536, 3_000_000]) {
    assertEquals(await client.upload(`${dir}/a`, streamOf(bytes, chunkLength)), bytes.length);
    assertEquals(await Deno.readFile(`${dir}/a`), bytes);
  }
  const whole = new Collected();
  await client.download(`${dir}/a`, whole.sink);
  assertEquals(await whole.bytes(), bytes);
  assertEquals(whole.closed, true);
});

testClient("SftpClient resumes uploads and downloads", async (client, dir) => {
  const bytes = pattern(1_000_000);
  await Deno.writeFile(`${dir}/a`, bytes.subarray(0, 600_000));
  const rest = streamOf(bytes.subarray(500_000), 65_536);
  assertEquals(await client.upload(`${dir}/a`, rest, { position: 500_000 }), 500_000);
  assertEquals(await Deno.readFile(`${dir}/a`), bytes);
  const part = new Collected();
  await client.download(`${dir}/a`, part.sink, { position: 400_000, length: 300_000 });
  assertEquals(await part.bytes(), bytes.subarray(400_000, 700_000));
});

testClient(
  "SftpClient.download() of what is not there breaks the sink off",
  async (client, dir) => {
    let reason: unknown;
    const sink = new WritableStream<Uint8Array>({ abort: (why) => void (reason = why) });
    const error = await status(() => client.download(`${dir}/a`, sink), StatusCode.NO_SUCH_FILE);
    assertEquals(reason, error);
  },
);

testClient("SftpClient.download() fails with what the sink fails with", async (client, dir) => {
  await Deno.writeFile(`${dir}/a`, pattern(9_000_000));
  const sink = new WritableStream<Uint8Array>({
    write() {
      throw new Error("disk full");
    },
  });
  await assertRejects(() => client.download(`${dir}/a`, sink), Error, "disk full");
  assertEquals(client.connection.outstanding, 0);
});

testClient("SftpClient.upload() fails with what the source fails with", async (client, dir) => {
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("bad sector"));
    },
  });
  await assertRejects(() => client.upload(`${dir}/a`, source), Error, "bad sector");
});

testClient("SftpClient.upload() to where it may not go drops the source", async (client, dir) => {
  let dropped = false;
  const source = new ReadableStream<Uint8Array>({ cancel: () => void (dropped = true) });
  await status(() => client.upload(`${dir}/no/a`, source), StatusCode.NO_SUCH_FILE);
  assertEquals(dropped, true);
});

testClient("SftpClient.upload() does not wait for a source once a write failed", async (client) => {
  let cancelled = false;
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(pattern(10)),
    cancel: () => void (cancelled = true),
  });
  await status(() => client.upload("/dev/full", source, { position: 0 }), StatusCode.FAILURE);
  assertEquals(cancelled, true);
});

testClient("SftpClient lists a directory with the server's long names", async (client, dir) => {
  await Deno.writeTextFile(`${dir}/file`, "12345");
  await Deno.mkdir(`${dir}/folder`);
  await Deno.symlink("file", `${dir}/link`);
  const entries = await Array.fromAsync(client.readDir(dir));
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  assertEquals([...byName.keys()].sort(), ["file", "folder", "link"]);
  assertEquals(byName.get("file")!.attrs.size, 5);
  assert(isDirectory(byName.get("folder")!.attrs));
  assert(isSymlink(byName.get("link")!.attrs));
  assert(/^-rw.* 5 .* file$/.test(byName.get("file")!.longname), byName.get("file")!.longname);
});

testClient("SftpClient lists 2,000 files", async (client, dir) => {
  const names = Array.from({ length: 2000 }, (_, index) => `file ${index}`);
  await Promise.all(names.map((name) => Deno.writeFile(`${dir}/${name}`, pattern(0))));
  const listed = await Array.fromAsync(client.readDir(dir), ({ name }) => name);
  assertEquals(new Set(listed), new Set(names));
  assertEquals(listed.length, names.length);
});

testClient(
  "SftpClient.readDir() closes the directory when it is left early",
  async (client, dir) => {
    await Deno.writeTextFile(`${dir}/a`, "");
    await Deno.writeTextFile(`${dir}/b`, "");
    for await (const _ of client.readDir(dir)) break;
    assertEquals(client.connection.outstanding, 0);
  },
);

testClient("SftpClient keeps names byte for byte", async (client, dir) => {
  const names = ["plain", "naïve", "名前", "\udcff\udc80", "a\udcc3", " -\n\t", "😀"];
  for (const name of names) {
    await client.writeFile(`${dir}/${name}`, encodeName(name));
    await client.rename(`${dir}/${name}`, `${dir}/${name}2`);
    await client.symlink(name, `${dir}/${name}3`);
    assertEquals(await client.readLink(`${dir}/${name}3`), name);
    assertEquals(await client.realPath(`${dir}/${name}2`), `${dir}/${name}2`);
  }
  const listed = await Array.fromAsync(client.readDir(dir), ({ name }) => name);
  assertEquals(new Set(listed), new Set(names.flatMap((name) => [`${name}2`, `${name}3`])));
  for (const name of names) {
    assertEquals(await client.readFile(`${dir}/${name}2`), encodeName(name));
  }
});

testClient("SftpClient makes, changes, moves and removes", async (client, dir) => {
  await client.mkdir(`${dir}/d`, { permissions: 0o700 });
  assertEquals((await client.stat(`${dir}/d`)).permissions, FileType.DIRECTORY | 0o700);
  await client.writeFile(`${dir}/d/a`, pattern(5));
  await client.setAttrs(`${dir}/d/a`, { permissions: 0o604, atime: 1, mtime: 2 });
  const attrs = await client.stat(`${dir}/d/a`);
  assertEquals(attrs.permissions, FileType.REGULAR | 0o604);
  assertEquals([attrs.atime, attrs.mtime, attrs.size], [1, 2, 5]);
  await client.symlink("a", `${dir}/d/l`);
  assert(isSymlink(await client.lstat(`${dir}/d/l`)));
  assertEquals((await client.stat(`${dir}/d/l`)).size, 5);
  await client.writeFile(`${dir}/d/b`, pattern(1));
  await status(() => client.rename(`${dir}/d/a`, `${dir}/d/b`), StatusCode.FAILURE);
  await status(() => client.rmdir(`${dir}/d`), StatusCode.FAILURE);
  for (const name of ["a", "b", "l"]) await client.remove(`${dir}/d/${name}`);
  await client.rmdir(`${dir}/d`);
  const error = await status(() => client.stat(`${dir}/d`), StatusCode.NO_SUCH_FILE);
  assertEquals(error.message, `STAT ${dir}/d: No such file`);
  assertEquals(error.text, "No such file");
});

testClient("SftpClient works on open files", async (client, dir) => {
  const file = await client.open(`${dir}/a`, {
    read: true,
    write: true,
    create: true,
    attrs: { permissions: 0o600 },
  });
  await file.write(pattern(700_000), 10);
  const into = new Uint8Array(800_000);
  assertEquals(await file.read(into, 0), 700_010);
  assertEquals(into.subarray(10, 700_010), pattern(700_000));
  assertEquals(await file.read(into, 700_010), 0);
  assertEquals(await file.read(into.subarray(0, 10), 700_005), 5);
  await file.setAttrs({ size: 3 });
  assertEquals((await file.stat()).size, 3);
  await client.fsync(file);
  assertEquals((await client.fileStatVfs(file)).namemax, 255n);
  await file.close();
  await status(() => file.stat(), StatusCode.FAILURE);
});

testClient("SftpClient speaks OpenSSH's extensions", async (client, dir) => {
  await client.writeFile(`${dir}/a`, pattern(10));
  await client.writeFile(`${dir}/b`, pattern(1));
  await client.posixRename(`${dir}/a`, `${dir}/b`);
  await client.hardLink(`${dir}/b`, `${dir}/c`);
  assertEquals(await client.readFile(`${dir}/c`), pattern(10));
  await client.symlink("nowhere", `${dir}/l`);
  await client.setLinkAttrs(`${dir}/l`, { atime: 3, mtime: 4 });
  assertEquals((await client.lstat(`${dir}/l`)).mtime, 4);
  const statVfs = await client.statVfs(dir);
  assert(statVfs.blocks >= statVfs.bfree && statVfs.bsize > 0n);
  assertEquals(client.limits.maxWriteLength, 261_120);
  assertEquals(client.supports(Extension.LIMITS), true);
  assertEquals(client.supports("nonsense"), false);
});

testClient("SftpClient has the server copy and look up", async (client, dir) => {
  const lately = [Extension.COPY_DATA, Extension.HOME_DIRECTORY, Extension.USERS_GROUPS_BY_ID];
  // Servers of before 2022 (OpenSSH 9.0) have none of these.
  if (!lately.every((extension) => client.supports(extension))) return;
  await client.writeFile(`${dir}/a`, pattern(300_000));
  const source = await client.open(`${dir}/a`);
  const target = await client.open(`${dir}/b`, { write: true, create: true });
  await client.copyData({
    source,
    sourcePosition: 100_000,
    length: Infinity,
    target,
    targetPosition: 1,
  });
  await client.copyData({ source, sourcePosition: 0, length: 0, target, targetPosition: 0 });
  await client.copyData({ source, sourcePosition: 7, length: 1, target, targetPosition: 0 });
  await Promise.all([source.close(), target.close()]);
  const copied = pattern(300_000).subarray(99_999).slice();
  copied[0] = pattern(8)[7]!;
  assertEquals(await client.readFile(`${dir}/b`), copied);
  const { users } = await client.ownerNames([Deno.uid()!], []);
  const home = await client.homeDirectory(users[0]);
  assertEquals(await client.expandPath(`~${users[0]}/a`), `${home}/a`);
  assertEquals(await client.ownerNames([0, 4_000_000], [0]), {
    users: ["root", ""],
    groups: ["root"],
  });
});

testClient(
  "SftpClient keeps many requests in flight, each with its own answer",
  async (client, dir) => {
    const sizes = Array.from({ length: 200 }, (_, index) => index * 3);
    await Promise.all(sizes.map((size) => Deno.writeFile(`${dir}/${size}`, pattern(size))));
    const asked = Array.from({ length: 20 }, () => sizes).flat();
    const answers = await Promise.all(asked.map((size) => client.stat(`${dir}/${size}`)));
    assertEquals(answers.map(({ size }) => size), asked);
  },
);

Deno.test({
  name: "SftpClient whose server dies fails all that is under way",
  ...needs("sftp-server"),
  async fn() {
    const server = await startServer(programPath("sftp-server"));
    const { client, process } = server;
    const file = await client.open("/dev/zero");
    const endless = new WritableStream<Uint8Array>({
      write() {
        process.kill("SIGKILL");
      },
    });
    await assertRejects(() => client.download("/dev/zero", endless), ConnectionLostError);
    await assertRejects(() => file.read(new Uint8Array(10), 0), ConnectionLostError);
    await assertRejects(() => client.stat("/"), ConnectionLostError);
    assert(await client.ended instanceof ConnectionLostError);
    assertEquals((await server.stop()).status.signal, "SIGKILL");
  },
});

Deno.test({
  name: "SftpClient takes a server that never answers for lost once that is ended",
  ...needs("sleep"),
  async fn() {
    const process = new Deno.Command("sleep", { args: ["1000"], stdin: "piped", stdout: "piped" })
      .spawn();
    const connecting = SftpClient.connect({
      readable: process.stdout,
      writable: process.stdin,
    });
    process.kill("SIGKILL");
    await assertRejects(() => connecting, ConnectionLostError);
    await process.status;
  },
});
