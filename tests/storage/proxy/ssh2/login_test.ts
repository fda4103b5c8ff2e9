import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { ConnectOptions } from "../../../../lib/storage/proxy/connection_options.ts";
import { needsPython, pythonWith } from "../../../clients/python.ts";
import { withTempDir } from "../../../support/files.ts";
import { makeKey } from "../../../support/sshd_trust.ts";
import { greet, refusal } from "../support/connecting.ts";
import { ciphersMayStay } from "../support/old_deno.ts";
import { recorded } from "../support/options.ts";

/** What the server asks for behind the key; see `second_factor_server.py`. */
type Factor = "push" | "enter" | "code";

async function withSecondFactor(
  factor: Factor,
  use: (options: ConnectOptions, log: readonly string[]) => Promise<void>,
): Promise<void> {
  await withTempDir(async (directory) => {
    const [hostKey, clientKey] = [`${directory}/host_key`, `${directory}/client_key`];
    await makeKey(hostKey, "ecdsa");
    await makeKey(clientKey, "ed25519");
    const script = fileURLToPath(
      new URL("../../../support/second_factor_server.py", import.meta.url),
    );
    const process = new Deno.Command(pythonWith("paramiko") ?? "python3", {
      args: ["-W", "ignore", script, hostKey, factor],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const output = process.stdout.getReader();
    try {
      const port = Number(new TextDecoder().decode((await output.read()).value));
      const { options, log } = recorded({
        host: "127.0.0.1",
        port,
        user: "alice",
        keys: [clientKey],
        verifyHost: "off",
      });
      await use(options, log);
    } finally {
      process.kill("SIGKILL");
      await output.cancel();
      await process.status;
    }
  });
}

for (const factor of ["push", "enter"] satisfies Factor[]) {
  Deno.test({
    name: `a key and then keyboard-interactive that wants no secret log in (${factor})`,
    ...needsPython("paramiko"),
    ...ciphersMayStay,
    fn: () =>
      withSecondFactor(factor, async (options, log) => {
        await greet(options);
        assertStringIncludes(log.at(-1) ?? "", "by keyboard-interactive");
      }),
  });
}

Deno.test({
  name: "a refusal says that the key was right, and what had no answer",
  ...needsPython("paramiko"),
  ...ciphersMayStay,
  fn: () =>
    withSecondFactor("code", async (options) => {
      const { message } = await refusal(options);
      assertStringIncludes(
        message,
        "client_key (ssh-ed25519) is right, and the server wants more;",
      );
      assertStringIncludes(message, 'refused: keyboard-interactive (no answer to "Code :")');
      const given = await refusal({ ...options, password: "wrong" });
      assertStringIncludes(given.message, "refused: keyboard-interactive;");
      await withTempDir(async (directory) => {
        const sshConfig = `${directory}/config`;
        await Deno.writeTextFile(sshConfig, "KbdInteractiveAuthentication no\n");
        const without = await refusal({ ...options, sshConfig });
        assertStringIncludes(without.message, "is right, and the server wants more;");
        assertStringIncludes(without.message, "there is nothing to go on with;");
        assertEquals(without.message.includes("refused"), false);
      });
    }),
});
