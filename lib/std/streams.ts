/**
 * `@std/streams`, for turning a stream into bytes, text or lines.
 *
 * The `@std` packages live on JSR. Where JSR cannot be reached, npm's `deno-std` has the same code
 * without its types, so the types of what this project uses are next to it, in `streams.d.ts`. To
 * move to JSR, change one line of `deno.json`, `"@std/streams": "jsr:@std/streams@1"`, and delete
 * `lib/std/streams.ts` and `lib/std/streams.d.ts`.
 *
 * @module
 */

// @ts-types="./streams.d.ts"
export * from "npm:deno-std@1.4.0/streams/mod.js";
