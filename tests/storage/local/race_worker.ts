/** Swaps two names as fast as it can until it is told to stop. */

import { openLibc } from "../../../lib/linux/libc.ts";
import { AT_FDCWD, Rename } from "../../../lib/linux/linux.ts";
import { RaceWord, type SwapOrder } from "./race.ts";

declare const self: {
  onmessage: (event: MessageEvent<SwapOrder>) => void;
  postMessage(message: string): void;
};

self.onmessage = ({ data }) => {
  const libc = openLibc();
  const words = new Int32Array(data.shared);
  const one = new TextEncoder().encode(`${data.one}\0`);
  const other = new TextEncoder().encode(`${data.other}\0`);
  while (Atomics.load(words, RaceWord.STOP) === 0) {
    const result = libc.renameat2(AT_FDCWD, one, AT_FDCWD, other, Rename.EXCHANGE);
    if (result < 0) throw new Error(`renameat2 failed with ${result}`);
    Atomics.add(words, RaceWord.SWAPS, 1);
  }
  self.postMessage("stopped");
};
