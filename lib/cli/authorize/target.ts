/**
 * What a key can be for: a jail, a proxy, GridFS or a bucket of S3, each with the options of its own subcommand.
 *
 * @module
 */

import { UsageError } from "../errors.ts";
import { gridFsSpec, parseGridFsOptions } from "../gridfs/options.ts";
import { jailSpec, parseJailOptions } from "../jail/options.ts";
import type { OptionSpec } from "../options/args.ts";
import { sessionIn } from "../options/serving_options.ts";
import { parseProxyOptions, proxySpec } from "../proxy/options.ts";
import { parseS3Options, s3Spec } from "../s3/options.ts";

/** A subcommand that a key can start. */
export interface Target {
  readonly name: "jail" | "proxy" | "gridfs" | "s3";
  /** The options of a session. */
  readonly specs: readonly OptionSpec[];
  /**
   * Checks the words after the subcommand, and says what they give in a form that may be shown.
   *
   * @throws {UsageError} If the subcommand would refuse them.
   */
  readonly told: (args: readonly string[]) => string;
  /** Why the words must not be in a line, because others can see the command of a session. */
  readonly secretIn: (args: readonly string[]) => string | undefined;
}

/** Options that are not for a session which sshd starts. */
const NOT_FOR_SESSIONS: readonly string[] = ["help", "query", "check", "command"];

const forSessions = (specs: readonly OptionSpec[]) =>
  specs.filter(({ name }) => !NOT_FOR_SESSIONS.includes(name));

/** A key for a jail. */
export const JAIL: Target = {
  name: "jail",
  specs: forSessions(jailSpec.options),
  told: (args) => sessionIn(parseJailOptions(args)).directory,
  secretIn: () => undefined,
};

const PROXY: Target = {
  name: "proxy",
  specs: forSessions(proxySpec.options),
  told(args) {
    const { user, host, port } = sessionIn(parseProxyOptions(args)).destination;
    return `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
  },
  secretIn: (args) =>
    sessionIn(parseProxyOptions(args)).destination.password === undefined
      ? undefined
      : "--password-file FILE",
};

const GRIDFS: Target = {
  name: "gridfs",
  specs: forSessions(gridFsSpec.options),
  told(args) {
    const { place, uriFile } = sessionIn(parseGridFsOptions(args));
    return place?.hosts ?? uriFile ?? "SFTPWRAP_MONGODB_URI";
  },
  secretIn: (args) =>
    sessionIn(parseGridFsOptions(args)).place?.hasSecret === true ? "--uri-file FILE" : undefined,
};

const S3: Target = {
  name: "s3",
  specs: forSessions(s3Spec.options),
  told(args) {
    const { bucket, prefix } = sessionIn(parseS3Options(args)).place;
    return `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
  },
  secretIn: () => undefined,
};

/** Every subcommand that a key can start. */
export const TARGETS: readonly Target[] = [JAIL, PROXY, GRIDFS, S3];

/**
 * What a command line of `authorize` is for: its other options depend on that.
 *
 * @throws {UsageError} If it names more than one.
 */
export function targetNamed(args: readonly string[]): Target {
  const end = args.indexOf("--");
  const words = end === -1 ? args : args.slice(0, end);
  const isGiven = (option: string) =>
    words.some((word) => word === option || word.startsWith(`${option}=`));
  const [first, second] = TARGETS.filter(({ name }) => isGiven(`--${name}`));
  if (first !== undefined && second !== undefined) {
    throw new UsageError(`--${first.name} and --${second.name} contradict each other`);
  }
  // A file may have the URI of GridFS.
  return first ?? (isGiven("--uri-file") ? GRIDFS : JAIL);
}
