/**
 * Text as mdoc(7).
 *
 * @module
 */

import type { OptionSpec } from "../options/args.ts";
import type { Section } from "./topics.ts";

/** Text that a macro or a line contains, with each character as it is. */
export function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replace(/^(?=[.'])/, "\\&");
}

/** A word that a macro must not take for a delimiter or for another macro. */
function word(text: string): string {
  const safe = escaped(text).replaceAll("-", "\\-").replaceAll('"', "\\(dq");
  // `\&` is an empty character, and `\%` keeps a word from being hyphenated.
  return /\s/.test(safe) ? `"${safe}"` : `\\&\\%${safe}`;
}

/** One paragraph of prose; each sentence is on a line of its own, and options are bold. */
export function prose(text: string): string {
  return text.trim().replace(/\s+/g, " ").split(/(?<=[.:]) (?=[A-Z])/).map((sentence) =>
    escaped(sentence).replace(
      /(?<![\w-])-{1,2}[A-Za-z][\w-]*/g,
      (option) => `\\fB${option.replaceAll("-", "\\-")}\\fR`,
    )
  ).join("\n");
}

/** Paragraphs, and blocks of code that are indented by two spaces. */
export function body(text: string): string {
  const blocks = text.replace(/^\n+|\n+$/g, "").split(/\n{2,}/);
  return blocks.map((block, index) => {
    if (!block.startsWith("  ")) return (index === 0 ? "" : ".Pp\n") + prose(block);
    const lines = block.split("\n").map((line) => escaped(line.slice(2)).replaceAll("-", "\\-"));
    return `.Bd -literal -offset indent\n${lines.join("\n")}\n.Ed`;
  }).join("\n");
}

/** A list of terms and what they mean. */
function list(items: readonly string[]): string {
  return [".Bl -tag -width Ds", ...items, ".El"].join("\n");
}

/** A section's text and terms. */
export function sectionBody({ text, terms = [] }: Section): string {
  const items = terms.map(([term, what]) => {
    const names = term.split(", ").map((name) => `Cm ${word(name)}`).join(" , ");
    return `.It ${names}\n${prose(what)}`;
  });
  return [
    ...text === undefined ? [] : [body(text)],
    ...items.length === 0 ? [] : [list(items)],
  ].join("\n");
}

/** Options as a list, with more about some of them; those of a group follow its heading. */
export function optionList(
  options: readonly OptionSpec[],
  details: Readonly<Record<string, string>>,
): string {
  const groups = Map.groupBy(options, ({ group = "" }) => group);
  return [...groups].map(([group, specs]) =>
    (group === "" ? "" : `.Ss ${group}\n`) + list(specs.map((spec) => optionItem(spec, details)))
  ).join("\n");
}

function optionItem(spec: OptionSpec, details: Readonly<Record<string, string>>): string {
  const { name, letter, value, otherwise, help, choices = [] } = spec;
  const long = `Fl ${word(`-${name}`)}`;
  const shown = value === undefined
    ? long
    : otherwise === undefined
    ? `${long} Ns = Ns Ar ${value}`
    : `${long} Ns Op = Ns Ar ${value}`;
  const short = letter === undefined
    ? ""
    : `Fl ${letter}${value === undefined ? "" : ` Ar ${value}`} , `;
  const unnamed = choices.some((choice) => choice !== value && !help.includes(choice));
  const texts = [
    // A line of help is not a sentence: it gets what a sentence has.
    (choices.some((choice) => help.startsWith(choice)) ? help : capitalized(help)) + ".",
    ...Object.hasOwn(details, name) ? [details[name]!] : [],
  ].map(prose);
  if (unnamed) texts.push(`The values are\n.Cm ${choices.map(word).join(" , ")} .`);
  return `.It ${short}${shown}\n${texts.join("\n")}`;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The lines of a synopsis for one form of a command line. */
export function synopsis(command: string, form: string): string {
  const words = form.split(" ").filter((part) => part !== "").map((part) =>
    /^\[\w+\]$/.test(part)
      ? `Op Ar ${part.slice(1, -1)}`
      : part.startsWith("-")
      ? `Fl ${word(part.slice(1))}`
      : `Ar ${word(part)}`
  );
  return [`.Nm ${command}`, ...words.map((part) => `.${part}`)].join("\n");
}
