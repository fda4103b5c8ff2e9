/**
 * What a TypeScript file imports and which names it uses, without a parser: comments and the
 * insides of strings, templates and regular expressions are blanked out, and the rest is searched.
 *
 * @module
 */

/** One import, re-export or dynamic import. */
export interface Import {
  /** What stands in the quotes; undefined where a dynamic import's name is not a literal. */
  readonly specifier: string | undefined;
  /**
   * `static` is evaluated when the importing file is, `type` never is, and `dynamic` (with
   * `import()`, also inside a type) only when it is reached.
   */
  readonly kind: "static" | "type" | "dynamic";
  /** The line it begins on, counted from 1. */
  readonly line: number;
}

const SIDE_EFFECT = /(?<![.\w$])import\s*(?<quote>["'])/dg;
const FROM =
  /(?<![.\w$])(?:import|export)(?=[\s{*])(?<type>\s+type(?=[\s{*])(?!\s+from\s*["']))?(?:(?!\b(?:import|export)\b)[\w$\s{},*])*?[\s}*]from\s*(?<quote>["'])/dg;
const DYNAMIC = /(?<![.\w$])import\s*\(\s*(?<quote>["'])?/dg;

/** Finds the imports of a file, in the order of their lines. */
export function findImports(text: string): Import[] {
  const code = blank(text);
  const found: Import[] = [];
  for (const match of code.matchAll(SIDE_EFFECT)) found.push(importAt(text, match, "static"));
  for (const match of code.matchAll(FROM)) {
    found.push(importAt(text, match, match.groups?.["type"] === undefined ? "static" : "type"));
  }
  for (const match of code.matchAll(DYNAMIC)) found.push(importAt(text, match, "dynamic"));
  return found.sort((a, b) => a.line - b.line);
}

/** The lines on which the code says `name`, which may have dots: `Deno.stdout`. */
export function findName(text: string, name: string): number[] {
  const pattern = name.split(".").join(String.raw`\s*\??\.\s*`);
  const matches = blank(text).matchAll(new RegExp(String.raw`(?<![\w$])${pattern}(?![\w$])`, "g"));
  return [...matches].map((match) => lineOf(text, match.index));
}

function importAt(text: string, match: RegExpExecArray, kind: Import["kind"]): Import {
  const line = lineOf(text, match.index);
  const quote = match.indices?.groups?.["quote"];
  if (quote === undefined) return { specifier: undefined, kind, line };
  const [start, end] = quote;
  return { specifier: text.slice(end, text.indexOf(text.slice(start, end), end)), kind, line };
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Words after which a `/` begins a regular expression and does not divide. */
const BEFORE_REGEXP =
  /(?:^|[^\w$.])(?:await|case|delete|do|else|in|instanceof|new|of|return|throw|typeof|void|yield)$/;

/**
 * Returns the text at the same length and with the same lines, in which comments and the insides
 * of strings, templates (but for the code in `${}`) and regular expressions are spaces.
 */
export function blank(text: string): string {
  let out = "";
  let at = 0;
  /** For each template around this place, how many braces are open inside its `${}`. */
  const templates: number[] = [];

  function keep(length: number): void {
    out += text.slice(at, at + length);
    at += length;
  }
  function drop(length: number): void {
    out += text.slice(at, at + length).replace(/[^\n]/g, " ");
    at += length;
  }
  /** Blanks up to `end`, or to the end of the text. */
  function dropTo(end: number): void {
    drop((end === -1 ? text.length : end) - at);
  }
  function string(quote: string): void {
    keep(1);
    while (at < text.length && text[at] !== quote && text[at] !== "\n") {
      drop(text[at] === "\\" ? 2 : 1);
    }
    keep(1);
  }
  function regexp(): void {
    keep(1);
    let inClass = false;
    while (at < text.length && text[at] !== "\n" && (inClass || text[at] !== "/")) {
      if (text[at] === "[") inClass = true;
      if (text[at] === "]") inClass = false;
      drop(text[at] === "\\" ? 2 : 1);
    }
    keep(1);
  }
  /** Blanks a template up to its end, or up to the code of its next `${`. */
  function template(): void {
    while (at < text.length && text[at] !== "`") {
      if (text.startsWith("${", at)) {
        keep(2);
        templates.push(0);
        return;
      }
      drop(text[at] === "\\" ? 2 : 1);
    }
    keep(1);
  }
  function braces(delta: number): void {
    const innermost = templates.pop();
    if (innermost !== undefined) templates.push(innermost + delta);
    keep(1);
  }

  while (at < text.length) {
    const char = text[at];
    if (text.startsWith("//", at)) dropTo(text.indexOf("\n", at));
    else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      dropTo(end === -1 ? -1 : end + 2);
    } else if (char === '"' || char === "'") string(char);
    else if (char === "`") {
      keep(1);
      template();
    } else if (char === "{") braces(1);
    else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      keep(1);
      template();
    } else if (char === "}") braces(-1);
    else if (char === "/" && startsRegexp(out)) regexp();
    else keep(1);
  }
  return out;
}

/** Whether a `/` after this code begins a regular expression: not after a value. */
function startsRegexp(before: string): boolean {
  const code = before.slice(-200).trimEnd();
  return !/[\w$)\]}"'`]$/.test(code) || BEFORE_REGEXP.test(code);
}
