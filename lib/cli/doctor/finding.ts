import { escapeControls } from "../../audit/log_text.ts";
import { print } from "../../transport/stdio.ts";

/** What a check has found. */
export interface Finding {
  /** `BAD` keeps a session from working as it should; `warn` is to be thought about. */
  readonly state: "ok" | "warn" | "BAD";
  readonly text: string;
  /** The command that mends it. */
  readonly run?: string | undefined;
}

/** Something is as it should be. */
export function ok(text: string): Finding {
  return { state: "ok", text };
}

/** Something to think about. */
export function warn(text: string, run?: string): Finding {
  return { state: "warn", text, run };
}

/** Something that does not work. */
export function bad(text: string, run?: string): Finding {
  return { state: "BAD", text, run };
}

/** Prints the findings below a head, and returns the exit status: 1 if one of them is BAD. */
export function report(findings: readonly Finding[], head: readonly string[] = []): number {
  const told = findings.flatMap(({ state, text, run }) => [
    `${state.padEnd(4)} ${escapeControls(text)}`,
    ...run === undefined ? [] : [`     run: ${escapeControls(run)}`],
  ]);
  print([...head.map(escapeControls), ...told].map((line) => `${line}\n`).join(""));
  return findings.some(({ state }) => state === "BAD") ? 1 : 0;
}
