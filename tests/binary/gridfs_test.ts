import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeFile, sha256, withTempDir } from "../support/files.ts";
import { binary, needsCompile } from "../support/binaries.ts";
import { needsFerretDb, withKillableMongo } from "../support/mongodb.ts";
import { run } from "../support/run.ts";
import { sftpOk } from "../clients/sftp.ts";

const NEED = needsCompile("sftp");

Deno.test({
  name: "the compiled program serves GridFS, with the URI from a variable",
  ...NEED.ignore ? NEED : needsFerretDb(),
  fn: () =>
    withKillableMongo(({ uri }) =>
      withTempDir(async (local) => {
        const { path } = await binary("sftpwrap");
        const digest = await makeFile(`${local}/file`, 700_000);
        const sftpArgs = ["-D", `${path} gridfs --log-to-stderr --log-level=ERROR ${uri}`];
        await sftpOk({ local, sftpArgs }, ["mkdir d", "put file d/file", "get d/file back"]);
        assertEquals(await sha256(`${local}/back`), digest);

        const env = { SFTPWRAP_MONGODB_URI: uri };
        const { code, stdout, stderr } = await run(path, ["gridfs", "--check"], { env });
        assertEquals([code, stdout, stderr], [0, "nothing to mend\n", ""]);
      })
    ),
});

Deno.test({
  name: "the compiled program says in one line that the database is away",
  ...NEED,
  async fn() {
    const { path } = await binary("sftpwrap");
    const uri = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=300";
    const { code, stdout, stderr } = await run(path, ["gridfs", uri]);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "sftpwrap: 127.0.0.1:9: the database does not answer\n");
  },
});
