/**
 * Texts that the manual and `sftpwrap help TOPIC` share.
 *
 * @module
 */

/** A section of a page: a text like that of a help, then terms and what they mean. */
export interface Section {
  readonly text?: string;
  readonly terms?: readonly (readonly [term: string, text: string])[];
}

const EXIT_STATUS: Section = {
  text: "As OpenSSH's server:",
  terms: [
    ["0", "at the end of input"],
    ["1", "the session cannot begin, or the stream or storage fails"],
    ["11", "after a packet above 256 KiB"],
    ["75", "the user has too many sessions already (--max-sessions)"],
    ["255", "after a malformed packet, and when the session timed out or was kicked"],
  ],
};

const ENVIRONMENT: Section = {
  terms: [
    ["USER, LOGNAME, HOME", "the user and the home directory, as sshd sets them"],
    ["SSH_CONNECTION", "the client's address, for the log"],
    ["SSH_ORIGINAL_COMMAND", "what the client asked for; only SFTP is served"],
    ["TZ", "the time zone of the log"],
  ],
};

const LOG: Section = {
  text: `
Several of --logfile, --log-to-stderr and --syslog may be given. With none of
them, the log goes to syslog if a daemon listens.

A text log has the words of OpenSSH's sftp-server, so readers of its log work. A
JSON log has one object for each request, with its result.
`,
  terms: [
    ["QUIET", "nothing"],
    ["FATAL, ERROR", "what ends the session; what is wrong with the set-up"],
    ["INFO", "also sessions, files opened and closed, changes and failures"],
    ["VERBOSE", "also look-ups, and why a request was refused"],
    ["DEBUG", "also every other request"],
  ],
};

const PATTERNS: Section = {
  text: `
The GLOB of --deny and --hide matches a name at any depth if it has no slash,
and else a path from the root. The case matters.

  sftpwrap jail --hide '.*' --deny '/private' --deny 'logs/**/*.gz' /srv/sftp/alice
`,
  terms: [
    ["*", "any characters but a slash, also a leading dot"],
    ["**", "any number of folders"],
    ["?", "one character but a slash"],
    ["[a-z], [!a-z]", "one character of these, or one of all others"],
    ["{a,b}", "either of these"],
    ["\\", "takes the next character as it is"],
  ],
};

const TOKENS: Section = {
  text: "In DIR and in the values of --start-directory, --logfile and --state-dir:",
  terms: [
    ["%u", "the user's name"],
    ["%U", "the user's number"],
    ["%h, %d", "the home directory"],
    ["%%", "a percent sign"],
  ],
};

/** The topics by name, in the order of a page; as a heading the name is in capitals. */
export const TOPICS: ReadonlyMap<string, Section> = new Map([
  ["tokens", TOKENS],
  ["patterns", PATTERNS],
  ["log", LOG],
  ["exit-status", EXIT_STATUS],
  ["environment", ENVIRONMENT],
]);

/** A section as plain text, for a terminal. */
export function plainText({ text = "", terms = [] }: Section): string {
  const width = Math.max(0, ...terms.map(([term]) => term.length)) + 2;
  const lines = terms.map(([term, what]) => `  ${term.padEnd(width)}${what}`);
  return [text.trim(), lines.join("\n")].filter((part) => part !== "").join("\n\n") + "\n";
}
