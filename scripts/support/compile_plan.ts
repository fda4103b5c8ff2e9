/**
 * The arguments of `deno compile`, as data.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { THIS_PROGRAM } from "../../lib/cli/hooks/helper_process.ts";
import { parseJailOptions } from "../../lib/cli/jail/options.ts";
import {
  NOT_A_SESSION,
  PROXY_VARIABLES,
  proxyScope,
  type Scope,
  scopeOf,
  SESSION_VARIABLES,
  sessionOptions,
} from "./proxy_plan.ts";
import { DOCTOR_PROGRAMS } from "../../lib/cli/doctor/run_program.ts";
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

/** Variables that `sftpwrap s3` reads, as all programs for AWS do. */
const S3_VARIABLES: readonly string[] = ["AWS_*"];

const VARIABLES: readonly string[] = [...SESSION_VARIABLES, "TZ", "TZDIR"];

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
  const isGeneral = jail === undefined && proxy === undefined;
  if (isGeneral && (parsed["read-only"] || jailOptions.length > 0)) {
    throw new TypeError("--read-only and options of the jail need --jail DIR");
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
  const { jail, proxy, output = "dist/sftpwrap", target, readOnly, jailOptions } = options;
  const args = [...readOnly ? ["--read-only"] : [], ...jailOptions];
  const scope = proxy !== undefined
    ? proxyScope(proxy, args, Deno.env.get("HOME"))
    : jail === undefined
    ? GENERAL_SCOPE
    : jailScope(jail, args);
  const permissions = [
    ...scope.permissions,
    `--allow-env=${scope.variables.join(",")}`,
    `--allow-ffi=${libcPaths(target).join(",")}`,
  ];
  return {
    bundle: [
      ...["bundle", "--quiet", "--no-check", "--minify"],
      // What a session seldom needs, such as policies, stays in files that are loaded on demand.
      "--code-splitting",
      // Addons that ssh2 tries to load, and works without.
      "--external=*.node",
      "--platform=deno",
    ],
    compile: [
      ...["compile", "--quiet", "--no-check", "--no-prompt"],
      // Deno trusts its code cache, which is in a folder that every user may write to.
      "--no-code-cache",
      ...target === undefined ? [] : [`--target=${target}`],
      ...permissions,
    ],
    output,
    target,
    baked: scope.baked,
    summary: [
      `${output}: ${purpose(options)}`,
      ...scope.baked.length > 0 ? [`arguments: ${scope.baked.join(" ")}`] : [],
      ...permissions.map((flag) => `permission: ${flag}`),
    ],
  };
}

/** For every use: a session drops the permissions that it does not need before the first request. */
const GENERAL_SCOPE: Scope = {
  permissions: [
    ...["--allow-read", "--allow-write", "--allow-sys"],
    // The proxy connects to any host, itself or with the system's ssh; so do GridFS and S3.
    "--allow-net",
    `--allow-run=${["ssh", ...DOCTOR_PROGRAMS, THIS_PROGRAM].join(",")}`,
  ],
  variables: [...VARIABLES, ...PROXY_VARIABLES, ...GRIDFS_VARIABLES, ...S3_VARIABLES],
  baked: [],
};

function purpose({ jail, proxy }: CompileOptions): string {
  if (proxy !== undefined) return `a proxy for ${proxy}`;
  return jail === undefined ? "for every use" : `the jail ${jail}`;
}

function jailScope(jail: string, args: readonly string[]): Scope {
  if (!jail.startsWith("/")) throw new TypeError(`--jail ${jail} must be an absolute path`);
  const baked = ["jail", ...args, jail];
  const parsed = sessionOptions(parseJailOptions, baked.slice(1));
  if (parsed.check || parsed.command !== undefined) throw new TypeError(NOT_A_SESSION);
  if (parsed.directory !== jail) {
    throw new TypeError(`${parsed.directory} is no option of the jail`);
  }
  if (jail.includes("%")) throw new TypeError(`${jail} holds a %: DIR cannot have tokens here`);
  const log = parsed.logFile === undefined ? [] : [parsed.logFile];
  if (log.some((path) => path.includes("%"))) {
    throw new TypeError(`the log ${log} must be a path without tokens`);
  }
  const quarantine = parsed.hooks?.quarantine;
  if (quarantine?.includes("%")) {
    throw new TypeError(`the quarantine ${quarantine} must be a path without tokens`);
  }
  const seen = quarantine === undefined ? [] : [quarantine];
  return {
    permissions: [
      ...scopeOf("read", [jail, ...seen, ...ACCOUNT_FILES, ...ZONE_FILES]),
      ...scopeOf("write", [...parsed.readOnly ? [] : [jail], ...log]),
      // The helper of its hooks.
      ...parsed.hooks === undefined ? [] : [`--allow-run=${THIS_PROGRAM}`],
    ],
    variables: VARIABLES,
    baked,
  };
}
