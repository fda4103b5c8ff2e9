/**
 * The command lines of all subcommands, for what describes them: manual and completions. A session
 * does not load this.
 *
 * @module
 */

import { authorizeSpec } from "../authorize/options.ts";
import { doctorSpec } from "../doctor/options.ts";
import { gridFsSpec } from "../gridfs/options.ts";
import { jailSpec } from "../jail/options.ts";
import type { CommandSpec } from "../options/args.ts";
import { proxySpec } from "../proxy/options.ts";
import { quotaSpec } from "../quota/options.ts";
import { s3Spec } from "../s3/options.ts";
import { kickSpec, whoSpec } from "../sessions/options.ts";
import { completionsSpec, helpSpec, manSpec } from "./options.ts";
import { TOPICS } from "./topics.ts";

/** The subcommands that have a page of the manual. */
export const DOCUMENTED: readonly CommandSpec[] = [
  jailSpec,
  proxySpec,
  gridFsSpec,
  s3Spec,
  authorizeSpec,
  doctorSpec,
  quotaSpec,
  whoSpec,
  kickSpec,
];

/** Every subcommand of the program. */
export const TABLES: readonly CommandSpec[] = [
  ...DOCUMENTED,
  ...[manSpec, completionsSpec, helpSpec].map((spec) => withNames(spec)),
];

/** Adds the operands that are names of subcommands and topics. */
function withNames(spec: CommandSpec): CommandSpec {
  if (spec.choices !== undefined) return spec;
  const names = DOCUMENTED.map(({ name }) => name);
  return { ...spec, choices: spec === helpSpec ? [...names, ...TOPICS.keys()] : names };
}
