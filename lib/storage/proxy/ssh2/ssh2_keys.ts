import { Buffer } from "node:buffer";
import type { Attempt, KeyTools } from "./authentication.ts";
import { strictPem } from "./private_pem.ts";
import type {
  Agents,
  Authentication,
  BaseAgent,
  Callback,
  ParsedKey,
  ParseKey,
  Ssh2,
} from "./ssh2.d.ts";

/** A key, and an agent that signs by it and no other, where it is one of an agent's. */
export interface Ssh2Key {
  readonly type: string;
  readonly parsed: ParsedKey;
  readonly agent: BaseAgent | undefined;
  getPublicSSH(): Uint8Array;
  isPrivateKey(): boolean;
}

/** What ssh2 does with keys. */
export function keyTools({ parseKey, loadAgents }: Ssh2): KeyTools<Ssh2Key> {
  return {
    parse(bytes, passphrase) {
      const parsed = opened(parseKey, bytes, passphrase);
      if (parsed instanceof Error) return parsed;
      const key = "type" in parsed ? parsed : parsed[0];
      return key === undefined ? new Error("No key") : wrap(strict(parseKey, key), undefined);
    },
    async agentKeys(socket) {
      const agents = await loadAgents();
      const agent = new agents.OpenSSHAgent(socket);
      return await new Promise((resolve, reject) => {
        agent.getIdentities((error, keys) => {
          if (error) reject(error);
          else resolve(keys.map((key) => wrap(key, agentOfOne(agents, { agent, key }))));
        });
      });
    },
  };
}

/**
 * An attempt as ssh2 wants it.
 *
 * @param asked Told each question to which there is no answer.
 */
export function authentication(
  attempt: Attempt<Ssh2Key> | "none",
  user: string,
  asked: (question: string) => void,
): Authentication {
  if (attempt === "none") return { type: "none", username: user };
  switch (attempt.method) {
    case "publickey": {
      const { parsed, agent } = attempt.candidate.key;
      if (agent === undefined) return { type: "publickey", username: user, key: parsed };
      return { type: "agent", username: user, agent };
    }
    case "password":
      return { type: "password", username: user, password: attempt.password };
    case "keyboard-interactive":
      return {
        type: "keyboard-interactive",
        username: user,
        prompt: answerOnce(attempt.password, asked),
      };
  }
}

type Prompt = Extract<Authentication, { type: "keyboard-interactive" }>["prompt"];

/** The password goes to the first hidden question alone: the next one may be for another secret. */
function answerOnce(password: string | undefined, asked: (question: string) => void): Prompt {
  let isTold = false;
  return (_name, _instructions, _language, prompts, finish) => {
    finish(prompts.map(({ prompt, echo }) => {
      if (password === undefined || echo === true || isTold) {
        asked(prompt);
        return "";
      }
      isTold = true;
      return password;
    }));
  };
}

/** The same key, as Deno's cryptography can sign with it. */
function strict(parseKey: ParseKey, key: ParsedKey): ParsedKey {
  const pem = key.isPrivateKey() ? key.getPrivatePEM() : null;
  if (pem === null) return key;
  const again = parsedKey(parseKey, Buffer.from(strictPem(pem)), undefined);
  return again instanceof Error || !("type" in again) ? key : again;
}

/** A key of a file; one that is not encrypted is opened by every passphrase, as by ssh. */
function opened(
  parseKey: ParseKey,
  bytes: Uint8Array,
  passphrase: string | undefined,
): ReturnType<ParseKey> {
  const parsed = parsedKey(parseKey, bytes, passphrase);
  if (!(parsed instanceof Error) || passphrase === undefined) return parsed;
  const plain = parsedKey(parseKey, bytes, undefined);
  return plain instanceof Error ? parsed : plain;
}

/** What ssh2 makes of a key, which throws where Deno's cryptography does not know the curve. */
function parsedKey(
  parseKey: ParseKey,
  bytes: Uint8Array,
  passphrase: string | undefined,
): ReturnType<ParseKey> {
  try {
    return parseKey(Buffer.from(bytes), passphrase);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

function wrap(parsed: ParsedKey, agent: BaseAgent | undefined): Ssh2Key {
  return {
    type: parsed.type,
    parsed,
    agent,
    getPublicSSH: () => parsed.getPublicSSH(),
    isPrivateKey: () => parsed.isPrivateKey(),
  };
}

/** An agent with one of the keys of another: so each key is an attempt of its own. */
function agentOfOne(
  { BaseAgent }: Agents,
  { agent, key }: { readonly agent: BaseAgent; readonly key: ParsedKey },
): BaseAgent {
  class AgentOfOne extends BaseAgent {
    override getIdentities(callback: Callback<readonly ParsedKey[]>): void {
      callback(null, [key]);
    }

    override sign(...args: Parameters<BaseAgent["sign"]>): void {
      agent.sign(...args);
    }
  }
  return new AgentOfOne();
}
