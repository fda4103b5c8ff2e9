/**
 * What a session that waits costs: private memory of many at once.
 *
 * @module
 */

import { PacketType } from "../../lib/wire/constants.ts";
import type { Contestant } from "./contestants.ts";
import { namePacket } from "./packets.ts";
import { addSample, type Samples } from "./samples.ts";
import { Session } from "./session.ts";

/** Milliseconds for the last session to come to rest. */
const REST = 2000;

/** Starts so many sessions of each contestant and adds the private memory of each, in MiB. */
export async function measureIdle(
  samples: Samples,
  { contestants, count, pause, progress }: {
    readonly contestants: readonly Contestant[];
    readonly count: number;
    readonly pause: () => Promise<void>;
    readonly progress: (text: string) => void;
  },
): Promise<void> {
  for (const contestant of contestants) {
    progress(`${count} idle sessions: ${contestant.name}`);
    const sessions: Session[] = [];
    try {
      for (let index = 0; index < count; index++) {
        await pause();
        const session = new Session(contestant);
        sessions.push(session);
        // As every client begins.
        session.connection.call(namePacket(PacketType.REALPATH, "."));
      }
      await new Promise((resolve) => setTimeout(resolve, REST));
      for (const { server } of sessions) {
        addSample(samples, { metric: "idle", id: contestant.id }, server.privateMemory());
      }
    } finally {
      await Promise.all(sessions.map((session) => session.stop()));
    }
  }
}
