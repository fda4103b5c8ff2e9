import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ConnectError } from "../../../../lib/storage/proxy/connection_options.ts";
import { SshConfig } from "../../../../lib/storage/proxy/config/ssh_config.ts";
import { resolveTarget } from "../../../../lib/storage/proxy/config/target.ts";
import { withTempDir } from "../../../support/files.ts";
import { needs } from "../../../support/programs.ts";
import { run } from "../../../support/run.ts";
import { recorded } from "../support/options.ts";

/** A configuration, and whom it is asked for. `DIR` in it stands for its directory. */
interface Case {
  readonly name: string;
  readonly config: string;
  readonly host?: string;
  readonly user?: string;
  readonly port?: number;
  /** Further files beside it. */
  readonly files?: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { name: "nothing", config: "# nothing\n\n" },
  { name: "a host", config: "Host box\n  HostName box.example.org\n  Port 2222\n  User alice" },
  { name: "another host", config: "Host other\n HostName other.example.org\n Port 2222" },
  { name: "capitals in names", config: "Host box\nHostName BOX.Example.ORG" },
  { name: "a host in capitals is another host", host: "BOX", config: "Host box\nPort 2222" },
  { name: "keywords in any case", config: "hOsT box\npOrT 2222\nUSER alice" },
  { name: "an equals sign", config: "Host=box\nPort = 2222\nUser=\talice\nHostName =b" },
  { name: "quotes", config: 'Host "box"\n"Port" "2222"\nUser "al ice"\nHostName \'b\'' },
  { name: "quotes within a word", config: "User al\"ic\"e\nHostName b'o'x" },
  { name: "escapes", config: 'User al\\"ice\nHostName b\\o' },
  { name: "a comment behind a value", config: "Port 2222 # not 22\nUser alice#1" },
  { name: "blanks at the ends", config: "\t Port 2222 \t\r\nUser alice\r\n" },
  { name: "the first value", config: "User alice\nUser bob\nHost box\nUser carol\nPort 1\nPort 2" },
  { name: "several patterns", config: "Host a b?x c\nPort 2222" },
  { name: "a wildcard of one letter", host: "bx", config: "Host b?x\nPort 2222" },
  { name: "a wildcard", host: "web7.example.org", config: "Host *.example.org\nPort 2222" },
  { name: "wildcards", host: "a.b.c", config: "Host *b*\nPort 2222\nHost *.*.d\nUser bob" },
  { name: "a negation", config: "Host * !box\nPort 2222\nHost * !other\nUser bob" },
  { name: "a negation alone", config: "Host !other\nPort 2222" },
  { name: "a negation first", config: "Host !box *\nPort 2222" },
  { name: "a comma in Host is no list", config: "Host box,other\nPort 2222" },
  { name: "what stands before the first Host", config: "Port 2222\nHost box\nPort 1" },
  { name: "HostName with %h", config: "Host box\nHostName %h.example.org" },
  { name: "HostName with %%", config: "HostName a%%b" },
  { name: "an address with its interface", host: "fe80::1%Eth0", config: "Port 2222" },
  { name: "Match all", config: "Host other\nPort 1\nMatch all\nPort 2222" },
  {
    name: "Match host after HostName",
    config: "HostName real.org\nMatch host real.org\nPort 2222",
  },
  {
    name: "Match host before HostName",
    config: "Match host real.org\nPort 2\nHost box\nHostName real.org",
  },
  { name: "Match originalhost", config: "HostName real.org\nMatch originalhost box\nPort 2222" },
  { name: "Match host in capitals", host: "BOX", config: "Match host box\nPort 2222" },
  { name: "Match host with a list", config: "Match host a,b*,c\nPort 2222" },
  { name: "Match host with a negation", config: "Match host *,!box\nPort 2222" },
  {
    name: "Match with a negated criterion",
    config: "Match !host other\nPort 2222\nMatch !host box\nUser x",
  },
  {
    name: "Match user of the command line",
    user: "alice",
    config: "User bob\nMatch user alice\nPort 2222",
  },
  { name: "Match user of the file", config: "User bob\nMatch user bob\nPort 2222" },
  { name: "Match user of a negation", config: "User bob\nMatch user *,!bob\nPort 2222" },
  {
    name: "Match of two criteria",
    config: "User bob\nMatch host box user bob\nPort 2222\nMatch host box user x\nConnectTimeout 3",
  },
  { name: "Match of the same criterion twice", config: "Match host b* host *y\nPort 2222" },
  { name: "Match with equals signs", config: "Match host=box\nPort 2222" },
  {
    name: "Match final",
    config: "Host box\nHostName real.org\nMatch final host real.org\nPort 2222",
  },
  { name: "Match !final", config: "Match !final\nPort 2222" },
  {
    name: "a second reading sees the name",
    config: "Match host real.org\nPort 2\nHost box\nHostName real.org\nMatch final\nUser bob",
  },
  {
    name: "a second reading is about the host that was found",
    config:
      "Host box\nHostName %h.Example.org\nHost box.example.org\nPort 2222\nMatch final originalhost box\nUser bob\nHostName x",
  },
  {
    name: "a second reading does not look for another host",
    host: "fe80::1%ETH0",
    config: "Match final\nHostName x\nHost *%ETH0\nPort 2222",
  },
  { name: "Match localuser", config: "Match localuser nobody-at-all\nPort 2222" },
  {
    name: "a command is not run where the line fails anyway",
    config: 'Match host other exec "false"\nPort 1',
  },
  {
    name: "several identities",
    config:
      "IdentityFile /k/a\nHost box\nIdentityFile /k/b\nIdentityFile /k/a\nHost *\nIdentityFile /k/c\nIdentitiesOnly yes",
  },
  { name: "user of the command line", user: "bob", config: "User alice" },
  { name: "port of the command line", port: 2200, config: "Port 2222" },
  {
    name: "known hosts",
    config: 'UserKnownHostsFile /a "/b c" /d\nGlobalKnownHostsFile /g\nUserKnownHostsFile /e',
  },
  { name: "no known hosts", config: "UserKnownHostsFile none\nGlobalKnownHostsFile none" },
  { name: "times", config: "ConnectTimeout 1m30s\nServerAliveInterval 2m\nServerAliveCountMax 7" },
  { name: "a count without end", config: "ServerAliveCountMax 2147483647" },
  {
    name: "checking",
    config: "StrictHostKeyChecking accept-new\nHostKeyAlias cluster\nHashKnownHosts yes",
  },
  { name: "a jump", config: "ProxyJump alice@jump:2222,[::1]:22" },
  { name: "no jump", config: "ProxyJump none\nProxyJump jump" },
  { name: "a jump rules a command out", config: "ProxyJump jump\nProxyCommand nc %h %p" },
  {
    name: "what ssh does for others",
    config:
      "ForwardAgent yes\nSendEnv LANG LC_*\nLocalForward 1234 host:80\nControlMaster auto\nControlPath ~/.ssh/%C\nCompression yes\nLogLevel QUIET",
  },
  { name: "IgnoreUnknown", config: "IgnoreUnknown UseKeychain,Foo*\nUseKeychain yes\nfooBar 3" },
  {
    name: "older names",
    config: "ChallengeResponseAuthentication no\nPubkeyAcceptedKeyTypes +ssh-rsa",
  },
  {
    name: "Include",
    config: "Include DIR/inner\nPort 2",
    files: { inner: "Port 2222\nHost box\nUser bob\n" },
  },
  {
    name: "Include of wildcards, in order",
    config: "Include DIR/d/*.conf",
    files: {
      "d/20.conf": "Port 20",
      "d/10.conf": "Port 10",
      "d/.05.conf": "Port 5",
      "d/00.txt": "Port 1",
    },
  },
  {
    name: "Include of sets",
    config: "Include DIR/[ab]x DIR/[!ab]x",
    files: { ax: "User ax", cx: "Port 2222\nUser cx" },
  },
  { name: "Include of nothing", config: "Include DIR/none DIR/no*\nPort 2222" },
  {
    name: "Include of a folder among files",
    config: "Include DIR/d/*",
    files: { "d/10": "Port 2222", "d/old/20": "Port 20", "d/30": "User bob" },
  },
  {
    name: "Include of several",
    config: "Include DIR/one DIR/two",
    files: { one: "Port 1", two: "Port 2\nUser bob" },
  },
  {
    name: "Include within another host",
    config: "Host other\nInclude DIR/inner\nPort 2\nHost box\nUser bob",
    files: { inner: "Port 1\nHost box\nPort 3\nMatch all\nPort 4" },
  },
  {
    name: "a second reading that an Include within another host asks for",
    config: "Host other\nInclude DIR/inner\nHost box\nHostName real.org\nHost real.org\nPort 2222",
    files: { inner: 'Match final exec "false"\nPort 1\nMatch all\nPort 3\n' },
  },
  {
    name: "a Host within an Include ends there",
    config: "Host box\nInclude DIR/inner\nPort 2222",
    files: { inner: "Host other\nUser bob\n" },
  },
  {
    name: "Include within an Include",
    config: "Include DIR/a",
    files: { a: "Include DIR/b\nPort 2", b: "Port 3" },
  },
];

const BROKEN: readonly (Case & { readonly line: number; readonly about: string })[] = [
  { name: "an unknown keyword", config: "Port 22\nPrt 22", line: 2, about: "Prt" },
  { name: "an unknown keyword of another host", config: "Host x\nPrt 22", line: 2, about: "Prt" },
  { name: "an open quote", config: '\nUser "alice', line: 2, about: "quotes" },
  { name: "no value", config: "Port", line: 1, about: "Port" },
  { name: "a blank that only looks like one", config: "Host\u00a0box", line: 1, about: "Host" },
  { name: "a quote that ends a keyword", config: 'Port"2222"', line: 1, about: "keyword" },
  { name: "a port that is none", config: "Port 2x", line: 1, about: "2x" },
  { name: "a port beyond", config: "Port 65536", line: 1, about: "65536" },
  { name: "neither yes nor no", config: "IdentitiesOnly maybe", line: 1, about: "maybe" },
  { name: "a time that is none", config: "ConnectTimeout soon", line: 1, about: "soon" },
  { name: "a time beyond", config: "ConnectTimeout 3551w", line: 1, about: "3551w" },
  {
    name: "a count beyond",
    config: "ServerAliveCountMax 2147483648",
    line: 1,
    about: "2147483648",
  },
  { name: "two names", config: "HostName a b", line: 1, about: "extra arguments" },
  { name: "Match of nothing known", config: "Match colour red", line: 1, about: "colour" },
  { name: "Match without a value", config: "Match host", line: 1, about: "host" },
  { name: "Match all and more", config: "Match all host box", line: 1, about: "all" },
  { name: "a jump that is none", config: "Host x\nProxyJump a,b:0,c", line: 2, about: "b:0" },
  { name: "a jump that is missing", config: "ProxyJump a,", line: 1, about: "ProxyJump" },
  { name: "an empty name of a file", config: 'UserKnownHostsFile /a ""', line: 1, about: "empty" },
  { name: "no file and one", config: "GlobalKnownHostsFile /a None", line: 1, about: "none" },
  { name: "an Include without a file", config: "Include", line: 1, about: "Include" },
  {
    name: "a broken Include",
    config: "Include DIR/x",
    files: { x: "\n\nFoo" },
    line: 3,
    about: "Foo",
  },
  {
    name: "a broken Match of an Include within another host",
    config: "Host x\nInclude DIR/x",
    files: { x: "\nMatch colour red" },
    line: 2,
    about: "colour",
  },
  {
    name: "checking of another kind",
    config: "StrictHostKeyChecking perhaps",
    line: 1,
    about: "perhaps",
  },
];

const BEYOND: readonly string[] = [
  "ProxyCommand nc %h %p",
  "CanonicalizeHostname yes",
  "CertificateFile ~/.ssh/id-cert.pub",
  "PKCS11Provider /usr/lib/pkcs11.so",
  "SecurityKeyProvider /usr/lib/sk.so",
  "HostbasedAuthentication yes",
  "KnownHostsCommand /bin/keys %H",
  "RevokedHostKeys /etc/ssh/revoked",
  "BindInterface eth0",
  "ProxyUseFdpass yes",
  'Match exec "true"',
  "Match !exec true",
  "Include ~other/config",
];

const HARMLESS: readonly string[] = [
  "ProxyCommand none",
  "CanonicalizeHostname no",
  "PKCS11Provider none",
  "SecurityKeyProvider internal",
  "HostbasedAuthentication no",
  "GSSAPIAuthentication yes",
  'Host other\nProxyCommand nc %h %p\nMatch host other exec "true"',
];

for (const one of CASES) {
  Deno.test({
    name: `SshConfig reads as ssh does: ${one.name}`,
    ...needs("ssh"),
    async fn() {
      await withCase(one, async (file) => {
        const said = await saidBySsh(one, file);
        const { host = "box", user, port } = one;
        const localUser = said.get("user")![0]!;
        const { options } = recorded({
          host,
          user,
          port,
          sshConfig: file,
          environment: { user: one.user ?? localUser, home: "/home/u" },
        });
        const target = resolveTarget(options);
        const config = new SshConfig({ host, user, localUser, home: "/home/u", file });
        assertEquals(told(target, config), expected(said));
      });
    },
  });
}

for (const one of BROKEN) {
  Deno.test({
    name: `SshConfig refuses what ssh refuses, with its line: ${one.name}`,
    ...needs("ssh"),
    async fn() {
      await withCase(one, async (file) => {
        const { code } = await run("ssh", ["-G", "-F", file, "box"]);
        assert(code !== 0, "ssh takes it");
        const error = assertThrows(() => read(file), ConnectError, `line ${one.line}: `);
        assertStringIncludes(error.message, one.about);
      });
    },
  });
}

for (const line of BEYOND) {
  Deno.test(`SshConfig points to the other transport: ${line}`, async () => {
    await withCase({ name: "", config: `Host box\n${line}\n` }, (file) => {
      const error = assertThrows(() => read(file), ConnectError, "--transport=openssh");
      assertStringIncludes(error.message, "line 2");
      return Promise.resolve();
    });
  });
}

for (const line of HARMLESS) {
  Deno.test(`SshConfig takes what asks for nothing: ${line}`, async () => {
    await withCase({ name: "", config: `${line}\n` }, (file) => {
      read(file);
      return Promise.resolve();
    });
  });
}

Deno.test("SshConfig refuses a file that is not there, and one of its own that others may write", async () => {
  await withTempDir(async (home) => {
    assertThrows(() => read(`${home}/none`), ConnectError, "does not exist");
    assertThrows(() => read(home), ConnectError, "is a directory");
    await Deno.mkdir(`${home}/.ssh`);
    await Deno.writeTextFile(`${home}/.ssh/config`, "Include inner\n");
    await Deno.writeTextFile(`${home}/.ssh/inner`, "Port 2222\n");
    const query = { host: "box", localUser: "me", home };
    assertEquals(new SshConfig(query).value("port"), "2222");
    await Deno.chmod(`${home}/.ssh/config`, 0o666);
    assertThrows(() => new SshConfig(query), ConnectError, "Bad owner or permissions");
    await Deno.chmod(`${home}/.ssh/config`, 0o600);
    await Deno.chmod(`${home}/.ssh/inner`, 0o620);
    assertThrows(() => new SshConfig(query), ConnectError, "Bad owner or permissions");
  });
});

Deno.test("SshConfig refuses a file of its own that is neither the user's nor root's", async () => {
  await withTempDir(async (home) => {
    await Deno.mkdir(`${home}/.ssh`);
    await Deno.writeTextFile(`${home}/.ssh/config`, "Port 2222\n");
    if (Deno.uid() === 0) await Deno.chown(`${home}/.ssh/config`, 12345, null);
    const query = { host: "box", localUser: "me", home };
    const { uid } = await Deno.stat(`${home}/.ssh/config`);
    for (const own of [undefined, uid!]) {
      assertEquals(new SshConfig({ ...query, uid: own }).value("port"), "2222");
    }
    const other = { ...query, uid: uid! + 1 };
    assertThrows(() => new SshConfig(other), ConnectError, "Bad owner or permissions");
    assertEquals(new SshConfig({ ...other, file: `${home}/.ssh/config` }).value("port"), "2222");
  });
});

Deno.test("SshConfig names a byte-order mark, in a file that is included too", async () => {
  for (const config of ["\ufeffHost *\nPort 22\n", "\ufeff# a comment\n", "Include DIR/more\n"]) {
    const files = { more: "\ufeffPort 22\n" };
    await withCase({ name: "", config, files }, (file) => {
      const { message } = assertThrows(() => read(file), ConnectError);
      assertMatch(message, /(config|more) line 1: a byte-order mark \(U\+FEFF\): save the file/);
      assertEquals(message.includes("\ufeff"), false);
      return Promise.resolve();
    });
  }
});

Deno.test("SshConfig ends where files include each other", async () => {
  await withCase({ name: "", config: "Include DIR/config\n" }, (file) => {
    assertThrows(() => read(file), ConnectError, "too many files");
    return Promise.resolve();
  });
});

function read(file: string): SshConfig {
  return new SshConfig({ host: "box", localUser: "me", home: "/home/u", file });
}

async function withCase(one: Case, use: (file: string) => Promise<void>): Promise<void> {
  await withTempDir(async (directory) => {
    const filled = (text: string) => text.replaceAll("DIR", directory);
    for (const [name, text] of Object.entries(one.files ?? {})) {
      const path = `${directory}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, filled(text));
    }
    await Deno.writeTextFile(`${directory}/config`, filled(one.config));
    await use(`${directory}/config`);
  });
}

/** What `ssh -G` says, by keyword. */
async function saidBySsh(
  { host = "box", user, port }: Case,
  file: string,
): Promise<Map<string, string[]>> {
  const args = ["-G", "-F", file];
  if (user !== undefined) args.push("-l", user);
  if (port !== undefined) args.push("-p", String(port));
  const { code, stdout, stderr } = await run("ssh", [...args, "--", host]);
  assertEquals(code, 0, stderr);
  const values = new Map<string, string[]>();
  for (const line of stdout.split("\n")) {
    const [keyword = "", ...words] = line.split(" ");
    values.set(keyword, [...values.get(keyword) ?? [], words.join(" ")]);
  }
  return values;
}

/** What both sides say, in the same words. */
type Told = Readonly<Record<string, unknown>>;

function expected(said: ReadonlyMap<string, readonly string[]>): Told {
  const first = (keyword: string) => said.get(keyword)?.[0];
  const isDefaultKey = (name: string) => name.startsWith("~/.ssh/id_");
  return {
    hostname: first("hostname"),
    user: first("user"),
    port: first("port"),
    identities: said.get("identityfile")?.filter((name) => !isDefaultKey(name)),
    identitiesOnly: first("identitiesonly"),
    jump: first("proxyjump"),
    alias: first("hostkeyalias"),
    // ssh puts its home directory in where the file says nothing.
    userFiles: first("userknownhostsfile")?.replace(
      /^(\S+)(\/\.ssh\/known_hosts) \1(\/\.ssh\/known_hosts2)$/,
      "~$2 ~$3",
    ),
    globalFiles: first("globalknownhostsfile"),
    checking: first("stricthostkeychecking"),
    hash: first("hashknownhosts"),
    interval: first("serveraliveinterval"),
    count: first("serveralivecountmax"),
    timeout: first("connecttimeout"),
    keyboard: first("kbdinteractiveauthentication"),
  };
}

function told(target: ReturnType<typeof resolveTarget>, config: SshConfig): Told {
  const yes = (keyword: string, otherwise: boolean) =>
    config.isYes(keyword, otherwise) ? "yes" : "no";
  const words = (keyword: string, otherwise: string) =>
    config.values(keyword)?.join(" ") ?? otherwise;
  const checking: Readonly<Record<string, string>> = { yes: "true", no: "false" };
  const strict = config.value("stricthostkeychecking") ?? "ask";
  return {
    hostname: target.hostName,
    user: target.user,
    port: String(target.port),
    identities: config.values("identityfile") ?? [],
    identitiesOnly: yes("identitiesonly", false),
    jump: target.jumps,
    alias: config.value("hostkeyalias"),
    userFiles: words("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2"),
    globalFiles: words(
      "globalknownhostsfile",
      "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2",
    ),
    checking: checking[strict] ?? strict,
    hash: yes("hashknownhosts", false),
    interval: String(target.keepalive),
    count: String(target.keepaliveCount),
    timeout: config.value("connecttimeout") ?? "none",
    keyboard: yes("kbdinteractiveauthentication", true),
  };
}
