import type { WhoseSession } from "../../hooks/document.ts";
import { hookObserver } from "../../hooks/hook_observer.ts";
import { HookRunner } from "../../hooks/hook_runner.ts";
import { SessionHooks } from "../../hooks/session_hooks.ts";
import { uploadGate } from "../../hooks/upload_gate.ts";
import type { ServeOptions } from "../../serve/serve.ts";
import type { Log } from "../../session/log.ts";
import type { BeforePublish } from "../../storage/finished_upload.ts";
import type { HookOptions } from "../options/hook_options.ts";
import type { LogOptions } from "../options/log_options.ts";
import { expandTokens, type TokenValues } from "../options/tokens.ts";
import { startHelper } from "./helper_process.ts";
import { openQuarantine } from "./quarantine_place.ts";

/** The hooks of a session. */
export interface StartedHooks {
  /** What `serve` is given. */
  readonly serving: Required<Pick<ServeOptions, "observers" | "failed">>;
  /** Decides about uploads; undefined if nothing does. */
  readonly beforePublish: BeforePublish | undefined;
  /** Descriptors of directories that the session still writes to. */
  readonly drops: readonly number[];
}

/** The session that starts its hooks. */
interface Starting extends WhoseSession, Pick<LogOptions, "logHash"> {
  readonly who: TokenValues;
  readonly log: Log;
}

/**
 * Starts the helper process, while programs can still be started.
 *
 * @throws {StartError} If it may not be started, or the quarantine cannot be used.
 */
export function startHooks(
  options: HookOptions,
  { who, log, logHash, ...whose }: Starting,
): StartedHooks {
  const quarantine = options.quarantine === undefined
    ? undefined
    : openQuarantine(expandTokens(options.quarantine, who), whose.directory);
  const tellsDigest = logHash === "sha256";
  const hooks = new SessionHooks(new HookRunner(options, startHelper()), whose, log);
  return {
    serving: {
      observers: [hookObserver(hooks)],
      // Never resolves: with it, what the helper answers is heard while no request comes.
      failed: new Promise<string>(() => {}),
    },
    beforePublish: hooks.has("upload") ? uploadGate(hooks, { quarantine, tellsDigest }) : undefined,
    drops: quarantine === undefined ? [] : [quarantine.descriptor],
  };
}
