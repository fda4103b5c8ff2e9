import { FileType } from "../attrs.ts";
import type { DirEntry } from "../storage/storage.ts";
import { localTime } from "./local_time.ts";

const HALF_A_YEAR = 365 * 24 * 60 * 60 / 2;

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

/** Texts that many entries of a directory share; forgotten when there are too many. */
const MOST_REMEMBERED = 4_096;
const modeStrings = new Map<number, string>();
const dates = new Map<number, string>();

/**
 * The line that `ls -l` prints, as OpenSSH's `ls_file` does; FileZilla and
 * WinSCP read type, size, owner and date out of it.
 *
 * @param now Seconds since 1970, which decide between hour and year.
 */
export function longname(entry: DirEntry, now: number): string {
  if (entry.longname !== undefined) return entry.longname;
  const { uid = 0, gid = 0, size = 0, permissions = 0, mtime = 0 } = entry.attrs;
  const mode = remembered(modeStrings, permissions, modeString);
  const links = right(String(entry.links ?? 1), 3);
  const owner = left(entry.owner ?? String(uid), 8);
  const group = left(entry.group ?? String(gid), 8);
  return `${mode} ${links} ${owner} ${group} ${right(String(size), 8)} ${listedTime(mtime, now)} ` +
    entry.name;
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

/** With the hour where it is of the last six months, else with the year; both by the minute. */
function listedTime(seconds: number, now: number): string {
  const recent = seconds > now - HALF_A_YEAR && seconds <= now;
  const key = Math.floor(seconds / 60) * 2 + (recent ? 1 : 0);
  return remembered(dates, key, recent ? dateAndHour : dateAndYear);
}

function dateAndHour(key: number): string {
  const { month, day, hour, minute } = localTime(minuteOf(key));
  const two = (number: number) => String(number).padStart(2, "0");
  return `${MONTHS[month]} ${right(String(day), 2)} ${two(hour)}:${two(minute)}`;
}

function dateAndYear(key: number): string {
  const { year, month, day } = localTime(minuteOf(key));
  return `${MONTHS[month]} ${right(String(day), 2)}  ${year}`;
}

/** The moment, in seconds, that a key of `dates` stands for. */
function minuteOf(key: number): number {
  return Math.floor(key / 2) * 60;
}

function remembered(
  memory: Map<number, string>,
  key: number,
  make: (key: number) => string,
): string {
  let text = memory.get(key);
  if (text === undefined) {
    text = make(key);
    if (memory.size >= MOST_REMEMBERED) memory.clear();
    memory.set(key, text);
  }
  return text;
}

function right(text: string, width: number): string {
  return text.length >= width ? text : SPACES[width - text.length] + text;
}

function left(text: string, width: number): string {
  return text.length >= width ? text : text + SPACES[width - text.length];
}
