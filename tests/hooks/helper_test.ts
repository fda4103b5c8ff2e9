import { assert, assertEquals } from "@std/assert";
import { MAX_STDERR_BYTES } from "../../lib/hooks/messages.ts";
import { isAlive, startHelper, withScripts } from "../support/hooks.ts";
import { until } from "../support/run.ts";

const EVENT = "before-delete";
const LATE = { failure: "it took too long, and was killed", stderr: "" };

Deno.test("a command reads its document, and its status and standard error come back", async () => {
  await withScripts(async ({ script, directory }) => {
    const path = await script("hook", `cat >${directory}/told; echo "$1 $2" >&2; exit 3`);
    await using helper = startHelper([[EVENT, path, "one", "$HOME;x"]]);
    const document = '{"path":"/a \\n \\"b\\""}\n';
    assertEquals(await helper.runner.decide(EVENT, document), {
      status: 3,
      stderr: "one $HOME;x\n",
    });
    assertEquals(await Deno.readTextFile(`${directory}/told`), document);
  });
});

Deno.test("a command starts at /, and its environment has nothing that a client can set", async () => {
  await withScripts(async ({ script }) => {
    const path = await script("hook", "pwd >&2; env | cut -d= -f1 | sort >&2; exit 1");
    await using helper = startHelper([[EVENT, path]]);
    const { stderr } = await helper.runner.decide(EVENT, "");
    const [place, ...names] = stderr.trim().split("\n");
    assertEquals(place, "/");
    const known = ["HOME", "LOGNAME", "PATH", "TZ", "USER"];
    const ofShell = ["OLDPWD", "PWD", "SHLVL", "_"];
    assertEquals(names.filter((name) => ![...known, ...ofShell].includes(name)), []);
  });
});

Deno.test("a command that hangs is killed, with its children and those that left its group", async () => {
  await withScripts(async ({ script, told, directory }) => {
    const path = await script(
      "hook",
      `trap '' TERM INT HUP\nsleep 1000 & echo $! >>${directory}/told\n` +
        `setsid sleep 1000 & echo $! >>${directory}/told\nsleep 1000`,
    );
    await using helper = startHelper([[EVENT, path]], { timeout: 1000 });
    assertEquals(await helper.runner.decide(EVENT, ""), LATE);
    const pids = (await told()).trim().split("\n").map(Number);
    assertEquals(pids.length, 2);
    for (const pid of pids) await until(async () => !await isAlive(pid), { what: `end of ${pid}` });
  });
});

Deno.test("a command that floods its streams is read, and 4 KiB of it are kept", async () => {
  await withScripts(async ({ script }) => {
    const path = await script("hook", "yes out | head -c 3000000; yes err | head -c 3000000 >&2");
    await using helper = startHelper([[EVENT, path]]);
    const { status, stderr } = await helper.runner.decide(EVENT, "");
    assertEquals(status, 0);
    assertEquals(stderr, "err\n".repeat(MAX_STDERR_BYTES / 4));
  });
});

Deno.test("a command that closes its streams and reads nothing counts by its status", async () => {
  await withScripts(async ({ script }) => {
    const path = await script("hook", "exec <&- >&- 2>&-; sleep 0.1; exit 5");
    await using helper = startHelper([[EVENT, path]]);
    const long = `"${"x".repeat(300_000)}"`;
    assertEquals(await helper.runner.decide(EVENT, long), { status: 5, stderr: "" });
  });
});

Deno.test("what a command leaves in the background is not waited for", async () => {
  await withScripts(async ({ script, told, directory }) => {
    const path = await script("hook", `sleep 1000 & echo $! >${directory}/told; exit 0`);
    await using helper = startHelper([[EVENT, path]]);
    assertEquals((await helper.runner.decide(EVENT, "")).status, 0);
    const pid = Number(await told());
    assert(await isAlive(pid));
    Deno.kill(pid, "SIGKILL");
  });
});

Deno.test("a command that is missing, may not be run, or dies has no status", async () => {
  await withScripts(async ({ script, directory }) => {
    const path = await script("hook", "kill -SEGV $$");
    await Deno.writeTextFile(`${directory}/plain`, "", { mode: 0o600 });
    await using helper = startHelper([
      ["before-delete", `${directory}/missing`],
      ["before-rename", `${directory}/plain`],
      ["before-mkdir", path],
      ["before-rmdir", directory],
    ]);
    const { runner } = helper;
    const failed = async (event: Parameters<typeof runner.decide>[0]) =>
      (await runner.decide(event, "")).failure;
    assertEquals(await failed("before-delete"), "it cannot be started: it does not exist");
    assertEquals(await failed("before-rename"), "it cannot be started: it may not be run");
    assertEquals(await failed("before-mkdir"), "it was ended by signal 11");
    assertEquals(await failed("before-rmdir"), "it cannot be started: it may not be run");
  });
});

Deno.test("a command that is replaced while the session lives is the new one from then on", async () => {
  await withScripts(async ({ script }) => {
    const path = await script("hook", "exit 1");
    await using helper = startHelper([[EVENT, path]]);
    assertEquals((await helper.runner.decide(EVENT, "")).status, 1);
    await script("hook", "exit 2");
    assertEquals((await helper.runner.decide(EVENT, "")).status, 2);
  });
});

Deno.test("several commands of an event run until one refuses; other events run beside", async () => {
  await withScripts(async ({ script, told, directory }) => {
    const said = await script("hook", `echo "$1" >>${directory}/told; exit "$1"`);
    const slow = await script("slow", `while [ ! -e ${directory}/go ]; do sleep 0.01; done`);
    await using helper = startHelper([
      [EVENT, said, "0"],
      [EVENT, said, "4"],
      [EVENT, said, "5"],
      ["before-rename", slow],
    ]);
    const waiting = helper.runner.decide("before-rename", "");
    assertEquals((await helper.runner.decide(EVENT, "")).status, 4);
    assertEquals(await told(), "0\n4\n");
    await Deno.writeTextFile(`${directory}/go`, "");
    assertEquals((await waiting).status, 0);
  });
});

Deno.test("events are told one after another, in the order in which they happened", async () => {
  await withScripts(async ({ script, told, directory }) => {
    const path = await script("hook", `read n; sleep 0.0$((5 - n)); echo $n >>${directory}/told`);
    {
      await using helper = startHelper([["mkdir", path], ["delete", path]]);
      for (const n of [1, 2, 3, 4]) {
        helper.runner.tell(n % 2 ? "mkdir" : "delete", `${n}\n`, () => {});
      }
    }
    assertEquals(await told(), "1\n2\n3\n4\n");
  });
});

Deno.test("when the session is gone, what decides is killed, and what tells is still told", async () => {
  await withScripts(async ({ script, told, directory }) => {
    const decides = await script("decides", `echo $$ >${directory}/pid; exec sleep 1000`);
    const tells = await script("tells", `read n; sleep 0.05; echo $n >>${directory}/told`);
    const helper = startHelper([[EVENT, decides], ["delete", tells]]);
    for (const n of [1, 2]) helper.runner.tell("delete", `${n}\n`, () => {});
    const waiting = helper.runner.decide(EVENT, "");
    await until(async () => (await told("pid")) !== "", { what: "the command runs" });
    // As when the session is killed.
    helper.hangUp();
    assertEquals((await waiting).status, undefined);
    await helper.process.status;
    assertEquals(await told(), "1\n2\n");
    assert(!await isAlive(Number(await told("pid"))));
  });
});

Deno.test("a helper that dies fails whatever is asked", async () => {
  await withScripts(async ({ script }) => {
    const path = await script("hook", "exec sleep 1000");
    await using helper = startHelper([[EVENT, path]], { timeout: 2000 });
    const waiting = helper.runner.decide(EVENT, "");
    helper.process.kill("SIGKILL");
    const dead = { failure: "the helper process has ended", stderr: "" };
    assertEquals(await waiting, dead);
    assertEquals(await helper.runner.decide(EVENT, ""), dead);
  });
});
