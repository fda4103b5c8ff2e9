import { assertEquals } from "@std/assert";
import { closeInheritedOnExec, closeOnExec } from "../../../lib/cli/proxy/inherited_descriptors.ts";
import { openLibcIfAllowed } from "../../../lib/linux/libc.ts";
import { run } from "../../support/run.ts";

// Opened once: within a test it would count as left open on Deno 2.6.
openLibcIfAllowed();

/** What a child says of its own descriptors, by number. */
async function inherited(): Promise<number[]> {
  const { stdout } = await run("ls", ["/proc/self/fd"]);
  return stdout.trim().split("\n").map(Number).sort((a, b) => a - b);
}

Deno.test("closeInheritedOnExec() leaves a child its three streams", async () => {
  closeInheritedOnExec();
  // The fourth is the directory that it lists.
  assertEquals(await inherited(), [0, 1, 2, 3]);
});

Deno.test("closeOnExec() goes through the descriptors where the kernel has no range of them", () => {
  const closed: number[] = [];
  const EINVAL = -22;
  closeOnExec({
    setCloseOnExecFrom: () => EINVAL,
    descriptorLimit: () => 6,
    setCloseOnExec: (fd) => closed.push(fd),
  });
  assertEquals(closed, [3, 4, 5]);
});

Deno.test("closeOnExec() looks at no more than 65,536 descriptors one by one", () => {
  for (const limit of [Infinity, -1]) {
    let last = 0;
    closeOnExec({
      setCloseOnExecFrom: () => -22,
      descriptorLimit: () => limit,
      setCloseOnExec: (fd) => last = fd,
    });
    assertEquals(last, 65_535);
  }
});
