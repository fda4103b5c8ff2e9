import { granted } from "../../permissions.ts";
import { PERMISSION_BITS } from "../../attrs.ts";
import { print } from "../../transport/stdio.ts";
import { prepareConfinement } from "../start/confinement.ts";
import type { Ring } from "../start/rings.ts";
import { StartError } from "../errors.ts";
import type { Identity } from "../start/host.ts";
import { logWithin } from "./directory.ts";
import type { JailOptions } from "./options.ts";
import { wayOut } from "./ways_out.ts";

const OTHERS_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;

/** Whether something is as it should be, and a description of it. */
interface Finding {
  readonly good: boolean;
  readonly text: string;
}

/**
 * Runs `sftpwrap jail --check`: confines itself as a session would, and reports what holds and what
 * to change.
 *
 * @returns The exit status: 0 if every ring holds and the directory is safe.
 */
export async function checkJail(
  directory: string,
  options: JailOptions,
  who: Identity,
): Promise<number> {
  const flags = grantedPermissions(directory);
  const directoryFindings = examine(directory, options, who);
  let rings: readonly Finding[];
  try {
    const { confine: mode, readOnly } = options;
    rings = (await prepareConfinement({ directory, mode, readOnly })).enter().map(ringFinding);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    rings = [{ good: false, text: error.message }];
  }
  const findings = [...rings, ...directoryFindings];
  const lines = [
    `jail ${directory}`,
    `started with ${flags}`,
    ...findings.map(({ good, text }) => `${good ? "ok  " : "BAD "} ${text}`),
  ];
  print(lines.join("\n") + "\n");
  return findings.every(({ good }) => good) ? 0 : 1;
}

function ringFinding({ name, holds, text }: Ring): Finding {
  return { good: holds, text: `ring ${name}: ${text}` };
}

function examine(directory: string, options: JailOptions, who: Identity): readonly Finding[] {
  const findings: Finding[] = [];
  const { uid, mode } = Deno.lstatSync(directory);
  const bits = (mode ?? 0) & PERMISSION_BITS;
  if (who.uid !== undefined && uid !== null) {
    findings.push(
      uid === who.uid || who.uid === 0 ? { good: true, text: `directory: owned by user ${uid}` } : {
        good: false,
        text: `directory: owned by user ${uid}, not by user ${who.uid}: chown it`,
      },
    );
  }
  findings.push(
    bits & (OTHERS_MAY_WRITE | GROUP_MAY_WRITE)
      ? {
        good: (bits & OTHERS_MAY_WRITE) === 0,
        text: `directory: mode ${bits.toString(8)} lets others write: chmod go-w`,
      }
      : { good: true, text: `directory: mode ${bits.toString(8)}` },
  );
  const reason = logWithin(directory, options.logFile) ?? wayOut(directory, who, options.readOnly);
  findings.push(
    reason === undefined
      ? { good: true, text: "directory: holds nothing that lets a client out" }
      : { good: options.allowHome, text: `directory: ${reason}: choose one below` },
  );
  return findings;
}

/** The permissions that Deno's flags grant, as far as they concern a jail. */
function grantedPermissions(directory: string): string {
  const found: string[] = [];
  for (const name of ["read", "write"] as const) {
    if (granted({ name })) found.push(`--allow-${name}`);
    else if (granted({ name, path: directory })) found.push(`--allow-${name}=${directory}`);
  }
  for (const name of ["env", "sys", "net", "run", "ffi"] as const) {
    if (granted({ name })) found.push(`--allow-${name}`);
  }
  return found.length === 0 ? "no permission at all" : found.join(" ");
}
