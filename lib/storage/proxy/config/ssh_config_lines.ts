import { ConnectError } from "../connection_options.ts";

/** A line of an ssh_config that says something. */
export interface ConfigLine {
  /** The file, as it was named. */
  readonly file: string;
  /** Counted from 1. */
  readonly number: number;
  /** In lower case. */
  readonly keyword: string;
  /** The keyword as it stands there, for messages. */
  readonly written: string;
  /** The words behind it, without quotes; there is at least one. */
  readonly words: readonly string[];
}

/** An error about a line. */
export function lineError(
  { file, number }: Pick<ConfigLine, "file" | "number">,
  message: string,
): ConnectError {
  return new ConnectError(`${file} line ${number}: ${message}`);
}

/**
 * Takes an ssh_config apart, by OpenSSH's rules of quotes, escapes and comments.
 *
 * @param text The file's contents.
 * @param file Its name, for messages.
 * @throws {ConnectError} If a line is broken; the message names it.
 */
export function configLines(text: string, file: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  // To OpenSSH, too, it is a part of the first keyword.
  if (text.startsWith("\ufeff")) {
    throw lineError({ file, number: 1 }, "a byte-order mark (U+FEFF): save the file without it");
  }
  for (const [index, line] of text.split("\n").entries()) {
    const parsed = configLine(line, { file, number: index + 1 });
    if (parsed !== undefined) lines.push(parsed);
  }
  return lines;
}

/** A keyword, which may stand in quotes, then blanks with at most one `=` between them. */
const KEYWORD = /^(?:"([^"]*)"|([^ \t\r="]+)(?=[ \t\r=]|$))[ \t\r]*(?:=[ \t\r]*)?/;

function configLine(
  line: string,
  place: { readonly file: string; readonly number: number },
): ConfigLine | undefined {
  if (line.includes("\0")) throw lineError(place, "a NUL character");
  const trimmed = line.replace(/^[ \t\r]+|[ \t\r\f]+$/g, "");
  if (trimmed === "" || trimmed.startsWith("#")) return undefined;
  const found = KEYWORD.exec(trimmed);
  const written = found?.[1] ?? found?.[2] ?? "";
  if (found === null || written === "") throw lineError(place, "no keyword");
  const words = splitWords(trimmed.slice(found[0].length));
  if (words === undefined) throw lineError(place, "invalid quotes");
  if (words.length === 0) throw lineError(place, `no argument after keyword "${written}"`);
  return { ...place, keyword: written.toLowerCase(), written, words };
}

/** The words of a line; undefined where a quote is left open. */
function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (isBlank(text[at])) {
      at++;
    } else if (text[at] === "#") {
      // Only at the beginning of a word: elsewhere it is part of one.
      break;
    } else {
      const { word, end } = wordAt(text, at);
      if (word === undefined) return undefined;
      words.push(word);
      at = end;
    }
  }
  return words;
}

function wordAt(text: string, start: number): { word: string | undefined; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at++) {
    const letter = text[at]!;
    if (letter === "\\" && isEscaped(text[at + 1], quote)) {
      word += text[++at];
    } else if (quote === "" && isBlank(letter)) {
      break;
    } else if (quote === "" && (letter === '"' || letter === "'")) {
      quote = letter;
    } else if (letter === quote) {
      quote = "";
    } else {
      word += letter;
    }
  }
  return { word: quote === "" ? word : undefined, end: at };
}

/** Whether a backslash takes the meaning from what follows; anywhere else it stands for itself. */
function isEscaped(letter: string | undefined, quote: string): boolean {
  return letter === '"' || letter === "'" || letter === "\\" || (letter === " " && quote === "");
}

function isBlank(letter: string | undefined): boolean {
  return letter === " " || letter === "\t";
}
