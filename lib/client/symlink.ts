/**
 * SYMLINK, of whose two paths some servers take the link first, as the draft has it, and some the
 * target, as OpenSSH does; asyncssh's decides by the client's name. The server is asked, once.
 *
 * @module
 */

import { StatusCode } from "../wire/constants.ts";
import * as calls from "./calls.ts";
import type { Connection } from "./connection.ts";
import { SftpStatusError } from "./errors.ts";

/** Which of SYMLINK's two paths comes first. */
type Order = "target first" | "link first";

interface Link {
  /** Its text. */
  readonly target: string;
  readonly link: string;
}

/** Makes links on one server, each under its own name, whatever the server takes first. */
export class LinkMaker {
  readonly #connection: Connection;
  #order: Order | undefined;

  /** @param connection Asked with the first link. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Makes a link.
   *
   * @throws {SftpStatusError} If the server refuses.
   */
  async make({ target, link }: Link): Promise<void> {
    this.#order ??= await this.#asked(parentOf(link));
    if (this.#order === "link first") {
      await this.#send(link, target);
      return;
    }
    await this.#send(target, link);
    if (this.#order === undefined) await this.#require({ target, link });
  }

  /**
   * Asks for two links that no server can make: one of them under the name of a directory that is
   * there, the other in one that is not. By which of them finds nothing there it tells what it
   * takes first; undefined where it tells the same of both.
   */
  async #asked(directory: string): Promise<Order | undefined> {
    const name = `${directory === "/" ? "" : directory}/.sftpwrap-${crypto.randomUUID()}/link`;
    const [targetFirst, linkFirst] = await Promise.all([
      this.#code(directory, name),
      this.#code(name, directory),
    ]);
    const isMade = targetFirst === StatusCode.OK || linkFirst === StatusCode.OK;
    // There are servers that make the folders above what they make.
    if (isMade) await refusedOr(this.#connection.request(calls.REMOVE, { path: name }));
    const finds = (code: number) => code === StatusCode.OK || code === StatusCode.NO_SUCH_FILE;
    if (finds(targetFirst) === finds(linkFirst)) return undefined;
    return finds(targetFirst) ? "target first" : "link first";
  }

  async #code(first: string, second: string): Promise<number> {
    return await refusedOr(this.#send(first, second)) ?? StatusCode.OK;
  }

  #send(first: string, second: string): Promise<void> {
    return this.#connection.request(calls.SYMLINK, { target: first, link: second });
  }

  /** Where the server has not told its order, the link must be where it belongs. */
  async #require({ target, link }: Link): Promise<void> {
    if (await this.#textOf(link) !== undefined) return;
    if (await this.#textOf(target) === link) {
      await refusedOr(this.#connection.request(calls.REMOVE, { path: target }));
    }
    const text = "the server made the link under another name";
    throw new SftpStatusError(StatusCode.FAILURE, text, `SYMLINK ${link}`);
  }

  /** The text of a link; undefined where there is none. */
  async #textOf(path: string): Promise<string | undefined> {
    try {
      return await this.#connection.request(calls.READLINK, { path });
    } catch (error) {
      if (error instanceof SftpStatusError && error.code === StatusCode.NO_SUCH_FILE) {
        return undefined;
      }
      throw error;
    }
  }
}

/** The code with which a request is refused; undefined where it is not. */
async function refusedOr(request: Promise<void>): Promise<number | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (error instanceof SftpStatusError) return error.code;
    throw error;
  }
}

/** The directory of a name; a relative one is in the session's. */
function parentOf(path: string): string {
  const plain = path.replace(/\/+$/, "");
  const slash = plain.lastIndexOf("/");
  return slash === -1 ? "." : slash === 0 ? "/" : plain.slice(0, slash);
}
