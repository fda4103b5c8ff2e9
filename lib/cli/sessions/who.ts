import { escapeControls, escapeJson } from "../../audit/log_text.ts";
import { openLibc } from "../../linux/libc.ts";
import { print, printError } from "../../transport/stdio.ts";
import { runSubcommand } from "../subcommand.ts";
import { findSessions, type FoundSession } from "./folders.ts";
import { parseWhoOptions, type WhoOptions, whoSpec } from "./options.ts";

/** Characters of a session's ID that are shown. */
const SHOWN_ID_LENGTH = 8;

/** Runs `sftpwrap who`, and returns its exit status. */
export async function whoCommand(args: readonly string[]): Promise<number> {
  return await runSubcommand(args, {
    spec: whoSpec,
    parse: parseWhoOptions,
    run: (options) => Promise.resolve(run(options)),
    isForPeople: true,
  });
}

function run(options: WhoOptions): number {
  const { sessions, troubles } = findSessions(openLibc(), options);
  for (const trouble of troubles) printError(`sftpwrap: ${escapeControls(trouble)}\n`);
  const sorted = sessions.toSorted((one, other) => begunAt(one) - begunAt(other));
  print(options.json ? sorted.map(jsonOf).join("") : tableOf(sorted));
  return troubles.length === 0 ? 0 : 1;
}

function tableOf(sessions: readonly FoundSession[]): string {
  const head = ["SESSION", "USER", "LOG-USER", "ADDRESS", "SINCE", "READ", "WRITTEN", "SERVES"];
  const rows = [head, ...sessions.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    `${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()}\n`
  ).join("");
}

function rowOf(session: FoundSession): readonly string[] {
  const { id, facts, counters, folder } = session;
  const serves = Object.entries(facts.serves ?? {}).map((pair) => pair.join(" ")).join(", ");
  const cells = [
    id.slice(0, SHOWN_ID_LENGTH),
    folder.user,
    facts.logUser,
    facts.address,
    sinceOf(session),
    String(counters.bytesRead),
    String(counters.bytesWritten),
    serves,
  ];
  return cells.map((cell) => escapeControls(cell || "-"));
}

function jsonOf(session: FoundSession): string {
  const { id, facts, counters, folder } = session;
  const object = {
    session: id,
    user: folder.user,
    logUser: facts.logUser,
    client: facts.address,
    since: sinceOf(session) || undefined,
    pid: facts.pid,
    serves: facts.serves,
    ...counters,
  };
  return `${escapeJson(JSON.stringify(object))}\n`;
}

/** The time when it began; 0 if it does not say. */
function begunAt({ facts: { since = "" } }: FoundSession): number {
  return Date.parse(since) || 0;
}

/** The time as `2026-01-31T12:00:00Z`; empty if it is none. */
function sinceOf(session: FoundSession): string {
  const time = begunAt(session);
  return time === 0 ? "" : new Date(time).toISOString().replace(/\.\d+/, "");
}
