import { SftpStatusError } from "../../client/errors.ts";
import { StorageError, type StorageErrorCode } from "../errors.ts";

/** The kind of failure for each `SSH_FX_*` code; every other code is a plain failure. */
const CODES: Readonly<Record<number, StorageErrorCode>> = {
  2: "not-found",
  3: "denied",
  5: "invalid",
  8: "unsupported",
};

/** Turns failures of the far side into failures of a storage. */
export class FarErrors {
  readonly #description: string;
  readonly #hidden: string | undefined;

  /**
   * @param description Who is connected where.
   * @param hidden A path of the far side that no text may contain.
   */
  constructor(description: string, hidden?: string) {
    this.#description = description;
    this.#hidden = hidden;
  }

  /** The same, with a path of the far side that no text may contain. */
  hiding(path: string): FarErrors {
    return new FarErrors(this.#description, path);
  }

  /** Throws the failure: with the far side's own status and text, if it has answered. */
  readonly fail = (error: unknown): never => {
    throw this.#translated(error);
  };

  /** Whether the connection is over, so that there is nothing left to close on the far side. */
  isLost(error: unknown): boolean {
    return !(error instanceof SftpStatusError || error instanceof StorageError);
  }

  #translated(error: unknown): StorageError {
    if (error instanceof StorageError) return error;
    if (!(error instanceof SftpStatusError)) {
      const reason = `connection to ${this.#description} lost`;
      return new StorageError("failure", reason, { cause: error });
    }
    const { code, text } = error;
    const told = text !== "" && !this.#tells(text);
    return new StorageError(CODES[code] ?? "failure", text, {
      cause: error,
      status: code,
      ...told ? { text } : {},
    });
  }

  #tells(text: string): boolean {
    return this.#hidden !== undefined && text.includes(this.#hidden);
  }
}
