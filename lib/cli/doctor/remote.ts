/**
 * The checks of sessions that another host serves: they connect as the session would.
 *
 * @module
 */

import { type Log, LogLevel } from "../../session/log.ts";
import { StorageError } from "../../storage/errors.ts";
import { ConnectError } from "../../storage/proxy/connection_options.ts";
import { StartError } from "../errors.ts";
import type { GridFsCommandOptions } from "../gridfs/options.ts";
import { withLogFile } from "../options/tokens.ts";
import type { ProxyCommandOptions } from "../proxy/options.ts";
import type { S3CommandOptions } from "../s3/options.ts";
import { identity } from "../start/host.ts";
import { bad, type Finding, ok, report, warn } from "./finding.ts";
import { checkHooks } from "../hooks/checks.ts";
import { checkHost } from "./host_checks.ts";
import { checkLog } from "./log_check.ts";
import { checkSessions } from "./sessions_check.ts";

/** The session's part of `sftpwrap doctor proxy`. */
export async function checkProxy(parsed: ProxyCommandOptions): Promise<number> {
  const { connectTo } = await import("../proxy/command.ts");
  const { greet } = await import("../../storage/proxy/greet.ts");
  return await checkRemote(parsed, async (options, log) => {
    const connected = await connectTo(options, { who: identity(), log });
    try {
      const client = await greet(connected);
      if (options.uploads.atomic && !client.supports("posix-rename@openssh.com")) {
        throw new StartError("cannot replace a file in one step, as --atomic-uploads needs");
      }
      return connected.description;
    } finally {
      await connected.close();
    }
  });
}

/** The session's part of `sftpwrap doctor gridfs`, which changes nothing. */
export async function checkGridFsSetup(parsed: GridFsCommandOptions): Promise<number> {
  const { bucketOf } = await import("../gridfs/command.ts");
  const { checkGridFs } = await import("../../storage/gridfs/open.ts");
  return await checkRemote(parsed, async (options, log) => {
    const { place, bucket } = bucketOf(options, { who: identity(), log });
    const left = await foundIn(place.hosts, checkGridFs(place.uri, { ...bucket, mend: false }));
    if (left.length > 0) {
      log.write(LogLevel.ERROR, `crashes have left ${left.length} things (gridfs --check mends)`);
    }
    return place.hosts;
  });
}

/** The session's part of `sftpwrap doctor s3`, which changes nothing. */
export async function checkS3Setup(parsed: S3CommandOptions): Promise<number> {
  const { bucketFor, shown } = await import("../s3/command.ts");
  const { checkS3 } = await import("../../storage/s3/repair/check.ts");
  return await checkRemote(parsed, async (options, log) => {
    const { bucket } = await bucketFor(options, { who: identity(), log });
    const place = shown(bucket);
    const findings = await foundIn(place, checkS3(bucket, { mend: false }));
    const left = findings.filter(({ kind }) => kind === "found").length;
    if (left > 0) {
      log.write(LogLevel.ERROR, `crashes have left ${left} things (s3 --check mends)`);
    }
    return place;
  });
}

async function foundIn<T>(hosts: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StorageError) throw new StartError(`${hosts}: ${error.message}`);
    throw error;
  }
}

async function checkRemote<
  T extends ProxyCommandOptions | GridFsCommandOptions | S3CommandOptions,
>(
  parsed: T,
  connect: (options: T, log: Log) => Promise<string>,
): Promise<number> {
  const found: Finding[] = [];
  const log = {
    level: LogLevel.ERROR,
    write(level: number, line: string) {
      if (level <= LogLevel.ERROR) found.push(warn(`far side: ${line}`));
    },
  };
  const who = identity();
  try {
    const options = withLogFile(parsed, who);
    const { hooks } = options;
    found.push(...checkLog(options), ...checkHooks({ hooks, who }));
    found.push(...checkHost(who), ...checkSessions(options, who));
    found.push(ok(`far side: connected to ${await connect(options, log)}`));
  } catch (error) {
    const known = [StartError, ConnectError];
    if (!(error instanceof Error) || !known.some((kind) => error instanceof kind)) throw error;
    found.push(bad(`far side: ${error.message}`));
  }
  return report(found);
}
