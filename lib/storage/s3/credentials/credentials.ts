/**
 * Keys and settings from the standard places of AWS's programs.
 *
 * @module
 */

import { fixedKeys, type KeySource } from "../client/keys.ts";
import { messageOf } from "../../../message_of.ts";
import { containerPlace, INSTANCE as LAST_PLACE, instancePlace } from "./endpoint_places.ts";
import { CredentialsError, type KeyPlace, type Variables } from "./place.ts";
import { environmentPlace, profilePlace, tokenPlace, tokenService } from "./profile_place.ts";
import { readProfiles } from "./profiles.ts";
import { RenewedKeys } from "./renewed_keys.ts";

export { CredentialsError, type Variables } from "./place.ts";

/** Where to look. */
export interface CredentialsOptions {
  /** Reads the environment. */
  readonly variables: Variables;
  /** The profile of the command line, which comes before everything else. */
  readonly profile?: string | undefined;
  /** Is told why keys could not be renewed. */
  readonly report?: ((line: string) => void) | undefined;
}

/** What was found. */
export interface Credentials {
  readonly keys: KeySource;
  /** Where the keys come from, for a person. */
  readonly from: string;
  /** What is needed to renew the keys: nothing where they do not expire. */
  readonly renewal: Pick<KeyPlace, "reads" | "runs" | "asks">;
  /** Settings from the same places, where the command line has none. */
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  /** A file with certificates to trust. */
  readonly caBundle: string | undefined;
}

/** AWS's own default. */
const DEFAULT_REGION = "us-east-1";

/**
 * Finds keys: with a profile of the command line, there; otherwise in the environment, by a token
 * that the environment names, in the shared files, at the container's endpoint, and at the
 * instance's, in this order.
 *
 * @throws {CredentialsError} If there are none, or if what is there cannot be used.
 */
export async function findCredentials(options: CredentialsOptions): Promise<Credentials> {
  const { profile: asked, report } = options;
  const variables: Variables = (name) => options.variables(name) || undefined;
  const profiles = await readProfiles(variables);
  const named = asked ?? variables("AWS_PROFILE");
  const profile = profiles.get(named ?? "default");
  const region = variables("AWS_REGION") ?? variables("AWS_DEFAULT_REGION") ??
    profile?.get("region");
  const surroundings = { variables, profiles, region: region ?? DEFAULT_REGION };

  const ofProfile = () =>
    named === undefined && profile === undefined
      ? undefined
      : profilePlace(named ?? "default", surroundings);
  const place = asked !== undefined ? ofProfile() : environmentPlace(variables) ??
    environmentToken(variables, surroundings.region) ?? ofProfile() ??
    containerPlace(variables) ?? instancePlace(variables);
  if (place === undefined) {
    throw new CredentialsError(
      asked === undefined
        ? "there are no keys in the environment and the shared files"
        : `the profile "${asked}" has no keys`,
    );
  }
  const keys = await place.load().catch((error: unknown) => {
    if (asked !== undefined || place.name !== LAST_PLACE) throw error;
    const reason = `there are no keys in the environment and the shared files: ${messageOf(error)}`;
    throw new CredentialsError(reason, { cause: error });
  });
  const { reads, runs, asks } = place;
  return {
    keys: keys.expires === undefined ? fixedKeys(keys) : new RenewedKeys(place, keys, { report }),
    from: place.name,
    renewal: keys.expires === undefined ? {} : { reads, runs, asks },
    region,
    endpoint: variables("AWS_ENDPOINT_URL_S3") ?? variables("AWS_ENDPOINT_URL") ??
      profile?.get("endpoint_url"),
    caBundle: variables("AWS_CA_BUNDLE") ?? profile?.get("ca_bundle"),
  };
}

/** A role with a token in a file, as Kubernetes names them in the environment. */
function environmentToken(variables: Variables, region: string): KeyPlace | undefined {
  const file = variables("AWS_WEB_IDENTITY_TOKEN_FILE");
  const arn = variables("AWS_ROLE_ARN");
  if (file === undefined || arn === undefined) return undefined;
  const role = { arn, sessionName: variables("AWS_ROLE_SESSION_NAME") };
  return tokenPlace("the role in the environment", file, role, tokenService(variables, region));
}
