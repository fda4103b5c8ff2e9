/**
 * The subcommands that look at sessions.
 *
 * @module
 */

export { kickCommand } from "./kick.ts";
export { whoCommand } from "./who.ts";
