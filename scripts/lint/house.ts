/**
 * The house's own rules for `deno lint`: what only one room may name.
 *
 * `scripts/check_layers.ts` says which file may import which. Deno's own rule `no-console` keeps
 * everything off the console.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;

/** Rooms that work on every runtime and do no I/O of their own. */
const WITHOUT_DENO = [
  "lib/attrs.ts",
  "lib/message_of.ts",
  "lib/names.ts",
  "lib/async/",
  "lib/wire/",
  "lib/session/",
  "lib/client/",
  "lib/linux/errno.ts",
  "lib/storage/memory/",
  ...["storage", "entries", "errors", "errno", "path", "read_only", "to_write", "walk"]
    .map((name) => `lib/storage/${name}.ts`),
];

/** The only room that calls the system's libraries. */
const FFI_ROOM = ["lib/linux/"];

/** Rooms that may write to stdout, which is the wire. */
const STDOUT_ROOMS = ["lib/serve/", "lib/transport/"];

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    "literal-import": {
      create: (context) => ({
        ImportExpression(node) {
          if (node.source.type === "Literal") return;
          report(context, node, "import() takes a literal: `deno compile` follows nothing else");
        },
      }),
    },
    "no-deno": {
      create: (context) => ({
        "Identifier[name='Deno']"(node: Deno.lint.Identifier) {
          if (!isIn(context, WITHOUT_DENO)) return;
          report(context, node, "This room is the same on every runtime: no Deno here");
        },
      }),
    },
    "ffi-room": {
      create: (context) => ({
        "Identifier[name='dlopen']"(node: Deno.lint.Identifier) {
          if (!isOfProgram(context) || isIn(context, FFI_ROOM)) return;
          report(context, node, "Only lib/linux/ calls the system's libraries");
        },
      }),
    },
    "stdout-is-the-wire": {
      create: (context) => ({
        "MemberExpression[property.name='stdout']"(node: Deno.lint.MemberExpression) {
          if (!isOfProgram(context) || isIn(context, STDOUT_ROOMS)) return;
          const { object } = node;
          if (object.type !== "Identifier" || !["Deno", "process"].includes(object.name)) return;
          const message = "stdout is the wire: only lib/serve/ and lib/transport/ write there";
          report(context, node, message);
        },
      }),
    },
  },
};

export default plugin;

function isIn({ filename }: Deno.lint.RuleContext, rooms: readonly string[]): boolean {
  return rooms.some((room) =>
    room.endsWith("/") ? filename.startsWith(ROOT + room) : filename === ROOT + room
  );
}

/** Tests and scripts are not bound by these rules. */
function isOfProgram(context: Deno.lint.RuleContext): boolean {
  return isIn(context, ["lib/", "main.ts"]);
}

function report(context: Deno.lint.RuleContext, node: Deno.lint.Node, message: string): void {
  context.report({ node, message });
}
