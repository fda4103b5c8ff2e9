import { GETENT, runProgram } from "./run_program.ts";

/** An account of this machine. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** The account with this name or number, from wherever the machine has it; undefined if none. */
export async function findAccount(key: string): Promise<Account | undefined> {
  const answer = await runProgram(GETENT, ["passwd", "--", key]);
  const fields = answer?.stdout.trimEnd().split(":") ?? [];
  const [name = "", , uid, gid, , home = "", shell = ""] = fields;
  if (answer?.code !== 0 || fields.length !== 7) return undefined;
  // An empty shell is /bin/sh, as for login(1).
  return { name, uid: Number(uid), gid: Number(gid), home, shell: shell || "/bin/sh" };
}
