import type { Keys } from "../client/keys.ts";
import { hostOf } from "./ask.ts";
import { processPlace } from "./credential_process.ts";
import { containerPlace, instancePlace, readToken } from "./endpoint_places.ts";
import { CredentialsError, type KeyPlace, type Variables } from "./place.ts";
import type { Profile, Profiles } from "./profiles.ts";
import { assumeRole, assumeRoleWithToken, type Role, type TokenService } from "./sts.ts";

/** What keys of a profile may depend on besides the profile. */
export interface Surroundings {
  readonly variables: Variables;
  readonly profiles: Profiles;
  readonly region: string;
}

/** The keys that a profile leads to, or undefined if it names none. */
export function profilePlace(
  name: string,
  surroundings: Surroundings,
  above: readonly string[] = [],
): KeyPlace | undefined {
  const profile = surroundings.profiles.get(name);
  if (profile === undefined) throw new CredentialsError(`there is no profile "${name}"`);
  // A profile whose role is taken on with its own keys names itself.
  const arn = above.at(-1) === name ? undefined : profile.get("role_arn");
  if (arn !== undefined) return rolePlace(arn, name, profile, { ...surroundings, above });
  const fixed = fixedPlace(name, profile);
  if (fixed !== undefined) return fixed;
  const line = profile.get("credential_process");
  if (line !== undefined) return processPlace(line, name);
  if (profile.has("sso_session") || profile.has("sso_start_url")) {
    throw new CredentialsError(
      `the profile "${name}" signs on by a browser: use a credential_process ` +
        "such as `aws configure export-credentials`",
    );
  }
  return undefined;
}

function fixedPlace(name: string, profile: Profile): KeyPlace | undefined {
  const accessKeyId = profile.get("aws_access_key_id");
  const secretAccessKey = profile.get("aws_secret_access_key");
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new CredentialsError(`the profile "${name}" has only one half of its keys`);
  }
  const keys: Keys = {
    ...{ accessKeyId, secretAccessKey, sessionToken: profile.get("aws_session_token") },
  };
  return { name: `the profile "${name}"`, load: () => Promise.resolve(keys) };
}

function rolePlace(
  arn: string,
  name: string,
  profile: Profile,
  surroundings: Surroundings & { readonly above: readonly string[] },
): KeyPlace {
  if (profile.has("mfa_serial")) {
    throw new CredentialsError(`the role of the profile "${name}" wants a code of a device`);
  }
  const role = {
    arn,
    sessionName: profile.get("role_session_name"),
    externalId: profile.get("external_id"),
    durationSeconds: profile.get("duration_seconds"),
  };
  const service = tokenService(
    surroundings.variables,
    profile.get("region") ?? surroundings.region,
  );
  const title = `the role of the profile "${name}"`;
  const file = profile.get("web_identity_token_file");
  if (file !== undefined) return tokenPlace(title, file, role, service);
  const source = sourcePlace(name, profile, surroundings);
  return {
    ...source,
    name: title,
    asks: [...source.asks ?? [], hostOf(service.endpoint)],
    load: async () => await assumeRole(service, role, await source.load()),
  };
}

/** Where the keys come from with which a role is taken on. */
function sourcePlace(
  name: string,
  profile: Profile,
  surroundings: Surroundings & { readonly above: readonly string[] },
): KeyPlace {
  const { variables, above } = surroundings;
  const from = profile.get("source_profile");
  const wanted = profile.get("credential_source");
  if (from !== undefined) {
    if (above.includes(from)) throw new CredentialsError(`the profile "${from}" leads to itself`);
    const found = profilePlace(from, surroundings, [...above, name]);
    if (found !== undefined) return found;
    throw new CredentialsError(`the profile "${from}" has no keys`);
  }
  const places: Record<string, () => KeyPlace | undefined> = {
    Environment: () => environmentPlace(variables),
    Ec2InstanceMetadata: () => instancePlace(variables),
    EcsContainer: () => containerPlace(variables),
  };
  const found = wanted !== undefined && Object.hasOwn(places, wanted)
    ? places[wanted]?.()
    : undefined;
  if (found !== undefined) return found;
  throw new CredentialsError(
    `the role of the profile "${name}" has no keys to take it on with ` +
      "(source_profile or credential_source)",
  );
}

/** A role that is taken on with the token in a file. */
export function tokenPlace(
  name: string,
  file: string,
  role: Role,
  service: TokenService,
): KeyPlace {
  return {
    name,
    reads: [file],
    asks: [hostOf(service.endpoint)],
    load: async () => await assumeRoleWithToken(service, role, await readToken(file)),
  };
}

/** The keys in the environment, if there are any. */
export function environmentPlace(variables: Variables): KeyPlace | undefined {
  const accessKeyId = variables("AWS_ACCESS_KEY_ID");
  const secretAccessKey = variables("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const [set, unset] = accessKeyId === undefined
      ? ["SECRET_ACCESS_KEY", "ACCESS_KEY_ID"]
      : ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY"];
    throw new CredentialsError(`AWS_${set} is set without AWS_${unset}`);
  }
  const keys: Keys = {
    ...{ accessKeyId, secretAccessKey, sessionToken: variables("AWS_SESSION_TOKEN") },
  };
  return { name: "the environment", load: () => Promise.resolve(keys) };
}

/** AWS's token service of a region, or the one that the environment names. */
export function tokenService(variables: Variables, region: string): TokenService {
  const text = variables("AWS_ENDPOINT_URL_STS") ??
    `https://sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  const endpoint = URL.parse(text);
  if (endpoint === null) throw new CredentialsError(`AWS_ENDPOINT_URL_STS is not a URL: ${text}`);
  return { region, endpoint };
}
