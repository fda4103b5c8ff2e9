/**
 * Serves a directory as a jail does, and logs to the syslog that listens at a path of the test's:
 * `syslog_session.ts DIRECTORY SOCKET [OPTION…]`, where the options are those of the log.
 */

import { serve } from "../../lib/serve/serve.ts";
import { openJail } from "../../lib/storage/local/open_jail.ts";
import { parseOptions } from "../../lib/cli/options/args.ts";
import { identity, sessionFacts } from "../../lib/cli/start/host.ts";
import { openLog } from "../../lib/cli/start/open_log.ts";
import { logSpecs, parseLogOptions } from "../../lib/cli/options/log_options.ts";

const [directory, socket, ...options] = Deno.args as [string, string, ...string[]];
const session = sessionFacts(identity().user);
const log = openLog(parseLogOptions(parseOptions(options, logSpecs)), session, socket);
Deno.exit(await serve(await openJail(directory), { log, ...session }));
