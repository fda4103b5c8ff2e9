import { ConnectError } from "../connection_options.ts";
import { lastJump } from "./jumps.ts";
import { type ConfigLine, lineError } from "./ssh_config_lines.ts";

/** Checks the words of a line, and returns the value to keep. */
type Check = (line: ConfigLine) => readonly string[];

/** A keyword whose value is kept. */
export interface Keyword {
  /** The name under which the value is kept; older names map to the same. */
  readonly name: string;
  /** Checks a value. */
  readonly check: Check;
  /** Whether all values count, instead of only the first. */
  readonly collects?: boolean;
  /** Whether a value, in lower case, needs what the embedded transport does not have. */
  readonly isBeyond?: (words: readonly string[]) => boolean;
}

/** The largest number that ssh accepts. */
const INT_MAX = 2 ** 31 - 1;

/** Keywords that this program obeys or has to refuse, by name in lower case. */
export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([
  // The host to connect to.
  ...keywords(single, "hostname", "user", "bindaddress", "hostkeyalias"),
  keyword("proxyjump", jumps),
  keyword("port", portNumber),
  keyword("addressfamily", oneOf("any", "inet", "inet6")),
  keyword("connecttimeout", seconds),
  keyword("serveraliveinterval", seconds),
  keyword("serveralivecountmax", wholeNumber),

  // The host's identity.
  ...keywords(files, "userknownhostsfile", "globalknownhostsfile"),
  keyword("stricthostkeychecking", oneOf("yes", "true", "no", "false", "off", "ask", "accept-new")),
  keyword("hashknownhosts", flag),
  ...keywords(single, "hostkeyalgorithms", "ciphers", "macs", "kexalgorithms"),

  // The user's identity.
  keyword("identityfile", single, { collects: true }),
  keyword("identitiesonly", flag),
  keyword("identityagent", single),
  keyword("preferredauthentications", single),
  ...keywords(flag, "passwordauthentication", "kbdinteractiveauthentication"),
  keyword("pubkeyauthentication", oneOf("yes", "true", "no", "false", "unbound", "host-bound")),
  keyword("pubkeyacceptedalgorithms", single),

  // What only OpenSSH itself can do. A value that switches it off is accepted.
  beyond("proxycommand", any, asksFor("none")),
  beyond("proxyusefdpass", flag, asksFor("no", "false")),
  beyond(
    "canonicalizehostname",
    oneOf("yes", "true", "no", "false", "always", "none"),
    asksFor("no", "false", "none"),
  ),
  beyond("certificatefile", single, asksFor("none")),
  beyond("pkcs11provider", single, asksFor("none")),
  beyond("securitykeyprovider", single, asksFor("none", "internal")),
  beyond("hostbasedauthentication", flag, asksFor("no", "false")),
  beyond("bindinterface", single, () => true),
  beyond("knownhostscommand", any, asksFor("none")),
  beyond("revokedhostkeys", single, asksFor("none")),
  beyond("refuseconnection", any, () => true),
]);

/** Other names of the same keywords. */
export const ALIASES: ReadonlyMap<string, string> = new Map([
  ["challengeresponseauthentication", "kbdinteractiveauthentication"],
  ["skeyauthentication", "kbdinteractiveauthentication"],
  ["tisauthentication", "kbdinteractiveauthentication"],
  ["dsaauthentication", "pubkeyauthentication"],
  ["pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"],
  ["identityfile2", "identityfile"],
  ["smartcarddevice", "pkcs11provider"],
]);

/**
 * What ssh knows and an SFTP session does not need: terminals, forwarding, output, further
 * authentication methods besides those that exist here, and obsolete keywords.
 */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set(
  `addkeystoagent afstokenpassing batchmode canonicaldomains canonicalizefallbacklocal
  canonicalizemaxdots canonicalizepermittedcnames casignaturealgorithms channeltimeout checkhostip
  cipher clearallforwardings compression compressionlevel connectionattempts controlmaster
  controlpath controlpersist dynamicforward enableescapecommandline enablesshkeysign escapechar
  exitonforwardfailure fallbacktorsh fingerprinthash forkafterauthentication forwardagent
  forwardx11 forwardx11timeout forwardx11trusted gatewayports globalknownhostsfile2
  gssapiauthentication gssapiclientidentity gssapidelegatecredentials gssapikeyexchange
  gssapikexalgorithms gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns
  hostbasedacceptedalgorithms hostbasedkeytypes ignoreunknown ipqos kbdinteractivedevices
  keepalive kerberosauthentication kerberostgtpassing localcommand localforward loglevel
  logverbose nohostauthenticationforlocalhost numberofpasswordprompts obscurekeystroketiming
  permitlocalcommand permitremoteopen protocol rekeylimit remotecommand remoteforward requesttty
  requiredrsasize rhostsauthentication rhostsrsaauthentication rsaauthentication sendenv
  sessiontype setenv stdinnull streamlocalbindmask streamlocalbindunlink syslogfacility tag
  tcpkeepalive tunnel tunneldevice updatehostkeys useprivilegedport useroaming usersh
  userknownhostsfile2 verifyhostkeydns versionaddendum visualhostkey warnweakcrypto xauthlocation`
    .split(/\s+/),
);

/** The seconds of a time in the form of ssh: a number, or numbers with `s`, `m`, `h`, `d`, `w`. */
function timeInSeconds(text: string): number | undefined {
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  const lengths: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86400, w: 604800 };
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    total += Number(count) * (lengths[(unit ?? "").toLowerCase()] ?? 1);
  }
  return total;
}

function keyword(
  name: string,
  check: Check,
  more: Pick<Keyword, "collects" | "isBeyond"> = {},
): [string, Keyword] {
  return [name, { name, check, ...more }];
}

function keywords(check: Check, ...names: string[]): [string, Keyword][] {
  return names.map((name) => keyword(name, check));
}

function beyond(
  name: string,
  check: Check,
  isBeyond: (words: readonly string[]) => boolean,
): [string, Keyword] {
  return keyword(name, check, { isBeyond });
}

/** Returns a check whether a value is other than the words that switch something off. */
function asksFor(...nothing: string[]): (words: readonly string[]) => boolean {
  return ([first = ""]) => !nothing.includes(first.toLowerCase());
}

function any({ words }: ConfigLine): readonly string[] {
  return words;
}

function single(line: ConfigLine): readonly string[] {
  if (line.words.length > 1) {
    throw lineError(line, `keyword ${line.written} extra arguments at end of line`);
  }
  if (line.words[0] === "") throw lineError(line, `missing argument of ${line.written}`);
  return line.words;
}

function files(line: ConfigLine): readonly string[] {
  if (line.words.includes("")) throw lineError(line, `empty argument of ${line.written}`);
  if (line.words.length > 1 && line.words.some((word) => word.toLowerCase() === "none")) {
    throw lineError(line, `${line.written} takes nothing beside "none"`);
  }
  return line.words;
}

function jumps(line: ConfigLine): readonly string[] {
  const [list] = single(line);
  let rest = list!.toLowerCase() === "none" ? undefined : list;
  while (rest !== undefined) {
    try {
      rest = lastJump(rest).before;
    } catch (error) {
      throw error instanceof ConnectError ? lineError(line, error.message) : error;
    }
  }
  return line.words;
}

function oneOf(...values: string[]): Check {
  return (line) => {
    const value = single(line)[0]!.toLowerCase();
    if (!values.includes(value)) {
      throw lineError(line, `unsupported option "${line.words[0]}" of ${line.written}`);
    }
    return [value];
  };
}

function flag(line: ConfigLine): readonly string[] {
  const [value] = oneOf("yes", "true", "no", "false")(line);
  return [value === "yes" || value === "true" ? "yes" : "no"];
}

function wholeNumber(line: ConfigLine): readonly string[] {
  const value = single(line)[0]!;
  if (!/^\d+$/.test(value) || Number(value) > INT_MAX) {
    throw lineError(line, `bad number "${value}"`);
  }
  return line.words;
}

function portNumber(line: ConfigLine): readonly string[] {
  const value = single(line)[0]!;
  const port = /^\d+$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65535) throw lineError(line, `bad port "${value}"`);
  return [String(port)];
}

function seconds(line: ConfigLine): readonly string[] {
  const value = single(line)[0]!;
  const time = value.toLowerCase() === "none" ? 0 : timeInSeconds(value);
  if (time === undefined || time > INT_MAX) {
    throw lineError(line, `invalid time value "${value}"`);
  }
  return [String(time)];
}
