import { compareScripts } from "./compare.ts";
import { differences } from "./differences.ts";
import { needsOracle } from "./oracle.ts";

Deno.test({
  name: "the jail answers every script as OpenSSH's server does",
  ...needsOracle(),
  fn: (t) => compareScripts(t, { options: [], differences }),
});
