import { OTHERS_MAY_WRITE, ROOT_UID } from "../../files/file_place.ts";
import { parseLine } from "../../authorize/authorized_key.ts";
import { statusOf, textOf } from "../../jail/containment.ts";
import type { Account } from "../account.ts";
import { shellWord } from "../../shell_word.ts";
import { bad, type Finding, ok, warn } from "../finding.ts";
import { type SshdConfig, valueOf } from "./sshd_config.ts";

const OWNER_MAY_READ = 0o400;
const OTHERS_MAY_READ = 0o044;

/** The files of keys, as sshd finds them. */
function keyFiles({ name, uid, home }: Account, config: SshdConfig): string[] {
  return (valueOf(config, "authorizedkeysfile") ?? "").split(" ").filter((path) => path !== "")
    .map((path) => {
      const values: Readonly<Record<string, string>> = { h: home, u: name, U: `${uid}`, "%": "%" };
      const whole = path.replace(/%([huU%])/g, (_, letter) => values[letter]!);
      return whole.startsWith("/") ? whole : `${home}/${whole}`;
    });
}

/** The commands that keys force. */
export function commandsOfKeys(account: Account, config: SshdConfig): readonly string[] {
  const lines = keyFiles(account, config).flatMap((file) => textOf(file).split("\n"));
  return lines.flatMap((line) => parseLine(line)?.options.get("command") ?? []);
}

/** Whether sshd can read a user's keys and, as StrictModes demands, trusts their place. */
export function* checkKeys(account: Account, config: SshdConfig): Iterable<Finding> {
  const files = keyFiles(account, config);
  const found = files.filter((file) => statusOf(file) !== undefined);
  const other = valueOf(config, "authorizedkeyscommand") ?? valueOf(config, "trustedusercakeys");
  if (found.length === 0 && files.length > 0 && other === undefined) {
    yield warn(`keys: ${account.name} has none (${files.join(", ")})`);
  }
  const strict = valueOf(config, "strictmodes") !== "no";
  for (const file of found) yield* checkFile(file, account, strict);
}

function* checkFile(file: string, account: Account, strict: boolean): Iterable<Finding> {
  const { uid, name } = account;
  const { uid: owner, mode } = statusOf(file)!;
  const readable = owner === uid ? OWNER_MAY_READ : OTHERS_MAY_READ;
  if (uid !== ROOT_UID && ((mode ?? 0) & readable) === 0) {
    return yield bad(`keys: ${name} cannot read ${file}`, `chown ${name}: ${shellWord(file)}`);
  }
  const distrusted = strict ? [...distrust(file, account)] : [];
  if (distrusted.length === 0) yield ok(`keys: ${file}`);
  yield* distrusted;
}

/** As sshd's safe_path(): the file, and each directory up to the home, or to the root. */
function* distrust(file: string, { uid, name, home }: Account): Iterable<Finding> {
  const real = Deno.realPathSync(file);
  const end = statusOf(home) === undefined ? home : Deno.realPathSync(home);
  for (let path = real;; path = path.slice(0, path.lastIndexOf("/")) || "/") {
    const { uid: owner, mode } = Deno.statSync(path);
    if (owner !== uid && owner !== ROOT_UID) {
      const text = `keys: sshd ignores them (StrictModes): user ${owner} owns ${path}`;
      yield bad(text, `chown ${name}: ${shellWord(path)}`);
    }
    if (((mode ?? 0) & OTHERS_MAY_WRITE) !== 0) {
      const text = `keys: sshd ignores them (StrictModes): others may write in ${path}`;
      yield bad(text, `chmod go-w ${shellWord(path)}`);
    }
    if (path === end || path === "/") return;
  }
}
