/**
 * node:fs, loaded together with this module: a static import would be hoisted to
 * the front of a bundle, where every session would wait milliseconds for it.
 */
export const fs: typeof import("node:fs") = await import("node:fs");
