import { LogLevel } from "../../session/log.ts";
import { JailStorage } from "../../storage/local/jail.ts";
import { noAccounts } from "../../storage/local/accounts.ts";
import { StartError } from "../errors.ts";
import { expandTokens } from "../options/tokens.ts";
import { prepareConfinement } from "../start/confinement.ts";
import { startDirectory } from "../start/start_directory.ts";
import { bad, type Finding, ok } from "./finding.ts";
import type { CheckedJail } from "./checked_jail.ts";

/** Whether the session can start where `-d` says. */
export async function checkStartDirectory(
  { directory, options, who }: CheckedJail,
): Promise<Finding[]> {
  if (options.startDirectory === undefined) return [];
  const wanted = expandTokens(options.startDirectory, who);
  const said: string[] = [];
  const log = { level: LogLevel.ERROR, write: (_: number, line: string) => void said.push(line) };
  try {
    const { confine: mode, readOnly } = options;
    const { root } = await prepareConfinement({ directory, mode, readOnly });
    const place = await startDirectory(new JailStorage(root, noAccounts), wanted, log);
    return said.length === 0
      ? [ok(`start directory: ${place}`)]
      : said.map((line) => bad(`${line}, so the session starts at /`));
  } catch (error) {
    // The rings' check says what keeps the jail from being opened.
    if (error instanceof StartError) return [];
    throw error;
  }
}
