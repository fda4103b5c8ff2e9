import { type CommandSpec, HELP_OPTION, type OptionSpec } from "../options/args.ts";
import { JAIL, type Target } from "./target.ts";

const OWN: readonly OptionSpec[] = [
  { name: "jail", value: "DIR", help: "the directory that the key's owner sees as /" },
  { name: "proxy", value: "HOST", help: "or the SFTP server: [USER@]HOST, sftp://…" },
  { name: "gridfs", value: "URI", help: "or the MongoDB database (with a password: --uri-file)" },
  { name: "s3", value: "URL", help: "or the bucket: s3://BUCKET[/PREFIX]" },
  { name: "from", value: "PATTERNS", help: "the addresses and hosts that the key is good for" },
  { name: "expiry-time", value: "TIME", help: "the key's end: YYYYMMDD[HHMM[SS]][Z]" },
  { name: "binary", value: "FILE", help: "the program to run (default: this one)" },
  { name: "install", value: "FILE", help: "put the line into FILE instead of printing it" },
  { name: "list", help: "list the keys of FILE, and what each gives" },
  { name: "remove", value: "KEY", help: "remove a key from FILE: SHA256:…, its file or comment" },
];

/** The command line of `sftpwrap authorize`, with the options for a line that runs this target. */
export function authorizeSpecFor({ specs }: Target): CommandSpec {
  return {
    name: "authorize",
    forms: [
      "--jail DIR [options] KEYFILE|-",
      "--proxy HOST | --gridfs URI | --s3 URL [options] KEYFILE|-",
      "--list FILE",
      "--remove KEY FILE",
    ],
    about: `
Prints or installs the authorized_keys line that lets the owner of a public key
start one session and nothing else. KEYFILE is OpenSSH's or PuTTYgen's. Options
of sftpwrap jail go into the line, with --proxy, --gridfs or --s3 those of
sftpwrap proxy, gridfs or s3.
`,
    options: [...OWN, HELP_OPTION, ...specs],
  };
}

/** The command line of `sftpwrap authorize` for a jail. */
export const authorizeSpec = authorizeSpecFor(JAIL);
