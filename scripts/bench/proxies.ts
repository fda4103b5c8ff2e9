/**
 * The proxies that are compared, and what this program's are held to.
 *
 * @module
 */

import { findProgram } from "../../tests/support/programs.ts";
import type { Sshd } from "../../tests/support/sshd.ts";
import type { Bar } from "./bars.ts";
import { type Contestant, REFERENCE, ROOT } from "./contestants.ts";

/** Bytes from ssh2's channel and back. */
export const PUMP = "pump";

/** `--transport=ssh2` */
export const EMBEDDED = "embedded";

/** `--transport=openssh` */
export const OPENSSH = "by-openssh";

/** Where the contestants work. */
export interface ProxiesOptions {
  /** The far side. */
  readonly sshd: Sshd;
  /** Where they run. */
  readonly directory: string;
  /** A directory for what they say on standard error. */
  readonly build: string;
  /** This program and the pump, compiled; absent: as `deno run` has them. */
  readonly compiled: { readonly program: string; readonly pump: string } | undefined;
}

/** `ssh -s` itself, the raw pump, and this program by both transports. */
export function proxies({ sshd, directory, build, compiled }: ProxiesOptions): Contestant[] {
  const { user, host, port, clientKey, knownHosts, sshConfig, alias } = sshd;
  const run = [Deno.execPath(), "run", "--quiet", "--no-check", "--no-prompt", "-A"];
  const own = compiled === undefined ? [...run, `${ROOT}main.ts`] : [compiled.program];
  const pump = compiled === undefined
    ? [...run, `${ROOT}scripts/bench/raw_pump.ts`]
    : [compiled.pump];
  const all = [
    {
      id: REFERENCE,
      name: "ssh -s",
      argv: [findProgram("ssh") ?? "ssh", "-F", sshConfig, "-s", alias, "sftp"],
    },
    {
      id: PUMP,
      name: "raw pump",
      argv: [...pump, user, host, String(port), clientKey],
    },
    {
      id: EMBEDDED,
      name: "proxy",
      argv: [
        ...own,
        "proxy",
        ...["-c", "/dev/null", "-k", clientKey, "-n", knownHosts, "-p", String(port)],
        `${user}@${host}`,
      ],
    },
    {
      id: OPENSSH,
      name: "proxy --transport=openssh",
      argv: [...own, "proxy", "--transport=openssh", "-c", sshConfig, alias],
    },
  ];
  return all.map((one) => ({ ...one, share: 1, cwd: directory, stderr: `${build}/${one.id}.log` }));
}

/** Each is divided by what the same transport gives without SFTP in between. */
export const PROXY_BARS: readonly Bar[] = [
  { metric: "r255", id: EMBEDDED, against: PUMP, atLeast: 0.85 },
  { metric: "w255", id: EMBEDDED, against: PUMP, atLeast: 0.85 },
  { metric: "sp", id: EMBEDDED, against: PUMP, atLeast: 0.85 },
  { metric: "s1", id: EMBEDDED, against: PUMP, atLeast: 0.8 },
  { metric: "start", id: EMBEDDED, against: PUMP, atMost: 1.1 },
  { metric: "r255", id: OPENSSH, against: REFERENCE, atLeast: 0.9 },
  { metric: "w255", id: OPENSSH, against: REFERENCE, atLeast: 0.9 },
  { metric: "sp", id: OPENSSH, against: REFERENCE, atLeast: 0.7 },
  { metric: "s1", id: OPENSSH, against: REFERENCE, atLeast: 0.6 },
  { metric: "start", id: OPENSSH, against: REFERENCE, atMost: 1.2 },
  { metric: "peak", id: EMBEDDED, statistic: "max", atMost: 192 },
  { metric: "peak", id: OPENSSH, statistic: "max", atMost: 192 },
];
