/**
 * A server for the tests of S3: moto, which `tests/support/moto/build` installs.
 *
 * ```ts
 * Deno.test({
 *   name: "S3Storage reads what another program wrote",
 *   ...needsS3(),
 *   fn: () => withS3(async ({ endpoint, bucket }) => {}),
 * });
 * ```
 *
 * @module
 */

import { AwsClient } from "aws4fetch";
import { type Need, needs } from "./programs.ts";

/** A bucket on a server of the test's own. */
export interface S3 {
  /** Its URL, without a `/` at the end. */
  readonly endpoint: string;
  /** The name of an empty bucket. */
  readonly bucket: string;
  readonly region: string;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /**
   * Sends a request that is signed for a service, as another program would.
   *
   * @param path What comes after the endpoint.
   */
  request(path: string, init?: RequestInit & { readonly service?: string }): Promise<Response>;
}

/** Properties of the server. */
export interface S3Options {
  /** Whether it checks signatures and policies of its users. */
  readonly isStrict?: boolean;
}

/** What a test needs that uses {@linkcode withS3}. */
export function needsS3(...further: string[]): Need {
  return needs(`${moto()}/wanted`, ...further);
}

/** Runs `use` with a new server that has one empty bucket, and ends it afterwards. */
export async function withS3<T>(
  use: (s3: S3) => Promise<T>,
  { isStrict = false }: S3Options = {},
): Promise<T> {
  const child = new Deno.Command(`${moto()}/bin/python`, {
    args: [new URL("moto/serve.py", import.meta.url).pathname],
    // The user of a strict server is made by requests that it does not check yet.
    env: isStrict ? { INITIAL_NO_AUTH_ACTION_COUNT: String(MAKING_A_USER) } : {},
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value: address } = await lines.read();
    if (address === undefined) throw new Error(`moto did not start: ${await said}`);
    return await use(await prepare(`http://${address.trim()}`, isStrict));
  } finally {
    child.kill("SIGKILL");
    await Promise.all([child.status, said, lines.cancel(), child.stdin.close().catch(() => {})]);
  }
}

/** The requests of {@linkcode makeUser}, and the one that makes the bucket. */
const MAKING_A_USER = 4;

async function prepare(endpoint: string, isStrict: boolean): Promise<S3> {
  const region = "us-east-1";
  const bucket = "bucket";
  const first = signer({ accessKeyId: "key", secretAccessKey: "secret/+" }, { endpoint, region });
  await answered(first.request(`/${bucket}`, { method: "PUT" }));
  const keys = isStrict ? await makeUser(first.request) : first.keys;
  return { endpoint, bucket, region, ...signer(keys, { endpoint, region }) };
}

function signer(keys: S3["keys"], { endpoint, region }: Pick<S3, "endpoint" | "region">) {
  const request: S3["request"] = async (path, { service = "s3", ...init } = {}) => {
    const client = new AwsClient({ ...keys, service, region });
    return await fetch(await client.sign(`${endpoint}${path}`, init));
  };
  return { keys, request };
}

/** Makes a user that may do everything; returns its keys. */
async function makeUser(request: S3["request"]): Promise<S3["keys"]> {
  const iam = (parameters: Record<string, string>) => {
    const body = new URLSearchParams({ Version: "2010-05-08", UserName: "user", ...parameters });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const init = { method: "POST", body: String(body), headers, service: "iam" };
    return answered(request("/", init));
  };
  const all = { Effect: "Allow", Action: "*", Resource: "*" };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [all] });
  await iam({ Action: "CreateUser" });
  await iam({ Action: "PutUserPolicy", PolicyName: "policy", PolicyDocument: policy });
  const made = await iam({ Action: "CreateAccessKey" });
  const [, accessKeyId = ""] = /<AccessKeyId>([^<]+)/.exec(made) ?? [];
  const [, secretAccessKey = ""] = /<SecretAccessKey>([^<]+)/.exec(made) ?? [];
  return { accessKeyId, secretAccessKey };
}

/** The text of an answer that reports success. */
async function answered(response: Promise<Response>): Promise<string> {
  const { ok, status } = await response;
  const text = await (await response).text();
  if (!ok) throw new Error(`moto answered ${status}: ${text}`);
  return text;
}

/** The folder of moto's virtual environment. */
function moto(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? ""}/.cache`;
  return Deno.env.get("SFTPWRAP_MOTO") ?? `${cache}/sftpwrap/moto`;
}
