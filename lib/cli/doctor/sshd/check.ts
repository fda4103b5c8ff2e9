import { statusOf, textOf } from "../../jail/containment.ts";
import type { Account } from "../account.ts";
import { shellWord } from "../../shell_word.ts";
import { bad, type Finding, ok, warn } from "../finding.ts";
import { GETENT, runProgram, SSHD } from "../run_program.ts";
import { checkKeys, commandsOfKeys } from "./key_files.ts";
import { parseSshdConfig, type SshdConfig, valueOf } from "./sshd_config.ts";
import { checkCommand } from "./forced_command.ts";

const CONFIG_FILE = "/etc/ssh/sshd_config";
const NO_LOGIN = /\/(nologin|false|true)$/;

/** A longer login shell is not a script, but may be a program for one jail. */
const MOST_SCRIPT_BYTES = 64 * 1024;

/** What sshd would do when this user logs in; `sshd -T` tells it with `Match` applied. */
export async function checkSshd(
  account: Account,
  configFile: string | undefined,
  advice: string,
): Promise<Finding[]> {
  const { name } = account;
  const spec = `user=${name},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22`;
  const file = configFile === undefined ? [] : ["-f", configFile];
  const answer = await runProgram(SSHD, ["-T", ...file, "-C", spec]);
  if (answer === undefined) return [warn(`sshd: ${SSHD} cannot be run, so it is not looked at`)];
  if (answer.code !== 0) {
    const said = answer.stderr.trim().split(/\r?\n/)[0] ?? "";
    return Deno.uid() === 0
      ? [bad(`sshd: does not start: ${said}`, `${SSHD} -t`)]
      : [warn(`sshd: only root can look at it (${said})`, `sudo sftpwrap doctor --user ${name} …`)];
  }
  const config = parseSshdConfig(answer.stdout);
  return [
    ...subsystemAndCommand(account, config, { file: configFile ?? CONFIG_FILE, advice }),
    ...checkShell(account),
    ...await checkLock(account, config),
    ...checkRoot(config),
    ...checkKeys(account, config),
  ];
}

function subsystemAndCommand(
  account: Account,
  config: SshdConfig,
  { file, advice }: { readonly file: string; readonly advice: string },
): readonly Finding[] {
  const found: Finding[] = [];
  const subsystem = config.get("subsystem")?.find((line) => line.startsWith("sftp "))?.slice(5);
  if (subsystem === undefined) {
    const line = "Subsystem sftp internal-sftp";
    found.push(bad(
      `sshd: no "Subsystem sftp" line, without which it refuses sftp`,
      `sed -i '1i ${line}' ${shellWord(file)} && systemctl reload ssh`,
    ));
  } else found.push(ok(`sshd: Subsystem sftp ${subsystem}`));
  const forced = valueOf(config, "forcecommand");
  if (forced !== undefined) {
    found.push(...checkCommand("sshd: ForceCommand", forced));
  } else if (subsystem !== undefined && /sftpwrap/.test(subsystem)) {
    found.push(...checkCommand("sshd: Subsystem", subsystem));
    found.push(warn("sshd: a Subsystem jails SFTP, and not the account, which may have a shell"));
  } else {
    const commands = commandsOfKeys(account, config);
    for (const command of commands) found.push(...checkCommand("key: command", command));
    if (commands.length === 0 && startsByShell(account.shell)) {
      found.push(...checkShellProgram(account.shell, subsystem, file));
    } else if (commands.length === 0) {
      found.push(bad(
        `sshd: nothing starts sftpwrap for ${account.name}: no ForceCommand, no command= of a key`,
        advice,
      ));
    }
  }
  return found;
}

/** Whether the login shell is a program that starts sftpwrap, whatever it is asked for. */
function startsByShell(shell: string): boolean {
  if (NO_LOGIN.test(shell)) return false;
  const shells = textOf("/etc/shells");
  const isListed = shells === "" || shells.split("\n").includes(shell);
  const { size = 0 } = statusOf(shell) ?? {};
  return size > MOST_SCRIPT_BYTES ? !isListed : textOf(shell).includes("sftpwrap");
}

function checkShellProgram(shell: string, subsystem: string | undefined, file: string): Finding[] {
  if (subsystem?.startsWith("internal-sftp") === true) {
    const line = "Subsystem sftp /usr/lib/openssh/sftp-server";
    return [bad(
      `sshd: it serves ${subsystem} itself, without the login shell and so without a jail`,
      `sed -i 's|^Subsystem.*|${line}|' ${shellWord(file)} && systemctl reload ssh`,
    )];
  }
  return checkCommand("sshd: login shell", shell);
}

/** sshd runs a forced command by the login shell. */
function* checkShell({ name, shell }: Account): Iterable<Finding> {
  const run = `usermod -s /bin/sh ${name}`;
  if (NO_LOGIN.test(shell)) {
    const client = 'the client sees "Received message too long" or "Connection closed"';
    return yield bad(`shell: ${shell} cannot run the command; ${client}`, run);
  }
  try {
    const { mode, isFile } = Deno.statSync(shell);
    if (isFile && ((mode ?? 0) & 0o111) !== 0) return yield ok(`shell: ${shell}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  yield bad(`shell: ${shell} is not a program, so sshd refuses ${name}`, run);
}

/** Without PAM, sshd refuses an account whose password is locked, whatever the key. */
async function checkLock({ name }: Account, config: SshdConfig): Promise<readonly Finding[]> {
  if (valueOf(config, "usepam") === "yes") return [];
  const [, password = ""] = (await runProgram(GETENT, ["shadow", "--", name]))?.stdout.split(":") ??
    [];
  return !password.startsWith("!") ? [] : [bad(
    `account: ${name}'s password is locked, and so, with "UsePAM no", sshd refuses its keys too`,
    `usermod -p '*' ${name}`,
  )];
}

function* checkRoot(config: SshdConfig): Iterable<Finding> {
  const root = valueOf(config, "chrootdirectory");
  if (root === undefined) return;
  yield warn(`sshd: ChrootDirectory ${root} must contain the program, its libraries and /proc`);
}
