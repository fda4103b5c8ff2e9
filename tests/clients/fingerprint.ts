import { runOk } from "../support/run.ts";

/** The fingerprint of a key, in the form that curl and PuTTY expect: `SHA256:…`. */
export async function fingerprint(publicKey: string): Promise<string> {
  const [, digest] = (await runOk("ssh-keygen", ["-l", "-f", publicKey])).split(" ");
  return digest ?? "";
}
