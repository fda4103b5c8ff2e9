/**
 * The state folders in which sessions are found: a user's own, or for root those of all users, in
 * which root trusts nothing.
 *
 * @module
 */

import { Errno } from "../../linux/errno.ts";
import type { Libc } from "../../linux/libc.ts";
import { AT_FDCWD, Open } from "../../linux/linux.ts";
import { messageOf } from "../../message_of.ts";
import type { LiveSession } from "../../sessions/slot.ts";
import { Slots } from "../../sessions/slots.ts";
import { StorageError } from "../../storage/errors.ts";
import { check, StatusReader } from "../../storage/local/kernel/status.ts";
import { ROOT_UID } from "../files/file_place.ts";
import { openAt } from "../../storage/local/kernel/open_at.ts";
import { isUnseen, textOf } from "../jail/containment.ts";
import { identity } from "../start/host.ts";
import { HOME_STATE, SHARED_STATE } from "../start/state_directory.ts";
import type { FindOptions } from "./options.ts";

/** A session, and where it was found. */
export interface FoundSession extends LiveSession {
  readonly folder: SessionFolder;
}

/** A folder of sessions, open. */
export interface SessionFolder {
  readonly slots: Slots;
  /** Its owner, who is the user of its sessions whatever they say. */
  readonly uid: number;
  readonly user: string;
}

/** All sessions that live, and why some folders could not be looked at. */
export interface Found {
  readonly sessions: readonly FoundSession[];
  readonly troubles: readonly string[];
}

/** Finds the sessions. */
export function findSessions(libc: Libc, { stateDirectory }: FindOptions): Found {
  const sessions: FoundSession[] = [];
  const troubles: string[] = [];
  const seen = new Set<string>();
  for (const path of placesOf(libc, stateDirectory)) {
    try {
      const folder = openFolder(libc, path, seen);
      if (folder === undefined) continue;
      sessions.push(...folder.slots.living().map((session) => ({ ...session, folder })));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      troubles.push(`${path}: ${messageOf(error)}`);
    }
  }
  return { sessions, troubles };
}

function placesOf(libc: Libc, given: string | undefined): readonly string[] {
  if (given !== undefined) return [given, ...foldersIn(given)];
  const uid = libc.geteuid();
  if (uid !== ROOT_UID) {
    const { home } = identity();
    return [`${SHARED_STATE}/${uid}`, ...home === undefined ? [] : [inHome(home)]];
  }
  const homes = accounts().map(({ home }) => home);
  return [...foldersIn(SHARED_STATE), ...new Set(homes.map(inHome))];
}

/** The user's name; the number if there is none. */
export function nameOf(uid: number): string {
  return accounts().find((account) => account.uid === uid)?.name ?? String(uid);
}

function inHome(home: string): string {
  return [home, ...HOME_STATE].join("/");
}

function foldersIn(path: string): readonly string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${path}/${name}`);
  } catch (error) {
    if (isUnseen(error)) return [];
    throw error;
  }
}

interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

function accounts(): readonly Account[] {
  return textOf("/etc/passwd").split("\n").flatMap((line) => {
    const [name = "", , uid = "", , , home = ""] = line.split(":");
    return /^\d+$/.test(uid) && home.startsWith("/") ? [{ name, uid: Number(uid), home }] : [];
  });
}

/** What opening a folder says if there are no sessions of this user. */
const NOTHING: readonly number[] = [-Errno.ENOENT, -Errno.ENOTDIR, -Errno.ELOOP, -Errno.EACCES];

/** @param seen Folders that were opened before, by another path. */
function openFolder(libc: Libc, path: string, seen: Set<string>): SessionFolder | undefined {
  const flags = Open.RDONLY | Open.DIRECTORY | Open.NOFOLLOW;
  const state = openAt(libc, AT_FDCWD, { name: path, flags });
  if (NOTHING.includes(state)) return undefined;
  const reader = new StatusReader(libc);
  try {
    const { uid } = reader.ofOpen(check(state));
    if (seen.has(reader.identity)) return undefined;
    seen.add(reader.identity);
    const slots = Slots.openIfThere(libc, state);
    return slots && { slots, uid, user: nameOf(uid) };
  } finally {
    if (state >= 0) libc.close(state);
  }
}
