import { ConnectError } from "../connection_options.ts";

/** A line of an ssh_config that is neither empty nor a comment. */
export interface ConfigLine {
  /** The file, by the name it was opened with. */
  readonly file: string;
  /** Counted from 1. */
  readonly number: number;
  /** In lower case. */
  readonly keyword: string;
  /** The keyword as written, for messages. */
  readonly written: string;
  /** The words after it, without quotes; at least one. */
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
 * Parses an ssh_config by OpenSSH's rules for quotes, escapes and comments.
 *
 * @param text The file's contents.
 * @param file Its name, for messages.
 * @throws {ConnectError} If a line is malformed; the message names it.
 */
export function configLines(text: string, file: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  // For OpenSSH, too, it is part of the first keyword.
  if (text.startsWith("\ufeff")) {
    throw lineError({ file, number: 1 }, "a byte-order mark (U+FEFF): save the file without it");
  }
  for (const [index, line] of text.split("\n").entries()) {
    const parsed = configLine(line, { file, number: index + 1 });
    if (parsed !== undefined) lines.push(parsed);
  }
  return lines;
}

/** A keyword, which may be quoted, then blanks with at most one `=` among them. */
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

/** The words of a line; undefined if a quote is not closed. */
function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (isBlank(text[at])) {
      at++;
    } else if (text[at] === "#") {
      // Only at the beginning of a word: elsewhere it is part of the word.
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

/** Whether a backslash escapes what follows; otherwise it stands for itself. */
function isEscaped(letter: string | undefined, quote: string): boolean {
  return letter === '"' || letter === "'" || letter === "\\" || (letter === " " && quote === "");
}

function isBlank(letter: string | undefined): boolean {
  return letter === " " || letter === "\t";
}
