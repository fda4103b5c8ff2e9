/** Opens a log as a jail does, confines itself, and writes three lines, the last one on request. */

import { prepareConfinement } from "../../lib/cli/start/confinement.ts";
import { openLog } from "../../lib/cli/start/open_log.ts";
import { FACILITIES } from "../../lib/audit/syslog.ts";
import { LogLevel } from "../../lib/session/log.ts";

const [directory, path, logFormat] = Deno.args as [string, string, "text" | "json"];
const log = openLog(
  {
    logFile: undefined,
    logToStderr: false,
    logLevel: LogLevel.INFO,
    logFormat,
    logTag: "sftpwrap",
    logUser: undefined,
    logHash: undefined,
    syslog: FACILITIES.get("LOCAL5"),
    logRequired: false,
  },
  { id: "one", user: "alice", client: "192.0.2.7", clientPort: 50022 },
  path,
);
log.write(LogLevel.ERROR, "before");
const confinement = await prepareConfinement({ directory, mode: "kernel", readOnly: true });
const rings = confinement.enter();
log.write(LogLevel.INFO, `rings ${rings.map(({ holds }) => holds).join()}`);
Deno.stdout.writeSync(Uint8Array.of(0x2e));
Deno.stdin.readSync(new Uint8Array(1));
log.write(LogLevel.INFO, "two\nlines of ü\udcff");
