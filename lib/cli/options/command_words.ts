/**
 * Splits a command as OpenSSH does those of its own files (`argv_split`): at blanks, with single
 * and double quotes, and a backslash before a quote, a backslash or a blank. No shell sees it.
 *
 * @returns The words; undefined if a quote is not closed.
 */
export function commandWords(command: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < command.length; at++) {
    const character = command[at]!;
    const next = command[at + 1] ?? "";
    if (character === "\\" && isEscapable(next, quote)) {
      word = (word ?? "") + next;
      at++;
    } else if (quote === "" && (character === " " || character === "\t")) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      word ??= "";
    } else if (character === quote) {
      quote = "";
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== "") return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

function isEscapable(character: string, quote: string): boolean {
  return ["'", '"', "\\"].includes(character) || quote === "" && character === " ";
}
