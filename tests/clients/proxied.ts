/**
 * The proxy, as OpenSSH starts it, in front of another sshd.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { jailLine, type JailPlaces, withJail } from "../support/jail.ts";
import { commandLine } from "../support/run.ts";
import { type Sshd, type SshdOptions, withSshd } from "../support/sshd.ts";

/** How to start the proxy; every option may be absent. */
export interface ProxyLineOptions {
  /** Options of `sftpwrap proxy`. */
  readonly options?: readonly string[];
  /** Deno's permissions; all of them if absent. */
  readonly permissions?: readonly string[];
  /** Another port that leads to the far side. */
  readonly port?: number;
  /** The words that name the far side, instead of its port, user and address. */
  readonly place?: readonly string[];
  /** Reach it through its ssh_config only. */
  readonly byConfig?: boolean;
  /** Reach it through its ssh_config and the system's ssh. */
  readonly openssh?: boolean;
}

/** A far side whose `/` is a directory here. */
export interface FarSide extends JailPlaces {
  readonly far: Sshd;
}

/** The command of a proxy, as words. */
export function proxyWords(far: Sshd, how: ProxyLineOptions = {}): string[] {
  const { options = [], permissions = ["-A"], port = far.port, openssh = false } = how;
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const deno = [Deno.execPath(), "run", "--no-prompt", "--no-check", "--quiet", ...permissions];
  if (openssh || how.byConfig) {
    const transport = openssh ? ["--transport=openssh"] : [];
    return [...deno, main, "proxy", ...options, ...transport, "-c", far.sshConfig, far.alias];
  }
  const files = ["-k", far.clientKey, "-n", far.knownHosts, "-c", "/dev/null"];
  const place = how.place ?? ["-p", String(port), `${far.user}@${far.host}`];
  return [...deno, main, "proxy", ...options, ...files, ...place];
}

/** The same as one line, for `sftp -D` and for `command="…"` in authorized_keys. */
export function proxyLine(far: Sshd, how: ProxyLineOptions = {}): string {
  return commandLine(proxyWords(far, how));
}

/** Runs `use` with a jail of this program behind an sshd. */
export async function withFarSide(
  use: (far: FarSide) => Promise<void>,
  sshd: SshdOptions = {},
): Promise<void> {
  await withJail((places) =>
    withSshd(
      { command: jailLine(places.jail), ...sshd },
      (far) => use({ ...places, far }),
    )
  );
}

/** Runs `use` with a directory that OpenSSH's own server starts in, behind an sshd. */
export async function withOpenSshFarSide(
  use: (far: FarSide) => Promise<void>,
  sshd: SshdOptions = {},
): Promise<void> {
  await withJail((places) =>
    withSshd(
      { subsystem: `internal-sftp -d ${places.jail}`, ...sshd },
      (far) => use({ ...places, far }),
    )
  );
}

/** A stretch of the network that a test can damage. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Breaks every connection. */
  cut(): void;
  /** Passes nothing on any more, and says nothing. */
  freeze(): void;
}

/** Another port for a port of 127.0.0.1. */
export function startRelay(target: number): Relay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  let isFrozen = false;

  async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        for (let at = 0; at < count && !isFrozen;) at += await to.write(buffer.subarray(at, count));
      }
      if (!isFrozen) await to.closeWrite();
    } catch (error) {
      if (!isBroken(error)) throw error;
    }
  }

  async function accept(): Promise<void> {
    const pumps: Promise<void>[] = [];
    for await (const near of listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: target });
      connections.push(near, far);
      pumps.push(pump(near, far), pump(far, near));
    }
    await Promise.all(pumps);
  }

  function cut(): void {
    for (const connection of connections.splice(0)) connection.close();
  }

  const accepting = accept();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    cut,
    freeze() {
      isFrozen = true;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      cut();
      await accepting;
    },
  };
}

function isBroken(error: unknown): boolean {
  const kinds = [
    Deno.errors.BadResource,
    Deno.errors.Interrupted,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.NotConnected,
  ];
  return kinds.some((kind) => error instanceof kind);
}
