/**
 * What the manual says beside the help: examples, files, and details of options.
 *
 * @module
 */

import { HOOK_EVENTS } from "../../hooks/events.ts";
import type { Section } from "./topics.ts";

/** What a page has in addition to what is made from the table of options. */
export interface Extras {
  /** More about an option than its line of help, by its name. */
  readonly details?: Readonly<Record<string, string>>;
  /** Names of topics that are sections of the page. */
  readonly topics?: readonly string[];
  /** Variables besides those of every session. */
  readonly environment?: Section["terms"];
  readonly files?: Section["terms"];
  readonly examples?: string;
  /** Pages besides those of the program, with their section. */
  readonly seeAlso?: readonly (readonly [page: string, section: number])[];
}

const SESSION = ["patterns", "log", "exit-status", "environment"] as const;

const DETAILS = {
  logfile: "The file is created with mode 0600.",
  "append-only":
    "WRITE is allowed from the size that the file had at OPEN onward. Everything can be read.",
  "upload-only": "Listings are empty. A session may resume, rename and remove its own uploads.",
  "no-overwrite": "Removing is allowed; --no-delete forbids it.",
  "no-delete": "Renaming is allowed. A session may remove what it has created itself.",
  deny: "Paths in a folder that matches are refused, too. They are still listed.",
  hide: "As --deny, and listings and look-ups do not have them.",
  "max-sessions":
    "A user is an account or, with --log-user, the sessions of that name. A refused session is " +
    "logged, and its exit status is 75.",
  rate: "Each direction counts by itself. Only the content of files is held up.",
  "shared-rate": "Each session has the same part; what one does not want is the others'.",
  "state-dir":
    "Else it is /run/sftpwrap/UID if /run/sftpwrap is there, or ~/.local/state/sftpwrap. It is " +
    "made with mode 0700, and refused if it is a link, of another user, or open to others.",
  on: `EVENT is ${HOOK_EVENTS.join(", ")}. COMMAND is an absolute path with arguments; it gets a ` +
    "JSON document on standard input. At upload and before an event it decides: any status but 0 " +
    "refuses, with the first line of standard error as the reason.",
  "ignore-chmod": "Times and sizes in the same request are set.",
} as const;

const PASSWORD = ["SFTPWRAP_PASSWORD", "the password"] as const;

const STATE_FILES = [
  ["/run/sftpwrap/UID, ~/.local/state/sftpwrap", "the sessions of a user"],
] as const;

/** By the name of the subcommand. */
export const EXTRAS: Readonly<Record<string, Extras>> = {
  jail: {
    details: {
      ...DETAILS,
      quota: "What would exceed it fails with the reason. The first session counts what is there.",
      confine:
        "With auto, it takes the best that there is, and refuses to start where neither the " +
        "kernel resolves paths nor permission flags limit the program to the jail. With kernel, " +
        "it refuses to start if a ring is missing. With portable, it does without openat2(2).",
    },
    topics: ["tokens", ...SESSION],
    files: [
      ["/etc/passwd, /etc/group", "names of users and groups in listings"],
      ["/dev/log", "the socket of syslog"],
    ],
    examples: `
In authorized_keys, a jail for one key:

  command="/usr/local/bin/sftpwrap jail /srv/sftp/alice",restrict ssh-ed25519 AAAA...

In sshd_config, a jail for each user:

  ForceCommand /usr/local/bin/sftpwrap jail --confine=kernel /srv/sftp/%u

By hand:

  sftp -D 'sftpwrap jail ./somewhere'
`,
    seeAlso: [["sshd_config", 5], ["sftp-server", 8], ["landlock", 7]],
  },
  proxy: {
    details: DETAILS,
    topics: SESSION,
    environment: [PASSWORD, ["SFTPWRAP_PASSPHRASE", "the passphrase of the key"]],
    files: [
      ["~/.ssh/config", "the configuration of ssh"],
      ["~/.ssh/known_hosts", "the keys of hosts"],
      ["~/.ssh/id_rsa, ~/.ssh/id_ed25519, ~/.ssh/id_ecdsa", "private keys"],
    ],
    examples: `
The files of another server, without the right to change them:

  sftpwrap proxy --read-only --key /etc/sftpwrap/key files@server.example
`,
    seeAlso: [["ssh", 1], ["ssh_config", 5], ["sshd_config", 5]],
  },
  gridfs: {
    details: DETAILS,
    topics: SESSION,
    environment: [PASSWORD, ["SFTPWRAP_MONGODB_URI", "the URI, if none is given"]],
    examples: `
A bucket for each user:

  sftpwrap gridfs --uri-file /etc/sftpwrap/uri --bucket %u
`,
    seeAlso: [["sshd_config", 5]],
  },
  who: {
    files: STATE_FILES,
    examples: `
  sftpwrap who
  sftpwrap who --json
`,
  },
  kick: {
    files: STATE_FILES,
    examples: `
  sftpwrap kick 1f0c2d3e
`,
  },
  s3: {
    details: DETAILS,
    topics: SESSION,
    environment: [
      ["AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "the keys"],
      ["AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE", "as for AWS's own tools"],
    ],
    files: [["~/.aws/credentials, ~/.aws/config", "profiles with keys"]],
    examples: `
A bucket of another server, with a directory for each user:

  sftpwrap s3 --endpoint https://s3.example.com s3://files/%u
`,
    seeAlso: [["sshd_config", 5]],
  },
  authorize: {
    details: DETAILS,
    topics: ["patterns"],
    files: [["~/.ssh/authorized_keys", "where sshd looks for keys"]],
    examples: `
  sftpwrap authorize --jail /srv/sftp/alice --install ~alice/.ssh/authorized_keys alice.pub
`,
    seeAlso: [["sshd", 8]],
  },
};
