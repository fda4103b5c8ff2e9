import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/errors.ts";
import { parseJailOptions } from "../../../lib/cli/jail/options.ts";
import { commandWords } from "../../../lib/cli/options/command_words.ts";

function hooksOf(...args: readonly string[]) {
  const parsed = parseJailOptions([...args, "/srv"]);
  if ("print" in parsed) throw new Error("a list");
  return parsed.hooks;
}

Deno.test("--on splits its command once, and without a shell", () => {
  const words: Record<string, readonly string[] | undefined> = {
    "/bin/scan": ["/bin/scan"],
    "  /bin/scan \t -a  b ": ["/bin/scan", "-a", "b"],
    "/bin/scan 'a b' \"c d\" e' 'f": ["/bin/scan", "a b", "c d", "e f"],
    "/bin/scan '' \"\"": ["/bin/scan", "", ""],
    "/bin/scan a\\ b \\\"c \\'d \\\\e": ["/bin/scan", "a b", '"c', "'d", "\\e"],
    "/bin/scan \"a\\\"b\" 'a\\'b' 'a\\ b' a\\nb": ["/bin/scan", 'a"b', "a'b", "a\\ b", "a\\nb"],
    "/bin/scan $HOME;`id`|x >y *": ["/bin/scan", "$HOME;`id`|x", ">y", "*"],
    "/bin/scan 'a": undefined,
    "": [],
  };
  for (const [command, expected] of Object.entries(words)) {
    assertEquals(commandWords(command), expected, command);
  }
});

Deno.test("--on takes events with their commands, 30 seconds, and refuses what fails", () => {
  assertEquals(hooksOf(), undefined);
  assertEquals(hooksOf("--on", "delete=/bin/a x=y", "--on=before-rename=/bin/b"), {
    commands: [
      { event: "delete", words: ["/bin/a", "x=y"] },
      { event: "before-rename", words: ["/bin/b"] },
    ],
    quarantine: undefined,
    timeout: 30_000,
    onFailure: "refuse",
  });
  const other = hooksOf("--on=mkdir=/bin/a", "--on-timeout=2m", "--on-failure=accept");
  assertEquals([other?.timeout, other?.onFailure], [120_000, "accept"]);
});

Deno.test("--on upload makes uploads atomic, and may have a quarantine", () => {
  const parsed = parseJailOptions(["--on=upload=/bin/a", "--quarantine=/q/%u", "/srv"]);
  assert(!("print" in parsed));
  assertEquals([parsed.uploads.atomic, parsed.hooks?.quarantine], [true, "/q/%u"]);
  const other = parseJailOptions(["--on=uploaded=/bin/a", "/srv"]);
  assert(!("print" in other) && !other.uploads.atomic);
});

Deno.test("--on refuses what is no event, no command, or not an absolute path", () => {
  const wrong = [
    ["--on=/bin/true"],
    ["--on=Delete=/bin/true"],
    ["--on=before-upload=/bin/true"],
    ["--on="],
    ["--on=delete"],
    ["--on=delete="],
    ["--on=delete=true"],
    ["--on=delete=./true"],
    ["--on=delete=/bin/true 'x"],
    ["--on=delete=/bin/true", "--on-timeout=0"],
    ["--on=delete=/bin/true", "--on-timeout=soon"],
    ["--on=delete=/bin/true", "--on-failure=pass"],
    ["--on-timeout=30"],
    ["--on-failure=accept"],
    ["--quarantine=/q"],
    ["--on=delete=/bin/true", "--quarantine=/q"],
  ];
  for (const args of wrong) assertThrows(() => hooksOf(...args), UsageError, "--on", `${args}`);
});
