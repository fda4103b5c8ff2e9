import { Buffer } from "node:buffer";
import type { Attempt, KeyTools } from "./login_attempts.ts";
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

/** A key; if it is in an agent, also an agent that signs only with this key. */
export interface Ssh2Key {
  readonly type: string;
  readonly parsed: ParsedKey;
  readonly agent: BaseAgent | undefined;
  getPublicSSH(): Uint8Array;
  isPrivateKey(): boolean;
}

/** What ssh2 can do with keys. */
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
 * An attempt in the form that ssh2 takes.
 *
 * @param asked Called with each question that has no answer.
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

/** Only the first hidden question gets the password: the next one may be for another secret. */
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

/** The same key, in the form that Deno's cryptography can sign with. */
function strict(parseKey: ParseKey, key: ParsedKey): ParsedKey {
  const pem = key.isPrivateKey() ? key.getPrivatePEM() : null;
  if (pem === null) return key;
  const again = parsedKey(parseKey, Buffer.from(strictPem(pem)), undefined);
  return again instanceof Error || !("type" in again) ? key : again;
}

/** The key of a file; as in ssh, one that is not encrypted opens with any passphrase. */
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

/** The key parsed by ssh2, which throws if Deno's cryptography does not know the curve. */
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

/** An agent with only one key of another agent, so that each key is a separate attempt. */
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
