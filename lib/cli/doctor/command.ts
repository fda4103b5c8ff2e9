import { print } from "../../transport/stdio.ts";
import { StartError } from "../errors.ts";
import { sessionIn } from "../options/serving_options.ts";
import { environment } from "../start/host.ts";
import { runSubcommand } from "../subcommand.ts";
import { type Account, findAccount } from "./account.ts";
import { bad, type Finding, report } from "./finding.ts";
import { type DoctorOptions, doctorSpec, parseDoctorOptions } from "./options.ts";
import { runProgram, RUNUSER } from "./run_program.ts";

/** Runs `sftpwrap doctor`, and returns its exit status. */
export async function doctorCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, {
    spec: doctorSpec,
    parse: parseDoctorOptions,
    run,
    isForPeople: true,
  });
}

async function run(options: DoctorOptions): Promise<number> {
  const { user, noSshd } = options;
  const session = await sessionOf(options);
  if (user === undefined && noSshd) return await session();
  const account = await findAccount(user ?? String(Deno.uid()));
  if (account === undefined) {
    if (user !== undefined) return report([bad(`user: ${user} does not exist`)]);
    return await session();
  }
  const isOther = account.uid !== Deno.uid();
  if (isOther && Deno.uid() !== 0) throw new StartError("only root can look as another user");
  // The session's part gives up the right to run programs, so sshd is asked first and reported last.
  const ofSshd = noSshd ? [] : await lookAtSshd(account, options);
  const status = isOther ? await lookAs(account, options) : await session();
  return Math.max(status, report(ofSshd));
}

/** The session's part, once its command line is understood. */
async function sessionOf({ subcommand, args }: DoctorOptions): Promise<() => Promise<number>> {
  switch (subcommand) {
    case "jail": {
      const { parseJailOptions } = await import("../jail/options.ts");
      const parsed = sessionIn(parseJailOptions(args));
      return async () => await (await import("./jail.ts")).checkJail(parsed);
    }
    case "proxy": {
      const { parseProxyOptions } = await import("../proxy/options.ts");
      const parsed = sessionIn(parseProxyOptions(args));
      return async () => await (await import("./remote.ts")).checkProxy(parsed);
    }
    case "gridfs": {
      const { parseGridFsOptions } = await import("../gridfs/options.ts");
      const parsed = sessionIn(parseGridFsOptions(args));
      return async () => await (await import("./remote.ts")).checkGridFsSetup(parsed);
    }
    case "s3": {
      const { parseS3Options } = await import("../s3/options.ts");
      const parsed = sessionIn(parseS3Options(args));
      return async () => await (await import("./remote.ts")).checkS3Setup(parsed);
    }
  }
}

/** Has a child look as the user, with all groups of the user and the environment that sshd sets. */
async function lookAs(
  { name, home, shell }: Account,
  { subcommand, args }: DoctorOptions,
): Promise<number> {
  const path = "/usr/local/bin:/usr/bin:/bin";
  const zone = environment("TZ");
  const cache = environment("DENO_DIR");
  const env = {
    ...{ USER: name, LOGNAME: name, HOME: home, SHELL: shell, PATH: path, NO_COLOR: "1" },
    ...zone === undefined ? {} : { TZ: zone },
    ...cache === undefined ? {} : { DENO_DIR: cache },
  };
  const program = [...thisProgram(), "doctor", "--no-sshd", subcommand, ...args];
  const answer = await runProgram(RUNUSER, ["-u", name, "--", ...program], env);
  if (answer === undefined) return report([bad(`user: ${RUNUSER} (util-linux) cannot be run`)]);
  print(answer.stdout);
  if (answer.code === 0 || answer.stdout !== "") return answer.code;
  const said = answer.stderr.trim().split("\n")[0] ?? "";
  return report([bad(`user: ${name} cannot run this program (status ${answer.code}): ${said}`)]);
}

function thisProgram(): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const main = new URL(Deno.mainModule);
  return [
    Deno.execPath(),
    "run",
    "--no-prompt",
    "--quiet",
    "-A",
    decodeURIComponent(main.pathname),
  ];
}

async function lookAtSshd(
  account: Account,
  { sshdConfig, subcommand, args }: DoctorOptions,
): Promise<readonly Finding[]> {
  const { checkSshd } = await import("./sshd/check.ts");
  const advice = subcommand === "jail"
    ? `sftpwrap authorize --jail ${args.at(-1)} --install ${account.home}/.ssh/authorized_keys KEY`
    : `add ForceCommand /usr/local/bin/sftpwrap ${subcommand} … to sshd_config`;
  return await checkSshd(account, sshdConfig, advice);
}
