import { assertEquals, assertRejects } from "@std/assert";
import { StorageError } from "../../../../lib/storage/errors.ts";
import {
  readTlsFiles,
  type TlsOptions,
} from "../../../../lib/storage/gridfs/database/tls_files.ts";
import { withTempDir } from "../../../support/files.ts";
import { needs } from "../../../support/programs.ts";
import { runOk } from "../../../support/run.ts";

const FILE_OPTIONS = ["tlsCAFile", "tlsCRLFile", "tlsCertificateKeyFile"] as const;

async function told(options: TlsOptions): Promise<string> {
  const error = await assertRejects(() => readTlsFiles({ tls: true, ...options }), StorageError);
  return error.message;
}

Deno.test("readTlsFiles() says which file cannot be read and why, but not its path", async () => {
  await withTempDir(async (directory) => {
    const [rubbish, empty, closed] = [`${directory}/r`, `${directory}/e`, `${directory}/c`];
    await Deno.writeTextFile(rubbish, "rubbish\n");
    await Deno.writeTextFile(empty, "");
    await Deno.writeTextFile(closed, "rubbish\n", { mode: 0o000 });
    const isRoot = Deno.uid() === 0;
    for (const option of FILE_OPTIONS) {
      const start = `the file of ${option}`;
      const missing = await told({ [option]: `${directory}/missing` });
      assertEquals(missing, `${start} cannot be read: no such file`);
      const folder = await told({ [option]: directory });
      assertEquals(folder, `${start} cannot be read: it is a directory`);
      const denied = await told({ [option]: closed });
      if (!isRoot) assertEquals(denied, `${start} cannot be read: permission denied`);
      const what = option === "tlsCRLFile" ? "no list" : "no certificate";
      for (const path of [rubbish, empty]) {
        assertEquals(await told({ [option]: path }), `${start} holds ${what}`);
      }
    }
  });
});

Deno.test("readTlsFiles() reads nothing if the URI does not ask for TLS", async () => {
  assertEquals(await readTlsFiles({ tlsCAFile: "/nowhere" }), {});
  assertEquals(await readTlsFiles({ tls: true }), {});
});

Deno.test({
  name: "readTlsFiles() decrypts a key with its passphrase, and says if that is wrong",
  ...needs("openssl"),
  fn: () =>
    withTempDir(async (directory) => {
      const at = (name: string) => `${directory}/${name}`;
      await runOk("openssl", [
        ...["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-subj", "/CN=test", "-days", "2", "-out", at("cert"), "-keyout", at("key")],
      ]);
      await runOk("openssl", [
        ...["pkcs8", "-topk8", "-in", at("key"), "-out", at("locked"), "-passout", "pass:hunter2"],
      ]);
      const [cert, key, locked] = await Promise.all(
        ["cert", "key", "locked"].map((name) => Deno.readTextFile(at(name))),
      );
      await Deno.writeTextFile(at("both"), key! + cert!);
      await Deno.writeTextFile(at("opened"), cert! + locked!);
      await Deno.writeTextFile(
        at("broken"),
        cert! + key!.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA"),
      );
      const read = (tlsCertificateKeyFile: string, tlsCertificateKeyFilePassword?: string) =>
        readTlsFiles({ tls: true, tlsCertificateKeyFile, tlsCertificateKeyFilePassword });
      assertEquals((await read(at("both"))).key, key!.trim());
      assertEquals((await read(at("opened"), "hunter2")).key, key);
      const reasons = [
        [at("cert"), undefined, "no private key"],
        [at("key"), undefined, "no certificate"],
        [at("broken"), undefined, "no private key that can be read"],
        [at("opened"), undefined, "a key that needs tlsCertificateKeyFilePassword"],
        [at("opened"), "hunter3", "a key that tlsCertificateKeyFilePassword does not open"],
        [at("opened"), "", "a key that tlsCertificateKeyFilePassword does not open"],
      ] as const;
      for (const [tlsCertificateKeyFile, tlsCertificateKeyFilePassword, what] of reasons) {
        const reason = await told({ tlsCertificateKeyFile, tlsCertificateKeyFilePassword });
        assertEquals(reason, `the file of tlsCertificateKeyFile holds ${what}`);
      }
    }),
});
