/**
 * A local account with a password, for as long as a test runs. Only root can make one.
 *
 * @module
 */

import { type Need, needs } from "../../../support/programs.ts";
import { run, runOk, until } from "../../../support/run.ts";

/** An account. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** What a test with an account needs. */
export function needsAccount(...programs: string[]): Need {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    return { ignore: true, reason: "only root can make an account" };
  }
  return needs("useradd", "userdel", "chpasswd", ...programs);
}

/** Runs `use` with an account that is gone afterwards. */
export async function withAccount<T>(use: (account: Account) => Promise<T>): Promise<T> {
  const user = `sftpwrap${crypto.randomUUID().slice(0, 8)}`;
  const password = crypto.randomUUID();
  await runOk("useradd", ["--no-create-home", "--home-dir", "/tmp", "--shell", "/bin/sh", user]);
  try {
    await runOk("chpasswd", [], { input: `${user}:${password}\n` });
    return await use({ user, password });
  } finally {
    // A session of the account may still be on its way out.
    const gone = async () => (await run("userdel", [user])).code === 0;
    await until(gone, { what: `the account ${user} is removed` });
  }
}
