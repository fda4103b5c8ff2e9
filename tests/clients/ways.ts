/**
 * The ways in which a client reaches a jail.
 *
 * @module
 */

import { jailLine, type JailPlaces, withJail } from "../support/jail.ts";
import { needs } from "../support/programs.ts";
import { type Sshd, type SshdOptions, withSshd } from "../support/sshd.ts";

/** A jail that can be reached, and how. */
export interface Reached extends JailPlaces {
  /** Arguments with which OpenSSH's sftp reaches it. */
  readonly sftpArgs: readonly string[];
}

/** A jail behind a real sshd. */
export interface Served extends Reached {
  readonly sshd: Sshd;
}

/** How to serve the jail; every option may be absent. */
export interface ServeOptions {
  /** Options of `sftpwrap jail`. */
  readonly jailOptions?: readonly string[];
  /** Deno's permissions, for the directory that is served; all of them if absent. */
  readonly permissions?: (jail: string) => readonly string[];
  /** False leaves out the jail that Deno's own file API keeps; say why. */
  readonly portable?: false;
  /** Options of the sshd. */
  readonly sshd?: SshdOptions;
}

/** A way to reach a jail; tests run on each. */
export interface Way {
  /** The way's name in a test's name. */
  readonly name: string;
  /** Runs `use` with a jail that is reached in this way. */
  with(options: ServeOptions, use: (reached: Reached) => Promise<void>): Promise<void>;
}

/** `sftp -D COMMAND`: a pipe, and nothing of SSH. */
async function overPipe(
  options: ServeOptions,
  use: (reached: Reached) => Promise<void>,
): Promise<void> {
  await withJail((places) => use({ ...places, sftpArgs: ["-D", lineFor(places.jail, options)] }));
}

/** A real sshd with the jail as the forced command of the client's key. */
export async function overSshd(
  options: ServeOptions,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  await withJail((places) =>
    withSshd(
      { command: lineFor(places.jail, options), ...options.sshd },
      (sshd) => use({ ...places, sshd, sftpArgs: ["-F", sshd.sshConfig, sshd.alias] }),
    )
  );
}

function lineFor(jail: string, { jailOptions, permissions }: ServeOptions): string {
  return jailLine(jail, {
    ...(jailOptions === undefined ? {} : { options: jailOptions }),
    ...(permissions === undefined ? {} : { permissions: permissions(jail) }),
  });
}

/** The same, kept by Deno's own file API instead of the kernel. */
async function portable(
  options: ServeOptions,
  use: (reached: Reached) => Promise<void>,
): Promise<void> {
  const jailOptions = ["--confine=portable", ...options.jailOptions ?? []];
  await overPipe({ ...options, jailOptions }, use);
}

const ways: readonly (Way & { readonly programs: readonly string[] })[] = [
  { name: "sftp -D", programs: ["sftp"], with: overPipe },
  { name: "sftp -D (portable)", programs: ["sftp"], with: portable },
  { name: "sftp through sshd", programs: ["sftp", "sshd", "ssh-keygen"], with: overSshd },
];

/** Declares a test for each way. */
export function testEachWay(
  name: string,
  body: (reached: Reached) => Promise<void>,
  options: ServeOptions = {},
): void {
  for (const way of ways) {
    if (way.with === portable && options.portable === false) continue;
    Deno.test({
      name: `${way.name} ${name}`,
      ...needs(...way.programs),
      fn: () => way.with(options, body),
    });
  }
}

/** Declares a test of a client that connects through a real sshd. */
export function testOverSshd(
  name: string,
  programs: readonly string[],
  body: (served: Served) => Promise<void>,
  options: ServeOptions = {},
): void {
  Deno.test({
    name,
    ...needs("sshd", "ssh-keygen", ...programs),
    fn: () => overSshd(options, body),
  });
}
