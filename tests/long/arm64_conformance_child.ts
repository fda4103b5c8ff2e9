/** Runs the conformance suite on the kernel root of a directory, and prints how each test ended. */

import { openLibc } from "../../lib/linux/libc.ts";
import { JailStorage } from "../../lib/storage/local/jail.ts";
import { openKernelRoot } from "../../lib/storage/local/kernel/root.ts";
import { conformance } from "../../lib/testing/mod.ts";
import { printLine } from "../../scripts/support/print.ts";

interface Step {
  readonly name: string;
  readonly ignore?: boolean;
  readonly fn: () => void | Promise<void>;
}

const libc = openLibc();

async function step(step: Step | string, work?: Step["fn"]): Promise<boolean> {
  const { name, ignore = false, fn } = typeof step === "string" ? { name: step, fn: work! } : step;
  if (ignore) {
    printLine(`skipped: ${name}`);
    return false;
  }
  try {
    await fn();
    printLine(`ok: ${name}`);
    return true;
  } catch (error) {
    printLine(`failed: ${name}: ${error instanceof Error ? error.message : error}`);
    return false;
  }
}

printLine(`on ${Deno.build.arch}`);
// The kit uses only the steps of a test's context.
await conformance({ step } as unknown as Deno.TestContext, () => {
  const directory = Deno.makeTempDirSync();
  return {
    storage: new JailStorage(openKernelRoot(directory, libc)),
    tellsReasons: true,
    dispose: () => Deno.removeSync(directory, { recursive: true }),
  };
});
