import type { Policy } from "../session/table.ts";
import type { Storage } from "../storage/storage.ts";

/**
 * Who may do what. A policy has two halves: it refuses kinds of requests outright, and it wraps the
 * storage with limits for what depends on the files themselves. `serve` takes any number of
 * policies.
 *
 * @example A drop box that shows none of its dotfiles
 * ```ts
 * import { hidePaths, MemoryStorage, serve, uploadOnly } from "@sftpwrap/sftpwrap";
 *
 * const policies = [uploadOnly(), hidePaths([".*"])];
 * Deno.exit(await serve(new MemoryStorage(), { policies }));
 * ```
 */
export interface AccessPolicy {
  /** The policy's name on the command line. */
  readonly name: string;
  /** Refuses requests before they reach the storage; an extension that it refuses is not advertised. */
  readonly requests?: Policy;
  /** Set if the limits are the same for every path: `Storage.underPolicies` is not needed then. */
  readonly anyPath?: boolean;
  /** The same storage with limits, for one session. */
  wrap?(storage: Storage): Storage;
}

/** What a session is served from, once policies apply. */
export interface RestrictedStorage {
  /** The storage with the limits of all policies around it. */
  readonly storage: Storage;
  /** Refuses every request that one of the policies refuses. */
  readonly policy: Policy;
}

/**
 * Applies policies to a storage, for one session: what one of them refuses is
 * refused. Both halves of the result go to the session.
 *
 * @param policies The last one is asked first, because it wraps the others.
 */
export function applyPolicies(
  storage: Storage,
  policies: readonly AccessPolicy[],
): RestrictedStorage {
  const isByPath = policies.some(({ wrap, anyPath = false }) => wrap !== undefined && !anyPath);
  const innermost = isByPath ? storage.underPolicies?.() ?? storage : storage;
  const wrapped = policies.reduce((inner, policy) => policy.wrap?.(inner) ?? inner, innermost);
  return {
    storage: wrapped,
    policy: firstRefusal(policies.flatMap(({ requests }) => requests ?? [])),
  };
}

/** Combines several policies over requests: the first one that gives a reason decides. */
function firstRefusal(policies: readonly Policy[]): Policy {
  return (kind, request) => {
    for (const policy of policies) {
      const reason = policy(kind, request);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}
