import { assert, assertEquals } from "@std/assert";
import { opensshLines } from "../../lib/audit/openssh_lines.ts";
import { requestPolicy, type RequestRules } from "../../lib/policy/requests.ts";
import { type RequestName, requestNames } from "../../lib/session/request_names.ts";
import { MemoryStorage } from "../../lib/storage/memory/memory.ts";
import { ask, Code, type Reply, type Request } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

/** An open file, an open directory and a second open file. */
type Open = readonly [file: Uint8Array, directory: Uint8Array, other: Uint8Array];

/** A request of each name, that is served where it is allowed. */
const samples: Readonly<Record<string, (open: Open) => Request>> = {
  "open": () => ask.open("/file", 1),
  "close": ([, , other]) => ask.close(other),
  "read": ([file]) => ask.read(file, 0, 10),
  "write": ([file]) => ask.write(file, 0, "x"),
  "lstat": () => ask.lstat("/file"),
  "fstat": ([file]) => ask.fstat(file),
  "setstat": () => ask.setstat("/file", { permissions: 0o600 }),
  "fsetstat": ([file]) => ask.fsetstat(file, { permissions: 0o600 }),
  "opendir": () => ask.opendir("/"),
  "readdir": ([, directory]) => ask.readdir(directory),
  "remove": () => ask.remove("/to-remove"),
  "mkdir": () => ask.mkdir("/made"),
  "rmdir": () => ask.rmdir("/to-rmdir"),
  "realpath": () => ask.realpath("."),
  "stat": () => ask.stat("/file"),
  "rename": () => ask.rename("/to-rename", "/renamed"),
  "readlink": () => ask.readlink("/link"),
  "symlink": () => ask.symlink("file", "/new-link"),
  "posix-rename": () => ask.posixRename("/to-replace", "/replaced"),
  "statvfs": () => ask.statvfs("/"),
  "fstatvfs": ([file]) => ask.fstatvfs(file),
  "hardlink": () => ask.hardlink("/file", "/second"),
  "fsync": ([file]) => ask.fsync(file),
  "lsetstat": () => ask.lsetstat("/link", { uid: 1, gid: 1 }),
  "limits": () => ask.limits(),
  "expand-path": () => ask.expandPath("~"),
  "copy-data": ([file, , other]) => ask.copyData(file, 0, 1, other, 0),
  "home-directory": () => ask.homeDirectory(""),
  "users-groups-by-id": () => ask.usersGroupsById([0], [0]),
  "check-file-handle": ([file]) => ask.checkFileHandle(file, "md5"),
  "check-file-name": () => ask.checkFileName("/file", "md5"),
  "check-file": ([file]) => ask.checkFileHandle(file, "md5", { name: "check-file" }),
};

const changing = [
  "write",
  "setstat",
  "fsetstat",
  "remove",
  "mkdir",
  "rmdir",
  "rename",
  "symlink",
  "posix-rename",
  "hardlink",
  "fsync",
  "lsetstat",
  "copy-data",
];

const coreNames = Object.keys(samples).slice(0, 18);

async function fixture(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const maker = new Dialogue(storage);
  for (const name of ["file", "other", "to-remove", "to-rename", "to-replace", "replaced"]) {
    const handle = await maker.handle(ask.open(`/${name}`, 2 | 8));
    await maker.ask(ask.write(handle, 0, "content"));
  }
  await maker.ask(ask.mkdir("/to-rmdir"));
  await maker.ask(ask.symlink("file", "/link"));
  return storage;
}

/** What each request is answered under the rules; what is opened is opened before they hold. */
async function answersUnder(rules: RequestRules): Promise<Map<string, Reply>> {
  const storage = await fixture();
  const { requests: policy } = requestPolicy(rules);
  let inForce = false;
  const dialogue = new Dialogue(storage, {
    policy: (kind, request) => inForce ? policy?.(kind, request) : undefined,
  });
  const open: Open = [
    await dialogue.handle(ask.open("/file", 1 | 2)),
    await dialogue.handle(ask.opendir("/")),
    await dialogue.handle(ask.open("/other", 1 | 2)),
  ];
  inForce = true;
  const answers = new Map<string, Reply>();
  // CLOSE takes a handle that others need.
  const names = [...Object.keys(samples).filter((name) => name !== "close"), "close"];
  for (const name of names) answers.set(name, await dialogue.ask(samples[name]!(open)));
  await dialogue.end();
  return answers;
}

function refused(answers: ReadonlyMap<string, Reply>): string[] {
  return [...answers].filter(([, reply]) =>
    reply.kind === "status" && reply.code === Code.PERMISSION_DENIED
  ).map(([name]) => name).sort();
}

/** The names of the extensions that are advertised, without their domain. */
function advertised(rules: RequestRules): string[] {
  const { version } = new Dialogue(new MemoryStorage(), { policy: requestPolicy(rules).requests });
  assert(version.kind === "version");
  return version.extensions.map(([name]) => name.replace(/@.*/, "")).sort();
}

Deno.test("every request has a sample here, by its name in -Q", () => {
  assertEquals(Object.keys(samples), [...requestNames]);
});

Deno.test("without rules everything is served and advertised", async () => {
  const answers = await answersUnder({ readOnly: false });
  for (const [name, reply] of answers) {
    assert(reply.kind !== "status" || reply.code === Code.OK, `${name}: ${Deno.inspect(reply)}`);
  }
  assertEquals(advertised({ readOnly: false }), Object.keys(samples).slice(18).sort());
});

Deno.test("read-only refuses what changes anything, and nothing else", async () => {
  assertEquals(refused(await answersUnder({ readOnly: true })), [...changing].sort());
});

Deno.test("read-only advertises no extension that changes anything", () => {
  assertEquals(
    advertised({ readOnly: true }),
    Object.keys(samples).slice(18).filter((name) => !changing.includes(name)).sort(),
  );
});

Deno.test("read-only refuses an OPEN that writes, creates or truncates", async () => {
  const storage = await fixture();
  const dialogue = new Dialogue(storage, { policy: requestPolicy({ readOnly: true }).requests });
  for (let pflags = 0; pflags < 64; pflags++) {
    for (const path of ["/file", "/missing", "/link"]) {
      const reply = await dialogue.ask(ask.open(path, pflags));
      const denied = reply.kind === "status" && reply.code === Code.PERMISSION_DENIED;
      assertEquals(denied, (pflags & (2 | 8 | 16)) !== 0, `${path} with pflags ${pflags}`);
    }
  }
  assertEquals(storage.stat("/file").size, 7);
  await dialogue.end();
});

Deno.test("read-only leaves a file that was opened with APPEND alone as it is", async () => {
  const storage = await fixture();
  const dialogue = new Dialogue(storage, { policy: requestPolicy({ readOnly: true }).requests });
  const handle = await dialogue.handle(ask.open("/file", 1 | 4));
  const reply = await dialogue.ask(ask.write(handle, 0, "x"));
  assert(reply.kind === "status" && reply.code === Code.PERMISSION_DENIED);
  assertEquals(storage.stat("/file").size, 7);
  await dialogue.end();
});

const SUMS = ["check-file", "check-file-handle", "check-file-name"];

/** What each name of `-Q requests` refuses when it is denied, besides itself. */
const ALSO_DENIED: Readonly<Record<RequestName, readonly string[]>> = {
  open: ["check-file-name"],
  close: [],
  read: [...SUMS, "copy-data"],
  write: ["copy-data"],
  lstat: [],
  fstat: [],
  setstat: ["fsetstat", "lsetstat"],
  fsetstat: ["lsetstat", "setstat"],
  opendir: [],
  readdir: [],
  remove: [],
  mkdir: [],
  rmdir: [],
  realpath: ["expand-path"],
  stat: [],
  rename: ["posix-rename"],
  readlink: [],
  symlink: [],
  "posix-rename": [],
  statvfs: ["fstatvfs"],
  fstatvfs: ["statvfs"],
  hardlink: [],
  fsync: [],
  lsetstat: [],
  limits: [],
  "expand-path": [],
  "copy-data": [],
  "home-directory": [],
  "users-groups-by-id": [],
  "check-file-handle": SUMS,
  "check-file-name": SUMS,
  "check-file": SUMS,
};

Deno.test("a denied request is refused with every other way to the same, and no other", async () => {
  for (const name of requestNames) {
    const expected = [...new Set([name, ...ALSO_DENIED[name]])].sort();
    assertEquals(refused(await answersUnder({ readOnly: false, deny: [name] })), expected);
    // To name another way among those that are allowed does not open it.
    const allow = [...requestNames];
    assertEquals(refused(await answersUnder({ readOnly: false, deny: [name], allow })), expected);
  }
});

Deno.test("an extension that is denied, by whatever name, is not advertised, and all others are", () => {
  const all = requestNames.slice(18);
  for (const name of requestNames) {
    const denied: readonly string[] = [name, ...ALSO_DENIED[name]];
    const left = all.filter((other) => !denied.includes(other)).sort();
    assertEquals(advertised({ readOnly: false, deny: [name] }), left);
  }
});

Deno.test("the log tells for the sake of which name a request is refused", () => {
  const { requests } = requestPolicy({ deny: ["read", "check-file"] });
  const told = (name: string) => requests!({ name, mutates: false }, {});
  assertEquals(told("read"), "Refusing denylisted read request");
  assertEquals(told("check-file"), "Refusing denylisted check-file request");
  assertEquals(told("copy-data"), "Refusing denylisted copy-data request, another way to read");
  assertEquals(told("stat"), undefined);
});

Deno.test("what is not on the list of allowed requests is refused", async () => {
  const allow = ["open", "read", "close", "stat", "limits"];
  const expected = Object.keys(samples).filter((name) => !allow.includes(name)).sort();
  assertEquals(refused(await answersUnder({ readOnly: false, allow })), expected);
  assertEquals(advertised({ readOnly: false, allow }), ["limits"]);
});

Deno.test("an empty list of allowed requests allows none", async () => {
  const answers = await answersUnder({ readOnly: false, allow: [] });
  assertEquals(refused(answers), Object.keys(samples).sort());
});

Deno.test("what nobody serves is unsupported, whatever is allowed", async () => {
  const dialogue = new Dialogue(await fixture(), { policy: requestPolicy({ allow: [] }).requests });
  const reply = await dialogue.ask(ask.extended("no-such@example.com"));
  assert(reply.kind === "status" && reply.code === Code.OP_UNSUPPORTED, Deno.inspect(reply));
  await dialogue.end();
});

Deno.test("to deny goes before to allow, and read-only before both", async () => {
  const rules = { readOnly: true, deny: ["stat"], allow: ["stat", "write", ...coreNames] };
  const answers = refused(await answersUnder(rules));
  assert(answers.includes("stat") && answers.includes("write") && !answers.includes("lstat"));
});

Deno.test("a refusal is told to the log in OpenSSH's words, and to the client in fixed ones", async () => {
  const lines: string[] = [];
  const log = { level: 5, write: (_level: number, line: string) => void lines.push(line) };
  const { requests } = requestPolicy({
    readOnly: true,
    deny: ["stat"],
    allow: ["stat", "remove"],
  });
  const dialogue = new Dialogue(await fixture(), {
    policy: requests,
    observers: [opensshLines(log)],
  });
  for (const request of [ask.remove("/file"), ask.stat("/file"), ask.lstat("/file")]) {
    const reply = await dialogue.ask(request);
    assert(reply.kind === "status");
    assertEquals(reply.message, "Permission denied");
  }
  assertEquals(lines.filter((line) => line.startsWith("Refusing")), [
    "Refusing remove request in read-only mode",
    "Refusing denylisted stat request",
    "Refusing non-allowlisted lstat request",
  ]);
  await dialogue.end();
});
