import type { HeldLog } from "../audit/held_log.ts";
import { MAX_WAITING_BYTES, type Streams } from "./overlapping_loop.ts";

/** Replies are sent when they come to this many bytes, or when no request is left. */
const BATCH_BYTES = 512 * 1024;

/**
 * Reads and writes in turn, and lets nothing else run meanwhile, as long as the storage answers at
 * once.
 *
 * @returns Whether the session continues, because a storage has answered with a promise.
 */
export async function serveBlocking(streams: Streams, log: HeldLog): Promise<boolean> {
  const { session, transport, checkpoints, background, framer, packet } = streams;
  log.hold();
  checkpoints.setBlocking(true);
  try {
    while (!session.asynchronous) {
      const worked = background.whileQuiet(
        transport.polling,
        () => checkpoints.between() === false,
      );
      if (worked !== undefined) await worked;
      const count = transport.readSync(framer.free());
      if (count === null) return false;
      framer.commit(count);
      while (framer.next(packet)) {
        const wait = session.accept(packet, framer);
        if (wait !== undefined) await wait;
        if (session.replies.length >= BATCH_BYTES) send(streams);
        if (session.asynchronous) break;
        const isOver = checkpoints.between();
        if (isOver !== false && await isOver) return false;
      }
      send(streams);
      log.flush();
    }
    return true;
  } finally {
    checkpoints.setBlocking(false);
    log.release();
    // What was accepted before a malformed packet is answered all the same.
    sendAll(streams);
  }
}

/** Sends what is ready; if the transport can poll, only until a request waits. */
function send(streams: Streams): void {
  const { session: { replies }, transport: { polling } } = streams;
  if (polling === undefined) {
    sendAll(streams);
    return;
  }
  while (replies.length > 0) {
    replies.drop(polling.trySend(replies.written));
    if (replies.length === 0) return;
    if (polling.wait({ input: replies.length < MAX_WAITING_BYTES }).input) return;
  }
}

function sendAll({ session: { replies }, transport }: Streams): void {
  if (replies.length > 0) transport.writeSync(replies.written);
  replies.clear();
}
