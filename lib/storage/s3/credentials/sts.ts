import { AwsV4Signer } from "aws4fetch";
import type { Keys } from "../client/keys.ts";
import { childText, parseXml } from "../client/xml.ts";
import { ask } from "./ask.ts";
import { CredentialsError, expiry } from "./place.ts";

/** The role to be taken on. */
export interface Role {
  readonly arn: string;
  readonly sessionName?: string | undefined;
  readonly externalId?: string | undefined;
  readonly durationSeconds?: string | undefined;
}

/** Where AWS's token service is. */
export interface TokenService {
  readonly region: string;
  readonly endpoint: URL;
}

/** Takes on a role with other keys. */
export async function assumeRole(service: TokenService, role: Role, keys: Keys): Promise<Keys> {
  return await request(service, role, { Action: "AssumeRole" }, keys);
}

/** Takes on a role with a token of another provider. */
export async function assumeRoleWithToken(
  service: TokenService,
  role: Role,
  token: string,
): Promise<Keys> {
  const parameters = { Action: "AssumeRoleWithWebIdentity", WebIdentityToken: token };
  return await request(service, role, parameters, undefined);
}

async function request(
  { endpoint, region }: TokenService,
  { arn, sessionName = "sftpwrap", externalId, durationSeconds }: Role,
  parameters: Readonly<Record<string, string>>,
  keys: Keys | undefined,
): Promise<Keys> {
  const from = `the role ${arn}`;
  const body = String(
    new URLSearchParams({
      ...{ Version: "2011-06-15", RoleArn: arn, RoleSessionName: sessionName, ...parameters },
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
      ...(durationSeconds === undefined ? {} : { DurationSeconds: durationSeconds }),
    }),
  );
  const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
  const unsigned = { method: "POST", url: endpoint.href, headers, body };
  const { url, ...init } = keys === undefined ? unsigned : await new AwsV4Signer({
    ...unsigned,
    ...{ service: "sts", region },
    ...{ accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
    ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
  }).sign();
  const { status, text } = await ask(
    String(url),
    { method: "POST", headers: init.headers, body },
    from,
  );
  const root = parseXml(text);
  const result = root?.children.find(({ name }) => name.endsWith("Result"));
  const found = result?.children.find(({ name }) => name === "Credentials");
  if (status !== 200 || found === undefined) {
    const error = root?.children.find(({ name }) => name === "Error");
    const code = error === undefined ? undefined : childText(error, "Code");
    throw new CredentialsError(`${from} cannot be taken on: ${code ?? `status ${status}`}`);
  }
  const accessKeyId = childText(found, "AccessKeyId");
  const secretAccessKey = childText(found, "SecretAccessKey");
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new CredentialsError(`${from} has no keys`);
  }
  return {
    ...{ accessKeyId, secretAccessKey, sessionToken: childText(found, "SessionToken") },
    expires: expiry(childText(found, "Expiration"), from),
  };
}
