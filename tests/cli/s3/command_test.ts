import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { noise, withTempDir } from "../../support/files.ts";
import { run, type RunResult } from "../../support/run.ts";
import { needsS3, type S3, withS3 } from "../../support/s3.ts";
import { startServer } from "../../support/server.ts";

const MIB = 1024 * 1024;
const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));

function words(args: readonly string[], permissions: readonly string[] = ["-A"]): string[] {
  const deno = ["run", "--no-prompt", "--no-check", "--quiet", ...permissions];
  return [...deno, MAIN, "s3", ...args];
}

function variablesOf({ keys }: Pick<S3, "keys">): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

async function s3(args: readonly string[], env: Record<string, string>): Promise<RunResult> {
  return await run(Deno.execPath(), words(args), { env });
}

const NO_KEYS = variablesOf({ keys: { accessKeyId: "key", secretAccessKey: "hunter2" } });

Deno.test("sftpwrap s3 says in one line and in the log that its server is away", async () => {
  await withTempDir(async (directory) => {
    const log = `${directory}/log`;
    const args = ["-l", log, "--endpoint", "http://127.0.0.1:9", "s3://bucket/files"];
    const { code, stdout, stderr } = await s3(args, NO_KEYS);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^sftpwrap: s3:\/\/bucket\/files at 127\.0\.0\.1:9: [^\n]+\n$/);
    const logged = await Deno.readTextFile(log);
    assertStringIncludes(logged, " session not started: s3://bucket/files at 127.0.0.1:9: ");
    assertEquals(/hunter2/.test(stderr + logged), false);
  });
});

Deno.test({
  name: "sftpwrap s3 serves a bucket with nothing but --allow-net and its variables",
  ...needsS3(),
  fn: () =>
    withS3(async (bucket) => {
      const content = noise(3 * MIB);
      const permissions = [
        `--allow-net=${new URL(bucket.endpoint).host}`,
        "--allow-env=AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY,USER",
      ];
      const args = words(["--endpoint", bucket.endpoint, "s3://bucket/of %u"], permissions);
      const env = { ...variablesOf(bucket), USER: "ada" };
      {
        await using server = await startServer(Deno.execPath(), args, { env });
        await server.client.writeFile("/file", content);
        assertEquals(await server.client.readFile("/file"), content);
      }
      const stored = await bucket.request("/bucket/of%20ada/file");
      assertEquals(new Uint8Array(await stored.arrayBuffer()), content);
    }),
});

Deno.test({
  name: "sftpwrap s3 --check tries all that sessions need, and leaves the bucket as it was",
  ...needsS3(),
  fn: () =>
    withS3(async (bucket) => {
      const args = ["--check", "--endpoint", bucket.endpoint, "s3://bucket"];
      const { code, stdout, stderr } = await s3(args, variablesOf(bucket));
      assertEquals([code, stderr], [0, ""]);
      for (const what of ["writing", "reading", "If-None-Match", "copying", "uploads in parts"]) {
        assertMatch(stdout, new RegExp(`^(?:good|note): ${what}: `, "m"));
      }
      const listing = await (await bucket.request("/bucket?list-type=2")).text();
      assertMatch(listing, /<KeyCount>0<\/KeyCount>/);
    }),
});

Deno.test({
  name: "sftpwrap doctor looks at the bucket of a session, and changes nothing",
  ...needsS3(),
  fn: () =>
    withS3(async (bucket) => {
      const deno = words([], ["-A"]).slice(0, -1);
      const session = ["s3", "--endpoint", bucket.endpoint];
      const doctor = async (place: string) =>
        await run(Deno.execPath(), [...deno, "doctor", "--no-sshd", ...session, place], {
          env: variablesOf(bucket),
        });
      const { stdout } = await doctor("s3://bucket");
      assertStringIncludes(stdout, "far side: connected to s3://bucket at ");
      const missing = await doctor("s3://nowhere");
      assertEquals(missing.code, 1);
      assertStringIncludes(missing.stdout, ": the bucket does not exist\n");
    }),
});

Deno.test({
  name: "sftpwrap s3 says of a missing bucket and of wrong keys what is wrong",
  ...needsS3(),
  fn: () =>
    withS3(async (bucket) => {
      const env = variablesOf(bucket);
      const missing = await s3(["--endpoint", bucket.endpoint, "s3://nowhere"], env);
      assertEquals([missing.code, missing.stdout], [1, ""]);
      assertStringIncludes(missing.stderr, ": the bucket does not exist\n");
      const wrong = await s3(["--endpoint", bucket.endpoint, "s3://bucket"], {
        ...env,
        AWS_SECRET_ACCESS_KEY: "wrong",
      });
      assertEquals([wrong.code, wrong.stdout], [1, ""]);
      assertStringIncludes(wrong.stderr, ": the server refuses the signature");
    }, { isStrict: true }),
});
