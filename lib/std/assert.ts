/**
 * `@std/assert`, as the tests use it.
 *
 * The `@std` packages live on JSR. Where JSR cannot be reached, npm's `deno-std` has the same code
 * without its types, so the types of what this project uses are next to it, in `assert.d.ts`. To
 * move to JSR, change one line of `deno.json`, `"@std/assert": "jsr:@std/assert@1"`, and delete
 * `lib/std/assert.ts` and `lib/std/assert.d.ts`.
 *
 * @module
 */

// @ts-types="./assert.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
