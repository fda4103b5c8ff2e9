import { createPrivateKey, X509Certificate } from "node:crypto";
import type { MongoClientOptions } from "mongodb";
import { StorageError } from "../../errors.ts";

/** What the URI says about TLS, by the driver's names. */
export interface TlsOptions {
  readonly tls?: boolean | undefined;
  readonly tlsCAFile?: string | undefined;
  readonly tlsCRLFile?: string | undefined;
  readonly tlsCertificateKeyFile?: string | undefined;
  readonly tlsCertificateKeyFilePassword?: string | undefined;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^]+?-----END \1-----/;
const IS_ENCRYPTED = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/;

/**
 * Reads the files that a URI names for TLS, once for all clients: they may not be readable later.
 * The driver itself does not report what is wrong with one.
 *
 * @throws {StorageError} If one cannot be read, or contains something else.
 */
export async function readTlsFiles(options: TlsOptions): Promise<MongoClientOptions> {
  const { tls, tlsCAFile, tlsCRLFile, tlsCertificateKeyFile } = options;
  const files: MongoClientOptions = {};
  if (!tls) return files;
  if (tlsCAFile !== undefined) {
    const ca = await textOf("tlsCAFile", tlsCAFile);
    requireCertificate("tlsCAFile", ca);
    Object.assign(files, { ca });
  }
  if (tlsCRLFile !== undefined) {
    const crl = await textOf("tlsCRLFile", tlsCRLFile);
    if (!crl.includes("-----BEGIN X509 CRL-----")) throw useless("tlsCRLFile", "no list");
    Object.assign(files, { crl });
  }
  if (tlsCertificateKeyFile !== undefined) {
    const cert = await textOf("tlsCertificateKeyFile", tlsCertificateKeyFile);
    requireCertificate("tlsCertificateKeyFile", cert);
    Object.assign(files, { cert, key: privateKeyIn(cert, options.tlsCertificateKeyFilePassword) });
  }
  return files;
}

async function textOf(option: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new StorageError("failure", `the file of ${option} cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotCapable) return "--allow-read does not name it";
  return error instanceof Error ? error.name : "unknown";
}

function useless(option: string, what: string): StorageError {
  return new StorageError("failure", `the file of ${option} holds ${what}`);
}

function requireCertificate(option: string, text: string): void {
  for (const [pem] of text.matchAll(CERTIFICATE)) {
    try {
      new X509Certificate(pem);
      return;
    } catch (error) {
      // Another certificate may be valid.
      if (!(error instanceof Error)) throw error;
    }
  }
  throw useless(option, "no certificate");
}

/** The private key, which Deno's TLS accepts only unencrypted. */
function privateKeyIn(text: string, passphrase: string | undefined): string {
  const option = "tlsCertificateKeyFile";
  const pem = PRIVATE_KEY.exec(text)?.[0];
  if (pem === undefined) throw useless(option, "no private key");
  const isEncrypted = IS_ENCRYPTED.test(pem);
  if (isEncrypted && passphrase === undefined) {
    throw useless(option, "a key that needs tlsCertificateKeyFilePassword");
  }
  try {
    const key = createPrivateKey(isEncrypted ? { key: pem, passphrase: passphrase! } : pem);
    return isEncrypted ? String(key.export({ type: "pkcs8", format: "pem" })) : pem;
  } catch (error) {
    const what = isEncrypted
      ? "a key that tlsCertificateKeyFilePassword does not open"
      : "no private key that can be read";
    throw new StorageError("failure", `the file of ${option} holds ${what}`, { cause: error });
  }
}
