import { FileType } from "../attrs.ts";
import { encodeName } from "../names.ts";
import type { DirEntry } from "../storage/storage.ts";
import type { Writer } from "../wire/writer.ts";
import { brokenDown, offsetAt } from "./zone/local_time.ts";

const HALF_A_YEAR_S = 365 * 24 * 60 * 60 / 2;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const TYPE_LETTERS: Readonly<Record<number, string>> = {
  [FileType.FIFO]: "p",
  [FileType.CHARACTER_DEVICE]: "c",
  [FileType.DIRECTORY]: "d",
  [FileType.BLOCK_DEVICE]: "b",
  [FileType.REGULAR]: "-",
  [FileType.SYMLINK]: "l",
  [FileType.SOCKET]: "s",
};

/** Spaces by their number, for columns. */
const SPACES = Array.from({ length: 9 }, (_, count) => " ".repeat(count));

/** How many dates are remembered; then all are forgotten. */
const MAX_DATES = 4_096;

/** Mode, links, owner and group of an entry, and how they are written. */
interface Ownership {
  readonly permissions: number;
  readonly links: number;
  readonly owner: string;
  readonly group: string;
  readonly bytes: Uint8Array;
}

/** Writes the long lines of a session's listings, and remembers the columns that many entries share. */
export class Longnames {
  /** Dates by the minute, and whether they show the hour. */
  readonly #dates = new Map<number, Uint8Array>();
  /** The columns before the size, which neighbors in a directory mostly share, and their bytes. */
  #shared: Ownership = {
    permissions: -1,
    links: 0,
    owner: "",
    group: "",
    bytes: new Uint8Array(),
  };

  /**
   * Writes the line that `ls -l` prints, as OpenSSH's `ls_file` does; FileZilla
   * and WinSCP read type, size, owner and date out of it. It is put together from
   * bytes: a long listing is mostly these lines.
   *
   * @param nameAt Where the entry's name has been written, as a `string`.
   * @param now Seconds since 1970, which decide between hour and year.
   */
  write(out: Writer, entry: DirEntry, nameAt: number, now: number): void {
    if (entry.longname !== undefined) {
      out.name(entry.longname);
      return;
    }
    const { size = 0, mtime = 0 } = entry.attrs;
    const lengthAt = out.position;
    out.u32(0);
    out.raw(this.#ownershipOf(entry));
    out.decimal(size, 8);
    out.raw(this.#listedTime(mtime, now));
    out.again(nameAt + 4, lengthAt);
    out.setU32(lengthAt, out.position - lengthAt - 4);
  }

  /** Mode, links, owner and group. */
  #ownershipOf({ attrs, links = 1, owner, group }: DirEntry): Uint8Array {
    const { uid = 0, gid = 0, permissions = 0 } = attrs;
    const user = owner ?? String(uid);
    const users = group ?? String(gid);
    const shared = this.#shared;
    if (
      shared.permissions !== permissions || shared.links !== links || shared.owner !== user ||
      shared.group !== users
    ) {
      const text = `${modeString(permissions)} ${right(String(links), 3)} ${left(user, 8)} ${
        left(users, 8)
      } `;
      this.#shared = { permissions, links, owner: user, group: users, bytes: encodeName(text) };
    }
    return this.#shared.bytes;
  }

  /** With the hour where it is of the last six months, else with the year; both by the minute. */
  #listedTime(seconds: number, now: number): Uint8Array {
    const recent = seconds > now - HALF_A_YEAR_S && seconds <= now;
    const key = Math.floor((seconds + offsetAt(seconds)) / 60) * 2 + (recent ? 1 : 0);
    let bytes = this.#dates.get(key);
    if (bytes === undefined) {
      bytes = encodeName(` ${recent ? dateAndHour(key) : dateAndYear(key)} `);
      if (this.#dates.size >= MAX_DATES) this.#dates.clear();
      this.#dates.set(key, bytes);
    }
    return bytes;
  }
}

/** `strmode(3)`: ten letters and a space. */
function modeString(mode: number): string {
  const type = TYPE_LETTERS[mode & FileType.MASK] ?? "?";
  return type + triple(mode >> 6, mode & 0o4000, "s") + triple(mode >> 3, mode & 0o2000, "s") +
    triple(mode, mode & 0o1000, "t") + " ";
}

function triple(bits: number, special: number, letter: string): string {
  const execute = bits & 1;
  const last = special ? (execute ? letter : letter.toUpperCase()) : (execute ? "x" : "-");
  return (bits & 4 ? "r" : "-") + (bits & 2 ? "w" : "-") + last;
}

function dateAndHour(key: number): string {
  const { month, day, hour, minute } = brokenDown(minuteOf(key));
  const two = (number: number) => String(number).padStart(2, "0");
  return `${MONTHS[month]} ${right(String(day), 2)} ${two(hour)}:${two(minute)}`;
}

function dateAndYear(key: number): string {
  const { year, month, day } = brokenDown(minuteOf(key));
  return `${MONTHS[month]} ${right(String(day), 2)}  ${year}`;
}

/** The moment, in seconds of local time, that a key of `#dates` means. */
function minuteOf(key: number): number {
  return Math.floor(key / 2) * 60;
}

function right(text: string, width: number): string {
  return text.length >= width ? text : SPACES[width - text.length] + text;
}

function left(text: string, width: number): string {
  return text.length >= width ? text : text + SPACES[width - text.length];
}
