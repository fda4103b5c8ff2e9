/**
 * Sessions under policies in a short form: the requests, and the codes of the replies.
 *
 * @module
 */

import { type AccessPolicy, applyPolicies } from "../../lib/policy/access.ts";
import type { Storage } from "../../lib/storage/storage.ts";
import { ask, Code, Flag, type Request } from "../support/raw.ts";
import { Dialogue } from "../support/wire_session.ts";

/** Flags of an upload, as most clients send them. */
export const UPLOAD = Flag.WRITE | Flag.CREAT | Flag.TRUNC;

const NAMES = new Map(Object.entries(Code).map(([name, code]) => [code as number, name]));

/** A client of a storage under policies. */
export class Limited {
  readonly dialogue: Dialogue;

  constructor(storage: Storage, ...policies: readonly AccessPolicy[]) {
    const limited = applyPolicies(storage, policies);
    this.dialogue = new Dialogue(limited.storage, { policy: limited.policy });
  }

  /** The name of the status that answers a request; `OK` if the reply is another packet. */
  async code(request: Request): Promise<string> {
    const reply = await this.dialogue.ask(request);
    return reply.kind === "status" ? NAMES.get(reply.code) ?? String(reply.code) : "OK";
  }

  /** The text of the status that answers a request. */
  async message(request: Request): Promise<string> {
    const reply = await this.dialogue.ask(request);
    return reply.kind === "status" ? reply.message : "";
  }

  /** As {@linkcode Limited.code}, for several requests in turn. */
  async codes(...requests: readonly Request[]): Promise<string[]> {
    const codes: string[] = [];
    for (const request of requests) codes.push(await this.code(request));
    return codes;
  }

  /** A handle of what a request opens. */
  handle(request: Request): Promise<Uint8Array> {
    return this.dialogue.handle(request);
  }

  /** Makes a file as clients do, and closes it. */
  async upload(path: string, content: string, flags: number = UPLOAD): Promise<void> {
    const handle = await this.handle(ask.open(path, flags));
    const codes = await this.codes(ask.write(handle, 0, content), ask.close(handle));
    if (codes.some((code) => code !== "OK")) throw new Error(`Upload: ${codes}`);
  }

  /** The names in a listing, sorted, without `.` and `..`. */
  async names(directory: string): Promise<string[]> {
    const handle = await this.handle(ask.opendir(directory));
    const names: string[] = [];
    for (;;) {
      const reply = await this.dialogue.ask(ask.readdir(handle));
      if (reply.kind !== "name") break;
      names.push(...reply.names.map(({ filename }) => filename));
    }
    return names.filter((name) => name !== "." && name !== "..").sort();
  }
}

/** A file that exists before the session. */
export async function put(storage: Storage, path: string, content = "content"): Promise<void> {
  await new Limited(storage).upload(path, content);
}
