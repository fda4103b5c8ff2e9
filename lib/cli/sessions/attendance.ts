import { messageOf } from "../../message_of.ts";
import { type Libc, openLibc } from "../../linux/libc.ts";
import { type Meter, OwnMeter, SharedMeter } from "../../sessions/meter.ts";
import { Pace } from "../../sessions/pace.ts";
import type { LiveSession } from "../../sessions/slot.ts";
import { Slots } from "../../sessions/slots.ts";
import type { TakenSlot } from "../../sessions/taken_slot.ts";
import { throttle } from "../../sessions/throttle.ts";
import { StorageError } from "../../storage/errors.ts";
import { RefusedSession, StartError } from "../errors.ts";
import {
  type Attendance,
  type Attending,
  needsSlot,
  type SessionLimits,
} from "../options/session_limits.ts";
import { expandTokens } from "../options/tokens.ts";
import { reasonWithoutLibc } from "../start/rings.ts";
import { openStateDirectory, type StateDirectory } from "../start/state_directory.ts";

/** Bytes of one direction's number in the file of a shared rate. */
const METER_BYTES = 8;

/**
 * Takes this session's place among those of its user, and prepares its rate; to be called while
 * files can be opened.
 *
 * @throws {RefusedSession} If the user has too many sessions.
 * @throws {StartError} If the sessions cannot be known: a limit that cannot be kept refuses all.
 */
export async function takePlace(
  limits: SessionLimits,
  attending: Attending,
): Promise<Attendance> {
  const { rate } = limits;
  const own = () => rate === undefined ? [] : [new OwnMeter(rate)];
  if (!needsSlot(limits)) return paced(own, own);
  const libc = libcForSlots();
  const state = openStateDirectory(libc, {
    given: attending.stateDirectory && expandTokens(attending.stateDirectory, attending.who),
    home: attending.who.home,
    jail: attending.jail,
  });
  try {
    const slots = Slots.make(libc, state.descriptor);
    const { slot, meters } = await joined(libc, slots, { limits, ...attending });
    slots.close();
    return {
      ...paced(() => [...meters(0), ...own()], () => [...meters(1), ...own()]),
      mustEnd: (moved) => slot.look(moved),
    };
  } catch (error) {
    throw error instanceof StorageError ? unusable(state, error) : error;
  } finally {
    libc.close(state.descriptor);
  }
}

function paced(up: () => readonly Meter[], down: () => readonly Meter[]): Attendance {
  const meters = { up: up(), down: down() };
  if (meters.up.length === 0) return { policies: [] };
  const paces = { up: new Pace(meters.up), down: new Pace(meters.down) };
  // What is held up by the rate must not hold up what is small.
  return { policies: [throttle(paces)], anyOrder: true };
}

interface Joining extends Attending {
  readonly limits: SessionLimits;
}

interface Joined {
  readonly slot: TakenSlot;
  /** The meters that this session shares, for a direction. */
  readonly meters: (direction: number) => readonly Meter[];
}

async function joined(
  libc: Libc,
  slots: Slots,
  { limits, logUser, who, session, serves }: Joining,
): Promise<Joined> {
  const { sharedRate } = limits;
  const name = `rate-${await digestOf(logUser ?? "")}`;
  const fd = sharedRate === undefined ? undefined : slots.openShared(name);
  const facts = {
    ...{ version: 1, id: session.id, pid: Deno.pid, user: who.user, logUser } as const,
    ...{ address: session.client, since: new Date().toISOString(), serves },
  };
  const slot = slots.take(facts, (others) => {
    const ours = others.filter((other) => isOf(logUser, other));
    requireRoom(ours, limits, { name: logUser ?? who.user, address: session.client });
    // What the last session left may be of another start of the system.
    if (ours.length === 0 && fd !== undefined) libc.ftruncate(fd, 0);
  });
  return {
    slot,
    meters: (direction) =>
      sharedRate === undefined || fd === undefined
        ? []
        : [new SharedMeter(libc, sharedRate, { fd, at: direction * METER_BYTES })],
  };
}

/** Whether a session is of the same user; one whose facts cannot be read is everyone's. */
function isOf(logUser: string | undefined, { facts }: LiveSession): boolean {
  return facts.pid === undefined || facts.logUser === logUser;
}

function requireRoom(
  ours: readonly LiveSession[],
  { maxSessions = Infinity, maxSessionsPerAddress = Infinity }: SessionLimits,
  { name = "the user", address }: {
    readonly name: string | undefined;
    readonly address: string | undefined;
  },
): void {
  if (ours.length >= maxSessions) {
    throw new RefusedSession(
      `too many sessions of ${name}: ${ours.length}, and --max-sessions is ${maxSessions}`,
    );
  }
  const near = ours.filter(({ facts }) => facts.pid === undefined || facts.address === address);
  if (near.length < maxSessionsPerAddress) return;
  throw new RefusedSession(
    `too many sessions of ${name} from ${address ?? "this machine"}: ${near.length}, and ` +
      `--max-sessions-per-address is ${maxSessionsPerAddress}`,
  );
}

function libcForSlots(): Libc {
  try {
    return openLibc();
  } catch (error) {
    throw new StartError(`sessions cannot be counted: ${reasonWithoutLibc(error)}`);
  }
}

function unusable({ path }: StateDirectory, error: StorageError): StartError {
  return new StartError(`the sessions in ${path} cannot be counted: ${messageOf(error)}`);
}

/** A name for a file that has nothing of the text in it. */
async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest, 0, 8)].map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
