import { compareScripts } from "../differential/compare.ts";
import { type Difference, differences } from "../differential/differences.ts";
import { needsOracle } from "../differential/oracle.ts";

/** Where atomic uploads differ from a server that writes in place. */
const OF_DRAFTS: readonly Difference[] = [
  {
    name: "a file that is written has times of its own, and so has its directory",
    reason: "a draft is a new file, which changes the directory",
    theirs: /times (1000000000|now) |mtime 1000000000/,
    ours: /times now now|mtime now/,
  },
  {
    name: "a handle that was opened before reads the old content, and a further name keeps it",
    reason: "a new version replaces one name",
    where: /^two handles of one file see each other's writes$/,
  },
  {
    name: "the closing slash of a link that leads to nothing is lost",
    reason: "it is followed by its path",
    where: /^OPEN of to-nothing-as-directory/,
  },
  {
    name: "a failed copy keeps the target from being published",
    reason: "the content is not what the client meant",
    where: /^copy-data where it cannot be$/,
  },
];

Deno.test({
  name: "the jail with --atomic-uploads answers every script as OpenSSH's server does",
  ...needsOracle(),
  fn: (t) =>
    compareScripts(t, {
      options: ["--atomic-uploads"],
      differences: [...differences, ...OF_DRAFTS],
    }),
});
