import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { MongoClient, ObjectId } from "mongodb";
import type { SftpClient } from "../../../lib/client/client.ts";
import { SftpStatusError } from "../../../lib/client/errors.ts";
import { StatusCode } from "../../../lib/wire/constants.ts";
import { type GridFsLineOptions, gridFsWords } from "../../support/gridfs.ts";
import { OldServer } from "../../storage/gridfs/support/old_server.ts";
import { noise, withTempDir } from "../../support/files.ts";
import {
  type Mongo,
  needsFerretDb,
  needsMongo,
  withKillableMongo,
  withMongo,
} from "../../support/mongodb.ts";
import { run, type RunOptions, type RunResult } from "../../support/run.ts";
import { type RunningServer, startServer } from "../../support/server.ts";

const MiB = 1024 * 1024;
const NOWHERE = "127.0.0.1:9";
const ADA = { name: "ada", password: "p@ss:w/rd" };

async function start(
  mongo: Mongo,
  { user, ...how }: GridFsLineOptions & { readonly user?: string } = {},
): Promise<RunningServer> {
  const [program = "", ...args] = gridFsWords(mongo, how);
  return await startServer(program, args, user === undefined ? {} : { env: { USER: user } });
}

/** Runs it to its end; `place` marks where the URI goes. */
async function gridFs(
  args: readonly string[],
  how: RunOptions & GridFsLineOptions = {},
): Promise<RunResult> {
  const [program = "", ...words] = gridFsWords({ uri: "", database: "" }, how);
  return await run(program, [...words.slice(0, words.indexOf("gridfs") + 1), ...args], how);
}

function away(userInfo = ""): string {
  return `mongodb://${userInfo}${NOWHERE}/?serverSelectionTimeoutMS=300`;
}

Deno.test("sftpwrap gridfs says in one line and in the log that its database is away", async () => {
  await withTempDir(async (directory) => {
    const log = `${directory}/log`;
    const { code, stdout, stderr } = await gridFs(["-l", log, away()]);
    const reason = "127.0.0.1:9: the database does not answer";
    assertEquals([code, stdout, stderr], [1, "", `sftpwrap: ${reason}\n`]);
    assertStringIncludes(await Deno.readTextFile(log), ` session not started: ${reason} (`);
  });
});

Deno.test("sftpwrap gridfs warns of a password on the command line, and never prints it", async () => {
  await withTempDir(async (directory) => {
    const log = `${directory}/log`;
    const options = ["-l", log, "--log-level=DEBUG"];
    const { code, stdout, stderr } = await gridFs([...options, away("alice:hunter2@")]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /others on this machine can see a password/);
    assertEquals(/hunter2/.test(stderr + await Deno.readTextFile(log)), false);
  });
});

Deno.test("sftpwrap gridfs takes the URI and the password from files that others may not read", async () => {
  await withTempDir(async (directory) => {
    const [uriFile, passwordFile] = [`${directory}/uri`, `${directory}/password`];
    await Deno.writeTextFile(uriFile, `${away("alice@")}\n`, { mode: 0o600 });
    await Deno.writeTextFile(passwordFile, "hunter2\n", { mode: 0o644 });
    const { code, stderr } = await gridFs([
      ...["--uri-file", uriFile],
      ...["--password-file", passwordFile],
    ]);
    assertEquals(code, 1);
    assertEquals(stderr.split("\n"), [
      `sftpwrap: others may read ${passwordFile} (chmod 600 ${passwordFile})`,
      "sftpwrap: 127.0.0.1:9: the database does not answer",
      "",
    ]);
  });
});

Deno.test("sftpwrap gridfs refuses an invalid place, wherever it comes from", async () => {
  const env = { SFTPWRAP_MONGODB_URI: "http://alice:hunter2@h/" };
  const fromVariable = await gridFs([], { env });
  assertEquals(fromVariable.code, 1);
  assertStringIncludes(fromVariable.stderr, "sftpwrap: SFTPWRAP_MONGODB_URI: MONGODB-URI is not");
  const nowhere = await gridFs([]);
  assertStringIncludes(nowhere.stderr, "sftpwrap: MONGODB-URI is missing\nusage: ");
  const odd = await gridFs(["--database=%u", away()], { env: { USER: "a.b" } });
  assertStringIncludes(odd.stderr, "the name of the database is not one that MongoDB allows");
  const nobody = await gridFs([away()], { env: { SFTPWRAP_PASSWORD: "hunter2" } });
  assertStringIncludes(nobody.stderr, "the URI names no user");
  for (const { stderr } of [fromVariable, nowhere, nobody]) {
    assertEquals(stderr.includes("hunter2"), false);
  }
});

Deno.test({
  name: "sftpwrap gridfs says that the database refused the credentials",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async ({ uri }) => {
      const args = [uri.replace("//", "//alice@")];
      const { code, stderr } = await gridFs(args, { env: { SFTPWRAP_PASSWORD: "hunter2" } });
      assertEquals(code, 1);
      assertMatch(stderr, /^sftpwrap: .*: the database refused the credentials\n$/);
    }),
});

Deno.test("sftpwrap gridfs says soon that a database is too old or too new for it", async () => {
  for (
    const [versions, reason] of [
      [{ min: 0, max: 8 }, "the database is older than MongoDB 4.4 (wire version 8)"],
      [{ min: 90, max: 99 }, "the database is too new for this driver (wire version 90)"],
    ] as const
  ) {
    await using server = new OldServer(versions);
    const { code, stdout, stderr } = await gridFs([server.uri]);
    const { host } = new URL(server.uri);
    assertEquals([code, stdout, stderr], [1, "", `sftpwrap: ${host}: ${reason}\n`]);
  }
});

Deno.test("sftpwrap gridfs says in one line what is wrong with a file for TLS, in the log too", async () => {
  await withTempDir(async (directory) => {
    const log = `${directory}/log`;
    for (const option of ["tlsCAFile", "tlsCertificateKeyFile", "tlsCRLFile"]) {
      const uri = `${away()}&tls=true&${option}=${directory}/missing`;
      const reason = `${NOWHERE}: the file of ${option} cannot be read: no such file`;
      for (const check of [[], ["--check"]]) {
        const { code, stdout, stderr } = await gridFs(["-l", log, ...check, uri]);
        assertEquals([code, stdout, stderr], [1, "", `sftpwrap: ${reason}\n`]);
        assertStringIncludes(await Deno.readTextFile(log), ` session not started: ${reason} (`);
      }
    }
  });
});

Deno.test("sftpwrap gridfs says in one line that an SRV name does not resolve", async () => {
  const { code, stdout, stderr } = await gridFs(["mongodb+srv://nowhere.invalid/"]);
  assertEquals([code, stdout], [1, ""]);
  const reason =
    /^sftpwrap: nowhere\.invalid: its SRV and TXT records cannot be looked up \(\w+\)\n$/;
  assertMatch(stderr, reason);
});

Deno.test("sftpwrap gridfs refuses a bucket whose name collections cannot have", async () => {
  for (const name of ["system", "system.x", "$", "", "x".repeat(300)]) {
    const { code, stderr } = await gridFs(["--bucket", name, away()]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `sftpwrap: "${name}" cannot be the name of a bucket: `);
  }
  const expanded = await gridFs(["--bucket=%u", away()], { env: { USER: "system" } });
  assertStringIncludes(expanded.stderr, '"system" cannot be the name of a bucket: ');
});

Deno.test({
  name: "sftpwrap gridfs says at its start that the database requires a user",
  ...needsFerretDb("openssl"),
  fn: () =>
    withKillableMongo(async ({ uri }) => {
      const anonymous = uri.replace("ada@", "");
      for (const check of [[], ["--check"]]) {
        const { code, stdout, stderr } = await gridFs([...check, anonymous]);
        assertEquals([code, stdout], [1, ""]);
        assertMatch(stderr, /^sftpwrap: \S+: the database requires a user, and none is named\n$/);
      }
    }, { user: ADA }),
});

Deno.test({
  name: "sftpwrap gridfs takes HOST PORT DATABASE, and the URI from a variable",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async (mongo) => {
      const { hostname, port } = new URL(mongo.uri);
      await using server = await start(mongo);
      await server.client.writeFile("/there", new Uint8Array(10));
      const check = ["--check", "--read-only"];
      const byPlace = await gridFs([...check, hostname, port, mongo.database]);
      assertEquals([byPlace.code, byPlace.stdout], [0, "nothing to mend\n"]);
      const env = { SFTPWRAP_MONGODB_URI: mongo.uri };
      const byVariable = await gridFs([...check, "--database", mongo.database], { env });
      assertEquals([byVariable.code, byVariable.stdout], [0, "nothing to mend\n"]);
    }),
});

Deno.test({
  name: "sftpwrap gridfs needs only the permission for its hosts",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async (mongo) => {
      const permissions = [`--allow-net=${new URL(mongo.uri).host}`];
      await using server = await start(mongo, { permissions });
      await server.client.writeFile("/file", noise(1000));
      assertEquals(await server.client.readFile("/file"), noise(1000));
      const { status, stderr } = await server.stop();
      assertEquals([status.code, stderr], [0, ""]);
    }),
});

Deno.test({
  name: "sftpwrap gridfs uses TLS, logs in and reconnects with only the permissions for that",
  ...needsFerretDb("openssl"),
  fn: () =>
    withKillableMongo(async (mongo) => {
      const { directory } = mongo;
      const secret = `${directory}/password`;
      await Deno.writeTextFile(secret, `${ADA.password}\n`, { mode: 0o600 });
      await using server = await start(mongo, {
        options: ["--password-file", secret, "--log-to-stderr"],
        permissions: [
          `--allow-net=${new URL(mongo.uri).host}`,
          `--allow-read=${directory}/cert,${secret}`,
          "--allow-ffi",
        ],
      });
      await server.client.writeFile("/file", noise(1000));
      await mongo.kill();
      await mongo.start();
      assertEquals(await server.client.readFile("/file"), noise(1000));
      const { status, stderr } = await server.stop();
      assertMatch(stderr, /confined by Landlock and permissions\n/);
      assertEquals([status.code, stderr.includes(ADA.password)], [0, false]);
    }, { user: ADA }),
});

Deno.test({
  name:
    "sftpwrap gridfs refuses a database that another certificate vouches for, and a wrong password",
  ...needsFerretDb("openssl"),
  fn: () =>
    withKillableMongo(async ({ uri }) => {
      const env = { SFTPWRAP_PASSWORD: "hunter2" };
      const wrong = await gridFs([uri], { env });
      assertEquals(wrong.code, 1);
      assertMatch(wrong.stderr, /^sftpwrap: .*: the database refused the credentials\n$/);
      const trusting = uri.replace(/tlsCAFile=[^&]*/, "serverSelectionTimeoutMS=1000");
      const unknown = await gridFs([trusting], { env });
      assertEquals(unknown.code, 1);
      const reason = /^sftpwrap: \S+: the database's certificate cannot be verified \(\w+\)\n$/;
      assertMatch(unknown.stderr, reason);
    }, { user: ADA }),
});

Deno.test({
  name: "sftpwrap gridfs logs what it has given up",
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await using server = await start(mongo, {
        options: ["--log-to-stderr", "--log-level=VERBOSE"],
      });
      const { stderr } = await server.stop();
      assertMatch(stderr, /ring permissions holds: no files, programs or variables through Deno/);
      assertMatch(stderr, /ring landlock holds: every file but the resolver's is refused/);
      assertMatch(stderr, /connected to \S+\n/);
      const { host } = new URL(mongo.uri);
      assertStringIncludes(stderr, `serving gridfs "${host}/${mongo.database}/fs"\n`);
    }),
});

Deno.test({
  name: "sftpwrap gridfs keeps to a bucket, a start directory, and the requests that are allowed",
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await using server = await start(mongo, { options: ["--bucket", "%u"], user: "photos" });
      await server.client.mkdir("/in");
      await using other = await start(mongo);
      assertEquals(await names(other.client, "/"), []);
      const options = ["--bucket=photos", "--start-directory=/in", "--read-only"];
      await using reader = await start(mongo, { options });
      assertEquals(await reader.client.realPath("."), "/in");
      await assertStatus(reader.client.mkdir("/other"), StatusCode.PERMISSION_DENIED);
    }),
});

Deno.test({
  name: "a session of sftpwrap gridfs that is killed in an upload leaves nothing that is seen, " +
    "and its chunks are swept",
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await using server = await start(mongo);
      await server.client.writeFile("/kept", noise(5000));
      const file = await server.client.open("/kept", { write: true, truncate: true });
      const fresh = await server.client.open("/fresh", { write: true, create: true });
      for (let at = 0; at < 8 * MiB; at += 32_768) {
        await Promise.all([file, fresh].map((file) => file.write(noise(32_768), at)));
      }
      server.process.kill("SIGKILL");
      await server.process.status;

      await using after = await start(mongo);
      assertEquals(await names(after.client, "/"), ["kept"]);
      assertEquals(await after.client.readFile("/kept"), noise(5000));
      await using client = new MongoClient(mongo.uri);
      const db = client.db(mongo.database);
      assert(await db.collection("fs.chunks").countDocuments() > 1);

      // What is only reported stays; and a session counts as dead only after minutes.
      const check = ["--database", mongo.database, "--check", mongo.uri];
      assertEquals((await gridFs(check)).stdout, "nothing to mend\n");
      await db.collection("fs.journal").updateMany({}, { $set: { alive: new Date(0) } });
      const told = await gridFs(["--read-only", ...check]);
      assertEquals(told.code, 1);
      assertMatch(told.stdout, /^(?:found: unfinished upload "[\da-f]+"\n){2}$/);
      const mended = await gridFs(check);
      assertEquals(mended.code, 0);
      assertMatch(mended.stdout, /^(?:mended: unfinished upload "[\da-f]+"\n){2}$/);
      assertEquals(await db.collection("fs.chunks").countDocuments(), 1);
      assertEquals((await gridFs(check)).stdout, "nothing to mend\n");
    }),
});

Deno.test({
  name: "sftpwrap gridfs --check mends chunks without a file, and reports a file without chunks",
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await using client = new MongoClient(mongo.uri);
      const db = client.db(mongo.database);
      const old = ObjectId.createFromTime(1_000_000_000);
      const data = new Uint8Array(10);
      await db.collection("fs.chunks").insertOne({ _id: old, files_id: old, n: 0, data });
      const lost = { length: 300_000, chunkSize: 261_120, uploadDate: new Date(), metadata: {} };
      await db.collection("fs.files").insertOne({ ...lost, filename: "lost\n\x1b[2J" });
      const check = ["--database", mongo.database, "--check", mongo.uri];
      const { code, stdout } = await gridFs(check);
      assertEquals(code, 1);
      assertMatch(stdout, /^mended: orphaned chunks "[^\n]*"$/m);
      assertMatch(stdout, /^found: missing chunks "[^\n]*lost\\n\\u001b\[2J[^\n]*"$/m);
      assertEquals(await db.collection("fs.chunks").countDocuments(), 0);
    }),
});

Deno.test({
  name: "an upload and a download continue after the database was killed and came back",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async (mongo) => {
      await using server = await start(mongo);
      const whole = noise(6 * MiB);
      await server.client.writeFile("/down", whole);

      const file = await server.client.open("/up", { write: true, create: true });
      await file.write(whole.subarray(0, 3 * MiB), 0);
      await mongo.kill();
      const rest = file.write(whole.subarray(3 * MiB), 3 * MiB);
      await mongo.start();
      await rest;
      await file.close();
      assertEquals(await server.client.readFile("/up"), whole);

      const down = await server.client.open("/down");
      const got = new Uint8Array(whole.length);
      await down.read(got.subarray(0, MiB), 0);
      await mongo.kill();
      const remainder = down.read(got.subarray(MiB), MiB);
      await mongo.start();
      await remainder;
      assertEquals(got, whole);
      await down.close();
    }),
});

Deno.test({
  name: "what was acknowledged before the database was killed exists afterwards",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async (mongo) => {
      await using server = await start(mongo);
      const acknowledged: string[] = [];
      for (let index = 0; index < 20; index++) {
        const write = server.client.writeFile(`/${index}`, noise(20_000, index + 1)).then(
          () => acknowledged.push(String(index)),
          (error) => assert(error instanceof SftpStatusError, String(error)),
        );
        if (index % 5 === 4) {
          await mongo.kill();
          await mongo.start();
        }
        await write;
      }
      assert(acknowledged.length >= 16, `${acknowledged.length} are acknowledged`);
      await mongo.kill();
      await mongo.start();
      await using after = await start(mongo);
      const there = await names(after.client, "/");
      for (const name of acknowledged) {
        assert(there.includes(name), `${name} is gone`);
        assertEquals(await after.client.readFile(`/${name}`), noise(20_000, Number(name) + 1));
      }
    }),
});

Deno.test({
  name: "sftpwrap gridfs fails requests while its database is away, and serves when it is back",
  ...needsFerretDb(),
  fn: () =>
    withKillableMongo(async (mongo) => {
      const uri = `${mongo.uri}?serverSelectionTimeoutMS=1500`;
      await using server = await start({ ...mongo, uri });
      await server.client.mkdir("/d");
      await mongo.kill();
      const error = await assertStatus(server.client.mkdir("/e"), StatusCode.FAILURE);
      assertMatch(error.text, /^Failure: the (?:database does not answer|connection .* was lost)$/);
      await assertStatus(server.client.stat("/d"), StatusCode.FAILURE);
      await mongo.start();
      assertEquals(await names(server.client, "/"), ["d"]);
      await server.client.mkdir("/e");
    }),
});

Deno.test({
  name: "sftpwrap gridfs tells the client and the log why a foreign file cannot be read",
  ...needsMongo(),
  fn: () =>
    withMongo(async (mongo) => {
      await using client = new MongoClient(mongo.uri);
      const db = client.db(mongo.database);
      const file = { chunkSize: 10, uploadDate: new Date(), metadata: null };
      await db.collection("fs.files").insertOne({ ...file, filename: "no length" });
      const { insertedId: id } = await db.collection("fs.files")
        .insertOne({ ...file, filename: "long", length: 5 });
      const data = new Uint8Array(10);
      await db.collection("fs.chunks").insertOne({ files_id: id, n: 0, data });
      await using server = await start(mongo, { options: ["--log-to-stderr"] });
      assertEquals(await names(server.client, "/"), ["long", "no length"]);
      const opening = server.client.open("/no length");
      const { text } = await assertStatus(opening, StatusCode.FAILURE);
      assertEquals(text, "Failure: the file's document has no length");
      const long = "Failure: chunk 0 of the file is too long";
      const reading = await assertStatus(server.client.readFile("/long"), StatusCode.FAILURE);
      assertEquals(reading.text, long);
      const source = await server.client.open("/long");
      const target = await server.client.open("/copy", { write: true, create: true });
      const copy = { source, target, sourcePosition: 0, targetPosition: 0, length: Infinity };
      const copying = await assertStatus(server.client.copyData(copy), StatusCode.FAILURE);
      assertEquals(copying.text, long);
      const range = { algorithms: ["sha256"], offset: 0, length: 0, blockSize: 0 };
      for (const file of [source, "/long"]) {
        const { text } = await assertStatus(
          server.client.checkFile(file, range),
          StatusCode.FAILURE,
        );
        assertEquals(text, long);
      }
      const { stderr } = await server.stop();
      assertStringIncludes(stderr, "the file's document has no length");
    }),
});

async function names(client: SftpClient, path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of client.readDir(path)) found.push(name);
  return found.filter((name) => name !== "." && name !== "..").sort();
}

async function assertStatus(answer: Promise<unknown>, code: number): Promise<SftpStatusError> {
  const error = await assertRejects(() => answer, SftpStatusError);
  assertEquals(error.code, code);
  return error;
}
