import { messageOf } from "../../../message_of.ts";
import { ConnectError } from "../connection_options.ts";
import { includedPaths } from "./include_paths.ts";
import { matchesList, matchesPattern } from "./patterns.ts";
import { ALIASES, type Keyword, KEYWORDS, WITHOUT_EFFECT } from "./ssh_config_keywords.ts";
import { type ConfigLine, configLines, lineError } from "./ssh_config_lines.ts";
import { matches } from "./ssh_config_match.ts";

/** How deeply files may include each other, as in ssh. */
const MAX_INCLUDE_DEPTH = 16;

/** Whose configuration to read, and for which host. */
export interface ConfigQuery {
  /** The host as it was given. */
  readonly host: string;
  /** The user if it was given; the configuration then cannot change it. */
  readonly user?: string | undefined;
  /** The local user's name. */
  readonly localUser: string;
  /** The local user's number; if absent, the owners of files are not checked. */
  readonly uid?: number | undefined;
  /** The home directory; undefined if there is none. */
  readonly home?: string | undefined;
  /**
   * A file to read instead of the user's and the system's, which must exist; `none` for no file.
   */
  readonly file?: string | undefined;
}

/** A configuration file. */
interface ConfigFile {
  readonly path: string;
  /** The directory that relative names in Include lines begin in. */
  readonly base: string;
  /** Whether it must exist. */
  readonly isRequired: boolean;
  /** Whether only the user and root may have write permission. */
  readonly isGuarded: boolean;
}

/** The state of the reader: which section the lines belong to. */
interface Section {
  isActive: boolean;
  /** Whether an inactive section includes this file: then all of it is ignored. */
  readonly isDead: boolean;
}

/** What ssh_config says about one host: the first value of each keyword, all values of some. */
export class SshConfig {
  readonly #query: ConfigQuery;
  readonly #values = new Map<string, readonly string[]>();
  readonly #passedOver = new Set<string>();
  /** The name that `Host` lines are matched against. */
  #name: string;
  #isFinal = false;
  #wantsFinal = false;

  /**
   * Reads the configuration.
   *
   * @throws {ConnectError} If a file is missing or malformed, or needs what only OpenSSH can do.
   */
  constructor(query: ConfigQuery) {
    this.#query = query;
    this.#name = query.host;
    this.#readAll();
    if (!this.#wantsFinal) return;
    // As in ssh, the second pass is for the host name that the first pass has found.
    this.#name = this.hostName;
    this.#values.set("hostname", [this.#name.replaceAll("%", "%%")]);
    this.#isFinal = true;
    this.#readAll();
  }

  /**
   * The name of the host to connect to, as far as the lines read so far say.
   *
   * @throws {ConnectError} If it cannot be completed.
   */
  get hostName(): string {
    const { host } = this.#query;
    const name = this.value("hostname")?.replace(/%(.?)/gs, (token, letter) => {
      if (letter === "%") return "%";
      if (letter === "h") return host;
      throw new ConnectError(`HostName: unknown token ${token}`);
    }) ?? host;
    // An address with its interface, which may have capitals.
    return name.includes("%") ? name : name.toLowerCase();
  }

  /** The value of a keyword, given in lower case. */
  value(keyword: string): string | undefined {
    return this.#values.get(keyword)?.[0];
  }

  /** All values of a keyword. */
  values(keyword: string): readonly string[] | undefined {
    return this.#values.get(keyword);
  }

  /** Whether the value of a yes/no keyword is `yes`. */
  isYes(keyword: string, otherwise: boolean): boolean {
    const value = this.value(keyword);
    return value === undefined ? otherwise : value !== "no" && value !== "false";
  }

  /** The keywords that apply to the host and have no effect here. */
  get passedOver(): readonly string[] {
    return [...this.#passedOver];
  }

  #readAll(): void {
    for (const file of this.#files()) this.#read(file, { isActive: true, isDead: false }, 0);
  }

  #files(): ConfigFile[] {
    const { file, home } = this.#query;
    const own = home === undefined ? undefined : `${home}/.ssh`;
    if (file === "none") return [];
    if (file !== undefined) {
      return [{ path: file, base: own ?? "/etc/ssh", isRequired: true, isGuarded: false }];
    }
    const files: ConfigFile[] = [];
    if (own !== undefined) {
      files.push({ path: `${own}/config`, base: own, isRequired: false, isGuarded: true });
    }
    const base = "/etc/ssh";
    files.push({ path: `${base}/ssh_config`, base, isRequired: false, isGuarded: false });
    return files;
  }

  #read(file: ConfigFile, section: Section, depth: number): void {
    const text = textOf(file, this.#query.uid);
    if (text === undefined) return;
    for (const line of configLines(text, file.path)) this.#obey(line, { file, section, depth });
  }

  #obey(
    line: ConfigLine,
    { file, section, depth }: { file: ConfigFile; section: Section; depth: number },
  ): void {
    switch (line.keyword) {
      case "host":
        section.isActive = !section.isDead && isNamed(this.#name, line);
        break;
      case "match":
        section.isActive = this.#matches(line, section);
        break;
      case "include":
        for (const path of this.#included(line, file)) {
          if (depth === MAX_INCLUDE_DEPTH) {
            throw lineError(line, "too many files include each other");
          }
          const inner = { isActive: section.isActive, isDead: !section.isActive };
          const isGuarded = true;
          this.#read({ path, base: file.base, isRequired: false, isGuarded }, inner, depth + 1);
        }
        break;
      default:
        this.#take(line, section.isActive);
    }
  }

  #matches(line: ConfigLine, section: Section): boolean {
    const { host, user, localUser } = this.#query;
    return matches(line, {
      host: this.hostName,
      originalHost: host,
      user: user ?? this.value("user") ?? localUser,
      localUser,
      isDead: section.isDead,
      isFinal: this.#isFinal,
      wantFinal: () => {
        this.#wantsFinal = true;
      },
    });
  }

  #included(line: ConfigLine, { base }: ConfigFile): string[] {
    return line.words.flatMap((word) => {
      const { home } = this.#query;
      if (word.startsWith("~/") && home !== undefined) {
        return includedPaths(`${home}/${word.slice(2)}`);
      }
      if (word.startsWith("~")) {
        const message = `"${word}": that home directory is not known here`;
        throw lineError(line, `${message}: use --transport=openssh`);
      }
      return includedPaths(word.startsWith("/") ? word : absolute(`${base}/${word}`));
    });
  }

  #take(line: ConfigLine, isActive: boolean): void {
    const keyword = KEYWORDS.get(ALIASES.get(line.keyword) ?? line.keyword);
    if (keyword === undefined) {
      this.#passOver(line, isActive);
      return;
    }
    const words = keyword.check(line);
    if (!isActive || !this.#isOpen(keyword)) return;
    if (keyword.isBeyond?.(words) === true) {
      throw lineError(line, `${line.written} needs OpenSSH itself: use --transport=openssh`);
    }
    const earlier = this.#values.get(keyword.name) ?? [];
    if (earlier.includes(words[0]!)) return;
    this.#values.set(keyword.name, [...earlier, ...words]);
  }

  /** Whether a keyword has no value yet. */
  #isOpen({ name, collects }: Keyword): boolean {
    if (name === "user" && this.#query.user !== undefined) return false;
    if (collects === true) return true;
    // The first of these two excludes the other one.
    if (name === "proxyjump" || name === "proxycommand") {
      return !this.#values.has("proxyjump") && !this.#values.has("proxycommand");
    }
    return !this.#values.has(name);
  }

  #passOver(line: ConfigLine, isActive: boolean): void {
    if (!WITHOUT_EFFECT.has(line.keyword)) {
      const ignored = this.value("ignoreunknown");
      if (ignored !== undefined && matchesList(line.keyword, ignored.toLowerCase())) return;
      throw lineError(line, `bad configuration option: ${line.written}`);
    }
    if (!isActive) return;
    if (line.keyword === "ignoreunknown" && !this.#values.has(line.keyword)) {
      this.#values.set(line.keyword, line.words);
    }
    this.#passedOver.add(line.written);
  }
}

/** Whether a `Host` line matches the host. */
function isNamed(host: string, line: ConfigLine): boolean {
  let isNamed = false;
  for (const word of line.words) {
    const isNegated = word.startsWith("!");
    if (!matchesPattern(host, isNegated ? word.slice(1) : word)) continue;
    if (isNegated) return false;
    isNamed = true;
  }
  return isNamed;
}

function textOf(
  { path, isRequired, isGuarded }: ConfigFile,
  uid: number | undefined,
): string | undefined {
  try {
    const info = Deno.statSync(path);
    if (info.isDirectory && isRequired) throw new ConnectError(`${path}: is a directory`);
    if (isGuarded && mayOthersWrite(info, uid)) {
      throw new ConnectError(`Bad owner or permissions on ${path}: others may write it`);
    }
    // As in ssh, a directory among the included files is ignored.
    return info.isDirectory ? undefined : Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    if (!isRequired && isAbsence(error)) return undefined;
    throw new ConnectError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/** Whether someone other than the user and root may have written a file. */
function mayOthersWrite({ mode, uid: owner }: Deno.FileInfo, uid: number | undefined): boolean {
  const isForeign = uid !== undefined && owner !== null && owner !== 0 && owner !== uid;
  return isForeign || ((mode ?? 0) & 0o022) !== 0;
}

function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  return messageOf(error);
}

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}
