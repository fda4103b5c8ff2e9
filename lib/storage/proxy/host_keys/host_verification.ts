import { fingerprint, type HostKey, signatureAlgorithms, typeName } from "./host_keys.ts";
import type { KnownKey } from "./known_hosts.ts";
import type { Target } from "../config/target.ts";

/** The verdict on a host's key. */
export interface Verdict {
  /**
   * `known`: it is the expected key. `new`: it is accepted, and to be added to known_hosts.
   * `doubtful`: it is accepted because ssh_config says so; its owner must not get a password.
   * `refused`: there is no connection.
   */
  readonly kind: "known" | "new" | "doubtful" | "refused";
  /** One line that says why; empty for a known key. */
  readonly reason: string;
}

/** The part of a target that verification needs. */
export type Verified = Pick<
  Target,
  | "hostName"
  | "port"
  | "keyName"
  | "verification"
  | "userKnownHosts"
  | "jumps"
>;

/**
 * Judges a host's key.
 *
 * @param key The key that the host has sent.
 * @param known The keys in known_hosts for the host.
 * @param keysWithoutPort The keys in known_hosts for its name without the port.
 */
export function judge(
  key: HostKey,
  { target, known, keysWithoutPort }: {
    readonly target: Verified;
    readonly known: readonly KnownKey[];
    readonly keysWithoutPort: readonly KnownKey[];
  },
): Verdict {
  if (target.verification === "unchecked") return { kind: "known", reason: "" };
  const shown = `${typeName(key.type)} key ${fingerprint(key)}`;
  const revoked = [...known, ...keysWithoutPort]
    .find((other) => other.marker === "revoked" && isSame(other, key));
  if (revoked !== undefined) {
    return refused(`the ${shown} of ${target.keyName} is REVOKED by ${place(revoked)}`);
  }
  const plain = known.filter(({ marker }) => marker === undefined);
  if (plain.some((other) => isSame(other, key))) return { kind: "known", reason: "" };
  if (plain.length > 0) return changed(shown, { target, plain, type: key.type });
  const isKnownWithoutPort = keysWithoutPort
    .some((other) => other.marker === undefined && isSame(other, key));
  if (isKnownWithoutPort) return { kind: "known", reason: "" };
  const authority = known.find(({ marker }) => marker === "cert-authority");
  if (authority !== undefined) {
    return refused(
      `${target.keyName} is known by a certificate authority (${place(authority)}), ` +
        "which needs OpenSSH itself: use --transport=openssh",
    );
  }
  return unknown(shown, target);
}

/**
 * Host key algorithms in the order to offer them: those of known keys come first, so that a host
 * with several keys sends one that can be compared. Revoked keys do not count.
 */
export function orderAlgorithms(
  algorithms: readonly string[],
  known: readonly KnownKey[],
): string[] {
  const revoked = known.filter(({ marker }) => marker === "revoked");
  const preferred = new Set(
    known.filter(({ marker }) => marker === undefined)
      .filter((key) => !revoked.some((other) => isSame(other, key)))
      .flatMap(({ type }) => signatureAlgorithms(type)),
  );
  return [
    ...algorithms.filter((name) => preferred.has(name)),
    ...algorithms.filter((name) => !preferred.has(name)),
  ];
}

function changed(
  shown: string,
  { target, plain, type }: {
    readonly target: Verified;
    readonly plain: readonly KnownKey[];
    readonly type: string;
  },
): Verdict {
  const other = plain.find((known) => known.type === type) ?? plain[0]!;
  const reason = `THE HOST KEY OF ${target.keyName} HAS CHANGED: it shows the ${shown}, ` +
    `but ${place(other)} has the ${typeName(other.type)} key ${fingerprint(other)}. ` +
    "Somebody may be between you and the host, or it has a new key";
  if (target.verification === "off") return { kind: "doubtful", reason };
  return refused(`${reason}; if so, remove the old one: ${removal(target, other.file)}`);
}

function unknown(shown: string, target: Verified): Verdict {
  const reason = `the host key of ${target.keyName} is not known: it shows the ${shown}`;
  if (target.verification === "accept-new") return { kind: "new", reason };
  if (target.verification === "off") return { kind: "doubtful", reason };
  const file = word(target.userKnownHosts[0] ?? "known_hosts");
  const scan = target.jumps === undefined && target.keyName.includes(target.hostName)
    ? `${keyscan(target)} >> ${file}, or `
    : "";
  return refused(`${reason}; once you have compared it, add it: ${scan}--accept-new`);
}

function refused(reason: string): Verdict {
  return { kind: "refused", reason };
}

function keyscan({ hostName, port }: Verified): string {
  return port === 22 ? `ssh-keyscan ${word(hostName)}` : `ssh-keyscan -p ${port} ${word(hostName)}`;
}

function removal({ keyName }: Verified, file: string): string {
  return `ssh-keygen -R ${word(keyName)} -f ${word(file)}`;
}

/** A word of a command that the user may copy into a shell. */
function word(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function place({ file, line }: KnownKey): string {
  return `${file} line ${line}`;
}

function isSame(a: HostKey, b: HostKey): boolean {
  return a.type === b.type && a.base64 === b.base64;
}
