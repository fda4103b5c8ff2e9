/**
 * Patterns for paths, in the syntax of shells and gitignore.
 *
 * - A pattern without a slash is a name, at any depth; one with a slash starts at the root. A slash
 *   at the end has no meaning.
 * - `*` is any part of a name, including a leading dot; `**` as a whole segment is any number of
 *   folders; `?` is one character; `[a-z]`, `[!a-z]` is one character of a set; `{a,b}` is either,
 *   and may contain slashes; `\` takes the next character literally.
 * - Case matters.
 *
 * @module
 */

import type { VirtualPath } from "../storage/storage.ts";

/** Whether a character matches. */
type CharacterTest = (character: string) => boolean;

/** Part of a pattern for a name: one character, or any number of them. */
type Part = CharacterTest | typeof ANY_CHARACTERS;

/** Part of a pattern for a path: one name, or any number of folders. */
type Step = readonly Part[] | typeof ANY_FOLDERS;

const ANY_CHARACTERS = Symbol("*");
const ANY_FOLDERS = Symbol("**");

/** The most patterns that one pattern with braces may expand to. */
const MAX_ALTERNATIVES = 1000;

/** How a path relates to the patterns. */
export type Match =
  /** No pattern matches. */
  | "none"
  /** The last name matches a pattern, and no name before it does. */
  | "itself"
  /** The path leads through a folder that matches. */
  | "through";

/** A set of patterns. */
export class Globs {
  /** The root, where every path begins. */
  readonly root: PatternState;

  /** @throws {SyntaxError} If a text is not a valid pattern. */
  constructor(patterns: readonly string[]) {
    const compiled = patterns.flatMap((text) => compile(text));
    this.root = new PatternState(compiled, compiled.map((steps) => settled(steps, [0])));
  }

  /** Where `path` leads as it is written: `..` is the parent folder. */
  at(path: VirtualPath): { readonly state: PatternState; readonly match: Match } {
    const way = [this.root];
    let match: Match = "none";
    for (const name of path.split("/")) {
      if (name === "" || name === ".") continue;
      if (match !== "none") return { state: way.at(-1)!, match: "through" };
      if (name === "..") {
        if (way.length > 1) way.pop();
      } else {
        way.push(way.at(-1)!.enter(name));
        if (way.at(-1)!.isMatch) match = "itself";
      }
    }
    return { state: way.at(-1)!, match };
  }
}

/** A position in the tree of names: how much of each pattern the names up to here have matched. */
export class PatternState {
  readonly #patterns: readonly (readonly Step[])[];
  readonly #met: readonly (readonly number[])[];

  /**
   * @param met How many steps of each pattern are matched; there may be several ways to match it.
   */
  constructor(patterns: readonly (readonly Step[])[], met: readonly (readonly number[])[]) {
    this.#patterns = patterns;
    this.#met = met;
  }

  /** Whether a pattern matches. */
  get isMatch(): boolean {
    return this.#patterns.some((steps, index) => this.#met[index]!.includes(steps.length));
  }

  /** The position below this one with this name. */
  enter(name: string): PatternState {
    const met = this.#patterns.map((steps, index) =>
      settled(
        steps,
        this.#met[index]!.flatMap((place) => {
          const step = steps[place];
          if (step === undefined) return [];
          if (step === ANY_FOLDERS) return [place];
          return meets(name, step) ? [place + 1] : [];
        }),
      )
    );
    return new PatternState(this.#patterns, met);
  }

  /** Whether the same names below match the same patterns, here and there. */
  isLike(other: PatternState): boolean {
    return String(this.#met.map(String)) === String(other.#met.map(String));
  }
}

/** `**` may also match no folder at all. */
function settled(steps: readonly Step[], places: readonly number[]): readonly number[] {
  const all = new Set(places);
  // Iterating a set also yields what is added meanwhile.
  for (const place of all) if (steps[place] === ANY_FOLDERS) all.add(place + 1);
  return [...all].sort((a, b) => a - b);
}

/**
 * Backtracks to the last `*` only, so that no name takes longer than its length times the
 * pattern's.
 */
function meets(name: string, parts: readonly Part[]): boolean {
  const characters = Array.from(name);
  let at = 0;
  let part = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    const wanted = parts[part];
    if (wanted === ANY_CHARACTERS) {
      star = part++;
      starAt = at;
    } else if (wanted !== undefined && wanted(characters[at]!)) {
      part++;
      at++;
    } else if (star !== -1) {
      part = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  return parts.slice(part).every((rest) => rest === ANY_CHARACTERS);
}

function compile(text: string): (readonly Step[])[] {
  const alternatives = withoutBraces(text, text);
  return alternatives.map((pattern) => {
    const trimmed = pattern.replace(/\/+$/, "");
    const isName = !trimmed.includes("/");
    const names = trimmed.replace(/^\//, "").split("/");
    if (names.some((name) => name === "" || name === "." || name === "..")) {
      throw invalid(text, 'an empty name, "." and ".." are no part of a path');
    }
    // A pattern that ends in `/**` matches everything in a folder, but not the folder.
    if (names.at(-1) === "**") names.push("*");
    const steps = names.map((name) => name === "**" ? ANY_FOLDERS : partsOf(name, text));
    return isName ? [ANY_FOLDERS, ...steps] : steps;
  });
}

/** The patterns that a pattern with `{a,b}` expands to. */
function withoutBraces(pattern: string, whole: string): string[] {
  const open = indexOf(pattern, "{", 0);
  if (open === -1) {
    if (indexOf(pattern, "}", 0) !== -1) throw invalid(whole, '"}" has no "{"');
    return [pattern];
  }
  const { ends, choices } = choicesIn(pattern, open, whole);
  const rests = withoutBraces(pattern.slice(ends), whole);
  const heads = choices.flatMap((choice) => withoutBraces(choice, whole));
  if (heads.length * rests.length > MAX_ALTERNATIVES) throw invalid(whole, "too many choices");
  return heads.flatMap((head) => rests.map((rest) => pattern.slice(0, open) + head + rest));
}

/** The choices between a `{` and its `}`, split at the commas, and the index where they end. */
function choicesIn(
  pattern: string,
  open: number,
  whole: string,
): { readonly ends: number; readonly choices: string[] } {
  const choices: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < pattern.length; at = after(pattern, at)) {
    const character = pattern[at];
    if (character === "{") depth++;
    if (character === "}") depth--;
    if (depth === 0 || (depth === 1 && character === ",")) {
      choices.push(pattern.slice(start, at));
      start = at + 1;
    }
    if (depth === 0) return { ends: start, choices };
  }
  throw invalid(whole, '"{" is not closed');
}

/**
 * The index of `wanted` from `from` on, outside of `[...]` and not after a `\`; -1 if there is
 * none.
 */
function indexOf(pattern: string, wanted: string, from: number): number {
  for (let at = from; at < pattern.length; at = after(pattern, at)) {
    if (pattern[at] === wanted) return at;
  }
  return -1;
}

/** The index after the unit at `at`: a character, `\` with the next one, or a whole `[...]`. */
function after(pattern: string, at: number): number {
  if (pattern[at] === "\\") return at + 2;
  if (pattern[at] !== "[") return at + 1;
  return endOfSet(pattern, at) + 1;
}

/** The index of the `]` that closes a `[`; the end of the pattern if it is missing. */
function endOfSet(pattern: string, open: number): number {
  let at = open + 1;
  if (pattern[at] === "!" || pattern[at] === "^") at++;
  // As a set's first member, `]` is literal.
  if (pattern[at] === "]") at++;
  while (at < pattern.length && pattern[at] !== "]") at += pattern[at] === "\\" ? 2 : 1;
  return Math.min(at, pattern.length);
}

function partsOf(pattern: string, whole: string): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length;) {
    const character = String.fromCodePoint(pattern.codePointAt(at)!);
    if (character === "[") {
      const end = endOfSet(pattern, at);
      if (end === pattern.length) throw invalid(whole, '"[" is not closed');
      parts.push(setOf(pattern.slice(at + 1, end), whole));
      at = end + 1;
    } else if (character === "\\") {
      const next = pattern.codePointAt(at + 1);
      if (next === undefined) throw invalid(whole, String.raw`nothing follows "\"`);
      const meant = String.fromCodePoint(next);
      parts.push((found) => found === meant);
      at += 1 + meant.length;
    } else {
      parts.push(plainPart(character));
      at += character.length;
    }
  }
  return parts;
}

function plainPart(character: string): Part {
  if (character === "*") return ANY_CHARACTERS;
  if (character === "?") return () => true;
  return (found) => found === character;
}

/** The content of `[...]`: characters and ranges of them, or with `!` or `^` all others. */
function setOf(content: string, whole: string): CharacterTest {
  const isNegative = content.startsWith("!") || content.startsWith("^");
  const members = Array.from(isNegative ? content.slice(1) : content);
  const ranges: (readonly [from: number, to: number])[] = [];
  for (let at = 0; at < members.length; at++) {
    if (members[at] === "\\" && at + 1 < members.length) at++;
    const from = members[at]!.codePointAt(0)!;
    let to = from;
    if (members[at + 1] === "-" && at + 2 < members.length) {
      at += 2;
      if (members[at] === "\\" && at + 1 < members.length) at++;
      to = members[at]!.codePointAt(0)!;
    }
    if (to < from) throw invalid(whole, "a range in [...] goes backwards");
    ranges.push([from, to]);
  }
  return (found) => {
    const code = found.codePointAt(0)!;
    return ranges.some(([from, to]) => from <= code && code <= to) !== isNegative;
  };
}

function invalid(pattern: string, why: string): SyntaxError {
  return new SyntaxError(`Cannot read the pattern "${pattern}": ${why}`);
}
