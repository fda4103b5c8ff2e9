/**
 * A Kerberos realm for as long as a test runs: a key distribution centre (KDC) of MIT Kerberos on
 * the loopback, a user with a ticket, and a host with a key.
 *
 * @module
 */

import { withTempDir } from "./files.ts";
import { needs, programPath } from "./programs.ts";
import { runOk, until } from "./run.ts";

const REALM = "SFTPWRAP.TEST";

/** What a test with a realm needs. */
export const needsKerberos = (...programs: string[]) =>
  needs("krb5kdc", "kdb5_util", "kadmin.local", "kinit", ...programs);

/** A realm. */
export interface Realm {
  /** `NAME@REALM` of the user. */
  readonly principal: string;
  /** The environment for using the user's ticket. */
  readonly clientEnv: Readonly<Record<string, string>>;
  /** The environment of the host's server, through which it finds the host's key. */
  readonly hostEnv: Readonly<Record<string, string>>;
}

/** Runs `use` with a realm that knows a user and a host. */
export async function withRealm(
  { user, host }: { readonly user: string; readonly host: string },
  use: (realm: Realm) => Promise<void>,
): Promise<void> {
  await withTempDir(async (directory) => {
    const port = freePort();
    await configured(directory, port);
    const env = { KRB5_CONFIG: `${directory}/krb5.conf` };
    const kdcEnv = { ...env, KRB5_KDC_PROFILE: `${directory}/kdc.conf` };
    await runOk("kdb5_util", ["create", "-s", "-r", REALM, "-P", crypto.randomUUID()], {
      env: kdcEnv,
    });
    for (const [name, keytab] of [[user, "user_keys"], [`host/${host}`, "host_keys"]]) {
      for (
        const query of [`addprinc -randkey ${name}`, `ktadd -k ${directory}/${keytab} ${name}`]
      ) {
        await runOk("kadmin.local", ["-r", REALM, "-q", query], { env: kdcEnv });
      }
    }
    const stop = await startedCentre(kdcEnv, `${directory}/log`);
    try {
      const clientEnv = { ...env, KRB5CCNAME: `FILE:${directory}/ticket` };
      await runOk("kinit", ["-k", "-t", `${directory}/user_keys`, user], { env: clientEnv });
      await use({
        principal: `${user}@${REALM}`,
        clientEnv,
        hostEnv: { ...env, KRB5_KTNAME: `FILE:${directory}/host_keys`, KRB5RCACHENAME: "none:" },
      });
    } finally {
      await stop();
    }
  });
}

async function configured(directory: string, port: number): Promise<void> {
  await Deno.writeTextFile(
    `${directory}/krb5.conf`,
    `[libdefaults]
      default_realm = ${REALM}
      dns_lookup_kdc = false
      dns_lookup_realm = false
      dns_canonicalize_hostname = false
      rdns = false
    [realms]
      ${REALM} = {
        kdc = 127.0.0.1:${port}
      }
    `,
  );
  await Deno.writeTextFile(
    `${directory}/kdc.conf`,
    `[kdcdefaults]
      kdc_listen = 127.0.0.1:${port}
      kdc_tcp_listen = 127.0.0.1:${port}
    [realms]
      ${REALM} = {
        database_name = ${directory}/principal
        key_stash_file = ${directory}/stash
        acl_file = ${directory}/acl
      }
    [logging]
      kdc = FILE:${directory}/log
    `,
  );
}

/** Starts the center, and returns what stops it. */
async function startedCentre(
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<() => Promise<void>> {
  await Deno.writeTextFile(logFile, "");
  const process = new Deno.Command(programPath("krb5kdc"), {
    args: ["-n", "-r", REALM],
    env: { ...env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const log = () => Deno.readTextFile(logFile);
  await until(async () => (await log()).includes("commencing operation"), {
    what: "the KDC listens",
  });
  return async () => {
    process.kill("SIGTERM");
    await process.status;
  };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
