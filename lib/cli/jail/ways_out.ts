/**
 * Ways out of a jail through what it contains: files that decide who may log in, or what runs when
 * the account logs in.
 *
 * @module
 */

import { granted } from "../../permissions.ts";
import { environment, type Identity } from "../start/host.ts";
import {
  type Containment,
  containmentOf,
  identityOf,
  isUnseen,
  mayRead,
  statusOf,
  textOf,
} from "./containment.ts";

/** Files and directories in a home that sshd takes keys from, or that the account's shell runs. */
const LOGIN_FILES: ReadonlySet<string> = new Set(
  (".ssh .rhosts .shosts .k5login .k5users .pam_environment .profile .bash_profile .bash_login " +
    ".bash_logout .bashrc .bash_aliases .zshenv .zprofile .zshrc .zlogin .zlogout .login " +
    ".logout .cshrc .tcshrc .kshrc .mkshrc").split(" "),
);

/** The same for desktops, systemd, mail, and programs that nearly every account runs. */
const FURTHER_FILES: ReadonlySet<string> = new Set(
  (".xprofile .xinitrc .xsession .xsessionrc .forward .procmailrc .config .local .gnupg " +
    ".gitconfig .inputrc .vimrc .vim .emacs .emacs.d .tmux.conf .screenrc .npmrc .cargo .deno " +
    ".nvm .pyenv bin").split(" "),
);

/** How many files of a jail are checked for being another name of such a file. */
const MAX_LOOKS = 10_000;

/** Directories of these that are not a way out by themselves; only the ones listed for each are. */
const PLACES_FOR_DATA: Readonly<Record<string, readonly string[]>> = {
  ".local": [".local/bin", ".local/lib", ".local/share/systemd", ".local/share/applications"],
};

/** Directories in a home whose links are all checked: a link may lead into the jail. */
const WITH_LINKS: readonly string[] = [
  ".ssh",
  ".config",
  ".config/systemd",
  ".config/systemd/user",
  ".config/autostart",
  ".config/fish",
  ".local",
  ".local/bin",
  ".local/lib",
  ".local/share",
  "bin",
];

/**
 * The reason why a client of a jail could get out of it through what it contains, or nothing.
 *
 * @param directory The jail, by its real path.
 * @param who The account; both its home in the environment and its home in passwd count.
 * @param readOnly Whether a client cannot change anything.
 */
export function wayOut(
  directory: string,
  who: Identity,
  readOnly: boolean,
): string | undefined {
  // A client that may write there can give itself a key without a forced command.
  if (directory.split("/").includes(".ssh")) return "it is .ssh, or lies in one";
  const jail = containmentOf(directory);
  const listed = homesInPasswd(who);
  const homes = new Set([...who.home === undefined ? [] : [who.home], ...listed]);
  for (const home of homes) {
    const reason = wayOutByHome(jail, home) ?? hardLinkWithin(directory, home);
    if (reason !== undefined) return reason;
  }
  // If it is uncertain which home is the account's, the directory may be it.
  if (who.home === undefined || isElsewhere(who.home, listed) && !jail.liesIn(who.home)) {
    const found = namesIn(directory)?.find(({ name }) => LOGIN_FILES.has(name));
    if (found !== undefined) return `it holds ${found.name}, as a home directory does`;
  }
  return readOnly ? undefined : programWithin(jail, who);
}

/** Whether HOME differs from passwd, for an account that is in passwd. */
function isElsewhere(home: string, listed: readonly string[]): boolean {
  return listed.length > 0 && !listed.includes(home);
}

function wayOutByHome(jail: Containment, home: string): string | undefined {
  if (jail.holds(home)) {
    return "it holds the account's home directory, and so its .ssh and shell start-up files";
  }
  const names = namesIn(home)?.map(({ name }) => name);
  const known = [...LOGIN_FILES, ...FURTHER_FILES];
  // If a home cannot be listed, each name is tried.
  const ways = names === undefined ? known : known.filter((name) => names.includes(name));
  for (const name of ways) {
    if (jail.holds(`${home}/${name}`)) return `it holds ~/${name}, or what that leads to`;
    const inner = PLACES_FOR_DATA[name] ?? [name];
    const place = inner.find((one) => jail.liesIn(`${home}/${one}`));
    if (place !== undefined) return `it lies in ~/${place}`;
    const held = inner.find((one) => jail.holds(`${home}/${one}`));
    if (held !== undefined) return `it holds ~/${held}`;
  }
  for (const folder of WITH_LINKS.filter((folder) => ways.includes(folder.split("/")[0]!))) {
    const links = namesIn(`${home}/${folder}`)?.filter(({ isSymlink }) => isSymlink) ?? [];
    const link = links.find(({ name }) => jail.holds(`${home}/${folder}/${name}`));
    if (link !== undefined) return `~/${folder}/${link.name} leads into it`;
  }
  return undefined;
}

/** A login file that has a second name in the jail, which only a look at every file can reveal. */
function hardLinkWithin(directory: string, home: string): string | undefined {
  const files = new Map<string, string>();
  for (const folder of [home, `${home}/.ssh`]) {
    for (const { name, isFile } of namesIn(folder) ?? []) {
      const counts = folder !== home || LOGIN_FILES.has(name) || FURTHER_FILES.has(name);
      const path = `${folder}/${name}`;
      if (!isFile || !counts || linksOf(path) < 2) continue;
      files.set(identityOf(path) ?? "", `~${path.slice(home.length)}`);
    }
  }
  if (files.size === 0) return undefined;
  const folders = [directory];
  let looks = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const { name, isFile, isDirectory } of namesIn(folder) ?? []) {
      if (++looks > MAX_LOOKS) return undefined;
      if (isDirectory) folders.push(`${folder}/${name}`);
      const found = isFile ? files.get(identityOf(`${folder}/${name}`) ?? "none") : undefined;
      if (found !== undefined) return `it holds ${found} by another name`;
    }
  }
  return undefined;
}

/** An account of this machine. */
export interface ListedAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The accounts in /etc/passwd, as far as it may be read. */
export function listedAccounts(): readonly ListedAccount[] {
  return textOf("/etc/passwd").split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    return /^\d+$/.test(uid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
  });
}

/** The homes of the account in /etc/passwd, found by its number or its name. */
function homesInPasswd(who: Identity): string[] {
  return listedAccounts()
    .filter(({ name, uid }) => who.uid === undefined ? name === who.user : uid === who.uid)
    .map(({ home }) => home).filter((home) => home.startsWith("/") && home !== "/");
}

/** This program's file, or Deno or a file that Deno runs instead, if a client could change it. */
function programWithin(jail: Containment, who: Identity): string | undefined {
  const file = programFiles(who).find((path) => jail.holds(path) && mayChange(path, who));
  return file === undefined ? undefined : `it holds ${file}, which this program runs from`;
}

function programFiles({ home }: Identity): string[] {
  const files = granted({ name: "read" }) ? [Deno.execPath()] : [];
  if (Deno.build.standalone) return files;
  const main = granted({ name: "read" }) ? new URL(Deno.mainModule) : undefined;
  if (main?.protocol === "file:") files.push(decodeURIComponent(main.pathname));
  const cache = environment("XDG_CACHE_HOME") ??
    (home === undefined ? undefined : `${home}/.cache`);
  const denoDir = environment("DENO_DIR") ?? (cache === undefined ? undefined : `${cache}/deno`);
  return denoDir === undefined ? files : [...files, denoDir];
}

/** A client cannot change another owner's files, unless the account is root. */
function mayChange(path: string, { uid }: Identity): boolean {
  return uid === undefined || uid === 0 || statusOf(path)?.uid === uid;
}

function linksOf(path: string): number {
  return statusOf(path)?.nlink ?? 1;
}

function namesIn(directory: string): readonly Deno.DirEntry[] | undefined {
  if (!mayRead(directory)) return undefined;
  try {
    return [...Deno.readDirSync(directory)];
  } catch (error) {
    if (isUnseen(error)) return undefined;
    throw error;
  }
}
