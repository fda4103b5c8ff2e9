import { openQuotaIf, usedOf } from "../start/quota.ts";
import { StartError } from "../errors.ts";
import { expandTokens } from "../options/tokens.ts";
import type { CheckedJail } from "./checked_jail.ts";
import { bad, type Finding, ok, warn } from "./finding.ts";

/** Whether the quota can be kept, and how much of it is used. */
export async function checkQuota(
  { directory, options, who }: CheckedJail,
): Promise<readonly Finding[]> {
  const stateDir = options.stateDirectory && expandTokens(options.stateDirectory, who);
  const limit = options.quota;
  if (limit === undefined) return [];
  try {
    const place = { jail: directory, stateDir, home: who.home };
    const opened = await openQuotaIf(place, { make: false });
    if (opened === undefined) return [ok("quota: the first session counts what is there")];
    const { ledger, found, path } = opened;
    const books = found === "damaged" ? undefined : ledger.look((books) => ({ ...books }));
    ledger.close();
    if (books === undefined) {
      return [warn(`quota: ${path} is damaged: the next session counts anew`)];
    }
    const text = `quota: ${usedOf(books, limit)} (${path})`;
    return [books.used.bytes < limit.bytes ? ok(text) : warn(`${text}: it is full`)];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [bad(`quota: ${error.message}`)];
  }
}
