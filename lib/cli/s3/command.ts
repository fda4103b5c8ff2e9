import { messageOf } from "../../message_of.ts";
import { granted } from "../../permissions.ts";
import { serve } from "../../serve/serve.ts";
import { type Log, LogLevel } from "../../session/log.ts";
import type { SessionFacts } from "../../session/observer.ts";
import { StorageError } from "../../storage/errors.ts";
import {
  type Credentials,
  CredentialsError,
  findCredentials,
} from "../../storage/s3/credentials/credentials.ts";
import { openS3, type S3Options } from "../../storage/s3/open.ts";
import { StartError } from "../errors.ts";
import { attend } from "../sessions/attend.ts";
import { expandTokens } from "../options/tokens.ts";
import { servingOf } from "../options/serving_options.ts";
import { environment, type Identity } from "../start/host.ts";
import { prepareRemoteConfinement } from "../start/remote_confinement.ts";
import { startDirectory } from "../start/start_directory.ts";
import { enterConfinement } from "../start/start_log.ts";
import { print } from "../../transport/stdio.ts";
import { runRemoteSession } from "../remote_session.ts";
import { runSubcommand } from "../subcommand.ts";
import { parseS3Options, type S3CommandOptions, s3Spec } from "./options.ts";
import { expandPlace, parseEndpoint } from "./place.ts";

const DEFAULT_REGION = "us-east-1";

/** Runs `sftpwrap s3`, and returns its exit status. */
export async function s3Command(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, { spec: s3Spec, parse: parseS3Options, run, help });
}

async function help({ hooks }: S3CommandOptions): Promise<number> {
  return await (await import("../hooks/helper_process.ts")).help(hooks);
}

async function run(parsed: S3CommandOptions): Promise<number> {
  return await runRemoteSession(parsed, async ({ options, who, session, log }) => {
    const { found, bucket } = await bucketFor(options, { who, log });
    return options.check
      ? await checkBucket(bucket, options)
      : await serveFrom(bucket, options, { who, session, log, found });
  });
}

/** The bucket that the options name, and the keys for it. */
export async function bucketFor(
  options: S3CommandOptions,
  { who, log }: { readonly who: Identity; readonly log: Log },
): Promise<{ readonly bucket: S3Options; readonly found: Credentials }> {
  const found = await credentialsFor(options, log);
  return { bucket: bucketOf(options, { who, found, log }), found };
}

async function credentialsFor({ profile }: S3CommandOptions, log: Log): Promise<Credentials> {
  const report = (line: string) => log.write(LogLevel.ERROR, line);
  try {
    return await findCredentials({ variables: environment, profile, report });
  } catch (error) {
    throw error instanceof CredentialsError ? new StartError(error.message) : error;
  }
}

function bucketOf(
  options: S3CommandOptions,
  { who, found, log }: {
    readonly who: Identity;
    readonly found: Credentials;
    readonly log: Log;
  },
): S3Options {
  const { storageClass, sse, sseKmsKeyId, acl, umask, plainListings } = options;
  const endpoint = options.endpoint ??
    (found.endpoint === undefined ? undefined : parseEndpoint(found.endpoint));
  return {
    ...expandPlace(options.place, who),
    ...{ endpoint, umask, plainListings, keys: found.keys, uid: who.uid },
    region: options.region ?? found.region ?? DEFAULT_REGION,
    pathStyle: options.pathStyle ? true : undefined,
    caCerts: found.caBundle === undefined ? undefined : [certificates(found.caBundle)],
    uploads: { storageClass, sse, sseKmsKeyId, acl },
    gid: granted({ name: "sys", kind: "gid" }) ? Deno.gid() ?? undefined : undefined,
    log: (line) => log.write(LogLevel.INFO, line),
    report: (line, isFinal) => log.write(isFinal ? LogLevel.ERROR : LogLevel.VERBOSE, line),
  };
}

function certificates(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw new StartError(`cannot read the certificates in ${file}: ${messageOf(error)}`);
  }
}

async function serveFrom(
  bucket: S3Options,
  options: S3CommandOptions,
  { who, session, log, found }: {
    readonly who: Identity;
    readonly session: SessionFacts;
    readonly log: Log;
    readonly found: Credentials;
  },
): Promise<number> {
  const place = shown(bucket);
  const serves = { s3: place };
  const attendance = await attend(options, { who, session, serves });
  const { hooks: plan, logUser, logHash } = options;
  const hooks = plan && (await import("../hooks/session.ts"))
    .startHooks(plan, { session, logUser, logHash, directory: undefined, who, log });
  const { drops, beforePublish } = hooks ?? {};
  const storage = await refused(openS3({ ...bucket, beforePublish }), place);
  const wanted = expandTokens(options.startDirectory ?? "/", who);
  const start = await startDirectory(storage, wanted, log);
  const serving = servingOf(options, attendance);
  const { reads, runs } = found.renewal;
  const confinement = prepareRemoteConfinement({
    network: true,
    drops,
    files: reads,
    program: runs,
  });
  enterConfinement(confinement, log);
  log.write(LogLevel.INFO, `connected to ${place} with keys from ${found.from}`);
  return await serve(storage, {
    log,
    ...serving,
    ...hooks?.serving,
    startDirectory: start,
    ...session,
    serves,
    // What the client waits for is unknown here, and this thread must not keep it waiting.
    transport: confinement.prompt({ isIdle: () => false }),
    // Never resolves: a server that is away may come back.
    failed: new Promise<string>(() => {}),
  });
}

/** The bucket in a form that may be shown. */
export function shown({ bucket, prefix, endpoint }: S3Options): string {
  const path = prefix === undefined || prefix === "" ? bucket : `${bucket}/${prefix}`;
  return `s3://${path}` + (endpoint === undefined ? "" : ` at ${endpoint.host}`);
}

async function refused<T>(answer: Promise<T>, place: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StorageError) throw new StartError(`${place}: ${error.message}`);
    throw error;
  }
}

async function checkBucket(bucket: S3Options, { readOnly }: S3CommandOptions): Promise<number> {
  const { checkS3 } = await import("../../storage/s3/repair/check.ts");
  const findings = await refused(checkS3(bucket, { mend: !readOnly }), shown(bucket));
  for (const { kind, text } of findings) print(`${kind}: ${text}\n`);
  return findings.some(({ kind }) => kind === "bad" || kind === "found") ? 1 : 0;
}
