/**
 * Pages of the manual, made from the tables that parse the options.
 *
 * @module
 */

import type { CommandSpec } from "../options/args.ts";
import { EXTRAS, type Extras } from "./extras.ts";
import { body, optionList, prose, sectionBody, synopsis } from "./mdoc.ts";
import { type Section, TOPICS } from "./topics.ts";

/** A subcommand's name, and what it does in a few words. */
export interface Summary {
  readonly name: string;
  readonly summary: string;
}

/** Which program the manual is of. */
export interface Edition {
  readonly version: string;
  readonly date: Date;
}

/** The page of the program. */
export function mainPage(subcommands: readonly Summary[], edition: Edition): string {
  return page("sftpwrap", "an SFTP server that OpenSSH starts", edition, [
    ["SYNOPSIS", synopsis("sftpwrap", "SUBCOMMAND [options] ...")],
    [
      "DESCRIPTION",
      body("Serves SFTP on standard input and output, or helps to set that up. The subcommands:") +
      "\n" + sectionBody({ terms: subcommands.map(({ name, summary }) => [name, summary]) }),
    ],
    [
      "OPTIONS",
      optionList([
        { name: "help", letter: "h", help: "show a short help" },
        { name: "version", letter: "V", help: "show the version" },
      ], {}),
    ],
    topicSection("exit-status"),
    topicSection("environment"),
    ["SEE ALSO", references(subcommands.map(({ name }) => [`sftpwrap-${name}`, 1]))],
  ]);
}

export function subcommandPage(
  { name, forms, about, options }: CommandSpec,
  summary: string,
  edition: Edition,
): string {
  const extras: Extras = Object.hasOwn(EXTRAS, name) ? EXTRAS[name]! : {};
  const { details = {}, topics = [], environment = [], files, examples, seeAlso = [] } = extras;
  return page(`sftpwrap-${name}`, summary, edition, [
    ["SYNOPSIS", forms.map((form) => synopsis(`sftpwrap ${name}`, form)).join("\n")],
    ["DESCRIPTION", body(about)],
    ["OPTIONS", optionList(options, details)],
    ...topics.map((topic) => topicSection(topic, topic === "environment" ? environment : [])),
    ...files === undefined ? [] : [["FILES", sectionBody({ terms: files })] as const],
    ...examples === undefined ? [] : [["EXAMPLES", body(examples)] as const],
    ["SEE ALSO", references([["sftpwrap", 1], ...seeAlso])],
  ]);
}

function topicSection(name: string, more: Section["terms"] = []): readonly [string, string] {
  const topic = TOPICS.get(name);
  if (topic === undefined) throw new RangeError(`unknown topic "${name}"`);
  const terms = [...topic.terms ?? [], ...more];
  return [name.toUpperCase().replaceAll("-", " "), sectionBody({ ...topic, terms })];
}

function references(pages: readonly (readonly [page: string, section: number])[]): string {
  const sorted = [...pages].sort(([a, one], [b, two]) => one - two || (a < b ? -1 : 1));
  return sorted.map(([name, section], index) =>
    `.Xr ${name} ${section}${index === sorted.length - 1 ? "" : " ,"}`
  ).join("\n");
}

/** Where the usual order of sections puts one; those that are not named follow the options. */
const ORDER = ["SYNOPSIS", "DESCRIPTION", "OPTIONS"];
const LAST = ["ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES", "SEE ALSO"];

function place(title: string): number {
  const last = LAST.indexOf(title);
  return last !== -1 ? 100 + last : ORDER.includes(title) ? ORDER.indexOf(title) : 50;
}

function page(
  name: string,
  summary: string,
  { version, date }: Edition,
  sections: readonly (readonly [title: string, text: string])[],
): string {
  const ordered = [...sections].sort(([a], [b]) => place(a) - place(b));
  return [
    `.Dd ${date.toLocaleDateString("en-US", { dateStyle: "long", timeZone: "UTC" })}`,
    `.Dt ${name.toUpperCase()} 1`,
    `.Os sftpwrap ${version.split(" ")[0]}`,
    `.Sh NAME\n.Nm ${name}\n.Nd ${prose(summary)}`,
    ...ordered.map(([title, text]) => `.Sh ${title}\n${text}`),
  ].join("\n") + "\n";
}
