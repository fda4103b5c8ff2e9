/**
 * A client's actions, each with its effect on the files: for the table of policies.
 *
 * In the jail there are `old` (to be overwritten), `gone` (to be removed), `moved` (to be
 * renamed) and `there` (to be downloaded); the local directory has `new`.
 *
 * @module
 */

import { sha256 } from "../support/files.ts";
import type { Need } from "../support/programs.ts";
import type { Served } from "./ways.ts";

/** The actions of a client. */
export type Action = "upload" | "overwrite" | "download" | "list" | "remove" | "rename";

/** The effect of an action: done, refused, or done although the client says that it failed. */
export type Effect = "+" | "-" | "~";

/** A client: what it reports of each action that it has. */
export interface PolicyClient {
  readonly name: string;
  /** What a test with it needs. */
  readonly needs: Need;
  readonly actions: readonly Action[];
  /**
   * Does all of the actions, and returns in this order which of them succeeded, as the client
   * reports it.
   */
  run(served: Served): Promise<readonly boolean[]>;
}

/** Which of a client's actions were done, judged by the files themselves. */
export async function effectsOf(
  { actions }: PolicyClient,
  told: readonly boolean[],
  { jail, local }: Served,
): Promise<string> {
  const same = async (one: string, other: string) =>
    await exists(one) && await sha256(one) === await sha256(other);
  const checks: Readonly<Record<Action, (said: boolean) => boolean | Promise<boolean>>> = {
    upload: () => same(`${jail}/new`, `${local}/new`),
    overwrite: () => same(`${jail}/old`, `${local}/new`),
    download: () => same(`${local}/there`, `${jail}/there`),
    list: (said) => said,
    remove: async () => !await exists(`${jail}/gone`),
    rename: async () => !await exists(`${jail}/moved`) && await exists(`${jail}/here`),
  };
  let effects = "";
  for (const [index, action] of actions.entries()) {
    const said = told[index]!;
    const done = await checks[action](said);
    if (said && !done) throw new Error(`The client says that it did ${action}, and did not`);
    effects += done ? said ? "+" : "~" : "-";
  }
  return effects;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
