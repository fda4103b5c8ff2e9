import { matchesList } from "./patterns.ts";
import { type ConfigLine, lineError } from "./ssh_config_lines.ts";

/** What a `Match` line is compared with. */
export interface MatchContext {
  /** The name of the host to connect to, as far as it is known at this line. */
  readonly host: string;
  /** The name as it was given. */
  readonly originalHost: string;
  /** The user on the far side. */
  readonly user: string;
  readonly localUser: string;
  /** Whether the line cannot match, since the Include of its file does not; it is still checked. */
  readonly isDead: boolean;
  /** Whether the configuration is read for the second time. */
  readonly isFinal: boolean;
  /** Called if a line asks for a second pass. */
  readonly wantFinal: () => void;
}

/** Criteria that only ssh itself can check. */
const BEYOND = new Set(["exec", "localnetwork", "tagged", "version", "sessiontype", "command"]);

/**
 * Whether a `Match` line matches.
 *
 * @throws {ConnectError} If it is malformed, or only OpenSSH itself can tell.
 */
export function matches(line: ConfigLine, context: MatchContext): boolean {
  const words = line.words.flatMap((word) => word.split(/=(.*)/s).filter((part) => part !== ""));
  let holds = !context.isDead;
  let criteria = 0;
  for (let at = 0; at < words.length; at++) {
    const isNegated = words[at]!.startsWith("!");
    const criterion = words[at]!.slice(isNegated ? 1 : 0).toLowerCase();
    if (criterion === "all") {
      if (criteria > 1 || at + 1 < words.length) {
        throw lineError(line, "'all' cannot be combined with other Match attributes");
      }
      return holds && !isNegated;
    }
    criteria++;
    let holdsHere: boolean;
    if (criterion === "final" || criterion === "canonical") {
      if (criterion === "final") context.wantFinal();
      holdsHere = context.isFinal;
    } else {
      const value = words[++at];
      if (value === undefined) throw lineError(line, `missing Match criteria for ${criterion}`);
      // Like ssh, which does not run a command once the line cannot match.
      if (!holds && BEYOND.has(criterion)) continue;
      holdsHere = compare(line, { criterion, value, context });
    }
    holds &&= holdsHere !== isNegated;
  }
  return holds;
}

function compare(
  line: ConfigLine,
  { criterion, value, context }: {
    readonly criterion: string;
    readonly value: string;
    readonly context: MatchContext;
  },
): boolean {
  switch (criterion) {
    case "host":
      return matchesList(context.host.toLowerCase(), value.toLowerCase());
    case "originalhost":
      return matchesList(context.originalHost.toLowerCase(), value.toLowerCase());
    case "user":
      return matchesList(context.user, value);
    case "localuser":
      return matchesList(context.localUser, value);
    default:
      if (!BEYOND.has(criterion)) {
        throw lineError(line, `unsupported Match attribute "${criterion}"`);
      }
      throw lineError(line, `Match ${criterion} needs OpenSSH itself: use --transport=openssh`);
  }
}
