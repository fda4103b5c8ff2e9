import type { CommandSpec, OptionSpec, ParsedArgs } from "../options/args.ts";
import { UsageError } from "../errors.ts";
import { parseSession, type ServingOptions, sessionSpecs } from "../options/serving_options.ts";
import { parseEndpoint, parsePlace, type Place } from "./place.ts";

/** The parsed command line of `sftpwrap s3`. */
export interface S3CommandOptions extends ServingOptions {
  /** With the tokens that it was given with. */
  readonly place: Place;
  readonly endpoint: URL | undefined;
  readonly region: string | undefined;
  readonly pathStyle: boolean;
  readonly profile: string | undefined;
  readonly storageClass: string | undefined;
  readonly sse: string | undefined;
  readonly sseKmsKeyId: string | undefined;
  readonly acl: string | undefined;
  readonly plainListings: boolean;
  /** Check the bucket, instead of serving. */
  readonly check: boolean;
}

/** Encryption by the server. */
const SSE_METHODS: readonly string[] = ["AES256", "aws:kms", "aws:kms:dsse"];

const own: readonly OptionSpec[] = [
  { name: "endpoint", value: "URL", help: "the server, if it is not AWS" },
  { name: "region", value: "NAME", help: "the region (default: AWS_REGION, or us-east-1)" },
  { name: "path-style", help: "name the bucket in the path at AWS, too, instead of the host" },
  { name: "profile", value: "NAME", help: "take keys from this profile of ~/.aws" },
  { name: "storage-class", value: "CLASS", help: "storage class of new objects" },
  {
    name: "sse",
    value: "METHOD",
    choices: SSE_METHODS,
    help: "have the server encrypt: AES256, aws:kms, aws:kms:dsse",
  },
  { name: "sse-kms-key-id", value: "KEY", help: "the key for --sse=aws:kms" },
  { name: "acl", value: "ACL", help: "canned ACL of new objects" },
  {
    name: "plain-listings",
    help: "list without a request for each file: no modes, times as in S3, links as files",
  },
  { name: "check", help: "try the bucket, and remove what crashes left (not with --read-only)" },
];

/** The command line of `sftpwrap s3`. */
export const s3Spec: CommandSpec = {
  name: "s3",
  forms: ["[options] s3://BUCKET[/PREFIX]"],
  about: `
Serves SFTP on standard input and output; the files are the objects of a bucket
of S3 whose keys begin with PREFIX. %u in BUCKET and PREFIX is the user. Keys
are found where all programs for AWS look for them: the variables AWS_…, the
files in ~/.aws, the endpoints of containers and instances.
`,
  options: sessionSpecs(own),
};

/**
 * Parses what follows `sftpwrap s3`.
 *
 * @returns The options, or what to print instead of serving.
 * @throws {UsageError} If the command line cannot be understood.
 */
export function parseS3Options(
  args: readonly string[],
): S3CommandOptions | { readonly print: string } {
  return parseSession(args, s3Spec, ownOptions);
}

function ownOptions({ values, switches, operands }: ParsedArgs) {
  const [place, ...more] = operands;
  if (place === undefined) throw new UsageError("s3://BUCKET is missing");
  if (more.length > 0) throw new UsageError("there is more than one place");
  const endpoint = values.get("endpoint");
  const [sse, sseKmsKeyId] = [values.get("sse"), values.get("sse-kms-key-id")];
  if (sse !== undefined && !SSE_METHODS.includes(sse)) {
    throw new UsageError(`--sse is not one of ${SSE_METHODS.join(", ")}`);
  }
  if (sseKmsKeyId !== undefined && !sse?.startsWith("aws:kms")) {
    throw new UsageError("--sse-kms-key-id needs --sse=aws:kms or --sse=aws:kms:dsse");
  }
  return {
    place: parsePlace(place),
    endpoint: endpoint === undefined ? undefined : parseEndpoint(endpoint),
    region: values.get("region"),
    pathStyle: switches.has("path-style"),
    profile: values.get("profile"),
    storageClass: values.get("storage-class"),
    sse,
    sseKmsKeyId,
    acl: values.get("acl"),
    plainListings: switches.has("plain-listings"),
    check: switches.has("check"),
  };
}
