/**
 * node:fs, loaded where this module is: a static import of it would be drawn
 * to the front of a bundle, where every session would wait milliseconds for it.
 */
export const fs: typeof import("node:fs") = await import("node:fs");
