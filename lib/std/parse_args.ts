/**
 * `@std/cli/parse-args`, as the command line uses it.
 *
 * The `@std` packages live on JSR. Where JSR cannot be reached, npm's `deno-std` has the same code
 * without its types, so the types of what this project uses are next to it, in `parse_args.d.ts`.
 * To move to JSR, change one line of `deno.json`, `"@std/cli/parse-args":
 * "jsr:@std/cli@1/parse-args"`, and delete `lib/std/parse_args.ts` and `lib/std/parse_args.d.ts`.
 *
 * @module
 */

// @ts-types="./parse_args.d.ts"
export * from "npm:deno-std@1.4.0/cli/parse_args.js";
