import type { Books } from "../../quota/books.ts";
import { Count, type Counted } from "../../quota/count.ts";
import type { Ledger } from "../../quota/ledger.ts";
import { openJail } from "../../storage/local/open_jail.ts";
import { print } from "../../transport/stdio.ts";
import { StartError } from "../errors.ts";
import { realDirectory } from "../jail/directory.ts";
import { expandTokens } from "../options/tokens.ts";
import { identity } from "../start/host.ts";
import { openQuotaIf, requireUsage, toldOf, usedOf } from "../start/quota.ts";
import { runSubcommand } from "../subcommand.ts";
import { parseQuotaOptions, type QuotaCommandOptions, quotaSpec } from "./options.ts";

/** Runs `sftpwrap quota`, and returns its exit status. */
export async function quotaCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, {
    spec: quotaSpec,
    parse: parseQuotaOptions,
    run,
    isForPeople: true,
  });
}

async function run(options: QuotaCommandOptions): Promise<number> {
  const who = identity();
  const jail = realDirectory(expandTokens(options.directory, who));
  const stateDir = options.stateDirectory && expandTokens(options.stateDirectory, who);
  const place = { jail, stateDir, home: who.home };
  const opened = await openQuotaIf(place, { make: options.recount });
  if (opened === undefined) {
    throw new StartError(`no session of this user has had a quota in ${jail}`);
  }
  const { ledger } = opened;
  try {
    if (options.recount) await recount(ledger, jail);
    const books = ledger.look((books) => ({ ...books }));
    print(`${jail}: ${usedOf(books, books.limit)}\n${countOf(books)}\n`);
    return books.counted === 0 || books.unsure ? 1 : 0;
  } finally {
    ledger.close();
  }
}

async function recount(ledger: Ledger, jail: string): Promise<void> {
  const isBySize = ledger.look(({ unit }) => unit === "sizes");
  const storage = await openJail(jail, { confine: isBySize ? "portable" : "kernel" });
  try {
    const support = requireUsage(storage);
    const done = (counted: Counted) => print(`${toldOf(counted)}\n`);
    await new Count(storage, { support, ledger, done }).run();
  } finally {
    storage.close();
  }
}

function countOf({ counted, unsure, unit, reserved }: Books): string {
  if (counted === 0) return "never counted (--recount counts now)";
  const what = unit === "sizes" ? "sizes of files" : "blocks of files";
  const when = `${what}, counted last at ${new Date(counted).toISOString()}`;
  const most = unsure ? "; sessions have died since, and it may be less" : "";
  const held = [...reserved.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return `${when}${most}${held === 0 ? "" : `; live sessions have reserved ${held} bytes more`}`;
}
