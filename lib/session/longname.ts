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

/**
 * The line that `ls -l` prints, as OpenSSH's `ls_file` does; FileZilla and
 * WinSCP read type, size, owner and date out of it.
 *
 * @param now Seconds since 1970, which decide between hour and year.
 */
export function longname(entry: DirEntry, now: number): string {
  if (entry.longname !== undefined) return entry.longname;
  const { attrs } = entry;
  const links = String(entry.links ?? 1).padStart(3);
  const owner = (entry.owner ?? String(attrs.uid ?? 0)).padEnd(8);
  const group = (entry.group ?? String(attrs.gid ?? 0)).padEnd(8);
  const size = String(attrs.size ?? 0).padStart(8);
  const date = listedTime(attrs.mtime ?? 0, now);
  return `${
    modeString(attrs.permissions ?? 0)
  } ${links} ${owner} ${group} ${size} ${date} ${entry.name}`;
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

function listedTime(seconds: number, now: number): string {
  const { year, month, day, hour, minute } = localTime(seconds);
  const date = `${MONTHS[month]} ${String(day).padStart(2)} `;
  return seconds > now - HALF_A_YEAR && seconds <= now
    ? `${date}${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`
    : `${date} ${year}`;
}
