import { assert } from "@std/assert";
import { compilePump } from "../../../scripts/bench/proxy.ts";
import { needsCompile } from "../../support/binaries.ts";
import { withTempDir } from "../../support/files.ts";

Deno.test(
  "the pump that the proxy is compared with is compiled to where it is started",
  needsCompile(),
  () => withTempDir(async (build) => assert((await Deno.stat(await compilePump(build))).isFile)),
);
