/**
 * The arguments of `deno compile`, as data.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../../lib/cli/errors.ts";
import { type JailOptions, parseJailOptions } from "../../lib/cli/jail/options.ts";
import { PROXY_VARIABLES, proxyScope } from "./proxy_plan.ts";
import { DOCTOR_PROGRAMS } from "../../lib/cli/doctor/programs.ts";
import { LIBC_PATHS } from "../../lib/linux/libc.ts";

/** What `deno task compile` was asked for. */
export interface CompileOptions {
  /** The directory of a program for one jail. */
  readonly jail: string | undefined;
  readonly readOnly: boolean;
  readonly output: string | undefined;
  readonly target: string | undefined;
  /** `[USER@]HOST:PORT` of a program for one remote server. */
  readonly proxy?: string | undefined;
  /** Options of `sftpwrap jail` or `sftpwrap proxy` to bake in. */
  readonly jailOptions: readonly string[];
}

/** The arguments of both steps, and what to print. */
export interface CompilePlan {
  /** `deno bundle …`, without output and entry. */
  readonly bundle: readonly string[];
  /** `deno compile …`, without output and entry. */
  readonly compile: readonly string[];
  readonly output: string;
  readonly target: string | undefined;
  /** Arguments that the program starts with. */
  readonly baked: readonly string[];
  readonly summary: readonly string[];
}

/** Flags of V8 that measurably help a session. */
export const V8_FLAGS: readonly string[] = [
  // Otherwise the start waits some milliseconds for the first batch that the baseline compiler
  // passes to another thread.
  "--no-concurrent-sparkplug",
];

/** The flags that this V8 lists in its help. An unknown flag would end the program. */
export function knownFlags(flags: readonly string[], help: string): readonly string[] {
  return flags.filter((flag) => {
    const [name = ""] = flag.replace(/^--(no-)?/, "").split("=");
    return new RegExp(`^ *--${name} `, "m").test(help);
  });
}

/** Variables that `sftpwrap gridfs` reads beside those of every session and of the proxy. */
const GRIDFS_VARIABLES: readonly string[] = ["SFTPWRAP_MONGODB_URI"];

const VARIABLES = "USER,LOGNAME,HOME,SSH_CONNECTION,SSH_ORIGINAL_COMMAND,TZ,TZDIR";

/** Where libc is on the system that the program is for. */
function libcPaths(target: string | undefined): readonly string[] {
  if (target === undefined || !target.includes("linux")) return LIBC_PATHS;
  const [arch = ""] = target.split("-");
  return LIBC_PATHS.map((path) => path.replace(/x86_64|aarch64/, arch));
}

const ACCOUNT_FILES: readonly string[] = ["/etc/passwd", "/etc/group"];

/** Files that define the time zone; see `lib/cli/start/time_zone.ts`. */
const ZONE_FILES: readonly string[] = ["/etc/localtime", "/usr/share/zoneinfo"];

/** @throws {TypeError} If the arguments make no sense. */
export function parseCompileArgs(args: readonly string[]): CompileOptions {
  const parsed = parseArgs([...args], {
    string: ["jail", "proxy", "output", "target"],
    boolean: ["read-only"],
    "--": true,
    unknown: (arg) => {
      throw new TypeError(`unknown argument ${arg}`);
    },
  });
  const jailOptions = parsed["--"] ?? [];
  const { jail, proxy, output, target } = parsed;
  if (jail === undefined && proxy === undefined) {
    if (parsed["read-only"] || jailOptions.length > 0) {
      throw new TypeError("--read-only and options of the jail need --jail DIR");
    }
  }
  if (jail === "") throw new TypeError("--jail needs a directory");
  if (jail !== undefined && proxy !== undefined) {
    throw new TypeError("--jail and --proxy exclude each other");
  }
  return {
    ...proxy === undefined ? {} : { proxy },
    jail,
    readOnly: parsed["read-only"] === true,
    output,
    target,
    jailOptions,
  };
}

/** @throws {TypeError} If a jail's directory or options make no sense. */
export function compilePlan(options: CompileOptions): CompilePlan {
  const { jail, proxy, output = "dist/sftpwrap", target } = options;
  const scope = proxy !== undefined
    ? oneProxyScope(proxy, options)
    : jail === undefined
    ? generalScope(target)
    : jailScope(jail, options);
  return {
    bundle: [
      "bundle",
      "--quiet",
      "--no-check",
      "--minify",
      // What a session seldom needs, such as policies, stays in files that are loaded on demand.
      "--code-splitting",
      // Addons that ssh2 tries to load, and works without.
      "--external=*.node",
      "--platform=deno",
    ],
    compile: [
      "compile",
      "--quiet",
      "--no-check",
      "--no-prompt",
      // Deno trusts its code cache, which is in a folder that every user may write to.
      "--no-code-cache",
      ...target === undefined ? [] : [`--target=${target}`],
      ...scope.permissions,
    ],
    output,
    target,
    baked: scope.baked,
    summary: [
      `${output}: ${purpose(options)}`,
      ...scope.baked.length > 0 ? [`arguments: ${scope.baked.join(" ")}`] : [],
      ...scope.permissions.map((flag) => `permission: ${flag}`),
    ],
  };
}

/** Permissions and arguments of a program. */
interface Scope {
  readonly permissions: readonly string[];
  readonly baked: readonly string[];
}

/** For every use: a session drops the permissions that it does not need before the first request. */
function generalScope(target: string | undefined): Scope {
  return {
    permissions: [
      "--allow-read",
      "--allow-write",
      "--allow-sys",
      // The proxy connects to any host, itself or with the system's ssh; so does GridFS.
      "--allow-net",
      `--allow-run=${["ssh", ...DOCTOR_PROGRAMS].join(",")}`,
      `--allow-env=${[VARIABLES, ...PROXY_VARIABLES, ...GRIDFS_VARIABLES].join(",")}`,
      `--allow-ffi=${libcPaths(target).join(",")}`,
    ],
    baked: [],
  };
}

function oneProxyScope(proxy: string, { readOnly, jailOptions, target }: CompileOptions): Scope {
  const args = [...readOnly ? ["--read-only"] : [], ...jailOptions];
  const { permissions, variables, baked } = proxyScope(proxy, args, Deno.env.get("HOME"));
  return {
    permissions: [
      ...permissions,
      `--allow-env=${variables.join(",")}`,
      `--allow-ffi=${libcPaths(target).join(",")}`,
    ],
    baked,
  };
}

function purpose({ jail, proxy }: CompileOptions): string {
  if (proxy !== undefined) return `a proxy for ${proxy}`;
  return jail === undefined ? "for every use" : `the jail ${jail}`;
}

function jailScope(jail: string, { readOnly, jailOptions, target }: CompileOptions): Scope {
  if (!jail.startsWith("/")) throw new TypeError(`--jail ${jail} must be an absolute path`);
  const switches = readOnly ? ["--read-only"] : [];
  const baked = ["jail", ...switches, ...jailOptions, jail];
  const parsed = sessionOptions(baked.slice(1));
  if (parsed.directory !== jail) {
    throw new TypeError(`${parsed.directory} is no option of the jail`);
  }
  if (jail.includes("%")) throw new TypeError(`${jail} holds a %: DIR cannot have tokens here`);
  if (parsed.logFile !== undefined && !parsed.logFile.startsWith("/")) {
    throw new TypeError(`the log ${parsed.logFile} must be an absolute path`);
  }
  if (parsed.logFile?.includes("%")) {
    throw new TypeError(`the log ${parsed.logFile} must be a path without tokens`);
  }
  const log = parsed.logFile === undefined ? [] : [parsed.logFile];
  const writable = [...parsed.readOnly ? [] : [jail], ...log];
  return {
    permissions: [
      `--allow-read=${pathList([jail, ...ACCOUNT_FILES, ...ZONE_FILES])}`,
      ...writable.length > 0 ? [`--allow-write=${pathList(writable)}`] : [],
      `--allow-env=${VARIABLES}`,
      `--allow-ffi=${libcPaths(target).join(",")}`,
    ],
    baked,
  };
}

/** The options that the program will find in its arguments. */
function sessionOptions(args: readonly string[]): JailOptions {
  let parsed: ReturnType<typeof parseJailOptions>;
  try {
    parsed = parseJailOptions(args);
  } catch (error) {
    if (error instanceof UsageError) throw new TypeError(error.message);
    throw error;
  }
  if ("print" in parsed || parsed.check || parsed.command !== undefined) {
    throw new TypeError("options of the jail must be those of a session");
  }
  return parsed;
}

/** Deno splits paths at commas, and a comma in a path cannot be escaped. */
function pathList(paths: readonly string[]): string {
  const split = paths.find((path) => path.includes(","));
  if (split !== undefined) throw new TypeError(`${split} holds a comma, and so cannot be a scope`);
  return paths.join(",");
}
