/**
 * Tests for the author of a storage: everything that the session and its clients rely on, and
 * nothing else.
 *
 * @module
 */

export { conformance, type Fixture, type MakeStorage, type Skip } from "./conformance.ts";
export type { Tree } from "./tree.ts";
export type { Limits } from "./watched.ts";
