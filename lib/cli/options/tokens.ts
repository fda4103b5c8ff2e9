import { StartError, UsageError } from "../errors.ts";

/** What the tokens of a path stand for; absent if it is not known. */
export interface TokenValues {
  /** `%u` */
  readonly user: string | undefined;
  /** `%U` */
  readonly uid: number | undefined;
  /** `%h` and `%d` */
  readonly home: string | undefined;
}

/**
 * Expands the tokens of sshd_config and of OpenSSH's sftp-server: `%u` user, `%U` user number, `%h`
 * and `%d` home directory, `%%` a percent sign.
 */
export function expandTokens(text: string, values: TokenValues): string {
  return text.replace(/%(.?)/gs, (token, letter: string) => {
    switch (letter) {
      case "%":
        return "%";
      case "u":
        return oneSegment(known(token, values.user, "USER", "LOGNAME"));
      case "U":
        return String(known(token, values.uid));
      case "h":
      case "d":
        return known(token, values.home, "HOME");
      default:
        throw new UsageError(`unknown token ${token} in "${text}" (known: %u %U %h %d %%)`);
    }
  });
}

/** The options with the tokens of the log file's path expanded. */
export function withLogFile<T extends { readonly logFile: string | undefined }>(
  options: T,
  values: TokenValues,
): T {
  const { logFile } = options;
  return logFile === undefined ? options : { ...options, logFile: expandTokens(logFile, values) };
}

/** @param variables Those that it is taken from; none for the user's number. */
function known<T>(token: string, value: T | undefined, ...variables: readonly string[]): T {
  if (value !== undefined) return value;
  const flag = variables.length === 0 ? "--allow-sys=uid" : `--allow-env=${variables.join(",")}`;
  const reasons = [
    ...variables.length === 0 ? [] : [`${variables.join(" and ")} not set`],
    // A compiled program has no flags.
    ...Deno.build.standalone && variables.length > 0 ? [] : [`no permission (${flag})`],
  ];
  throw new StartError(`${token} is not known here: ${reasons.join(", or ")}`);
}

/** A user's name must not lead through directories. */
function oneSegment(user: string): string {
  if (user === "" || user === "." || user === ".." || user.includes("/")) {
    throw new StartError(`user name "${user}" cannot be part of a path`);
  }
  return user;
}
