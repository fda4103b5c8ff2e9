import { StatusCode } from "../wire/constants.ts";

export { ProtocolError } from "../wire/errors.ts";

/** OpenSSH's texts, by status code, for servers that send none. */
const TEXTS: Readonly<Record<number, string>> = {
  [StatusCode.OK]: "Success",
  [StatusCode.EOF]: "End of file",
  [StatusCode.NO_SUCH_FILE]: "No such file",
  [StatusCode.PERMISSION_DENIED]: "Permission denied",
  [StatusCode.FAILURE]: "Failure",
  [StatusCode.BAD_MESSAGE]: "Bad message",
  [StatusCode.NO_CONNECTION]: "No connection",
  [StatusCode.CONNECTION_LOST]: "Connection lost",
  [StatusCode.OP_UNSUPPORTED]: "Operation unsupported",
};

/** The server refused a request, or could not do it. */
export class SftpStatusError extends Error {
  /** The class's name. */
  override readonly name = "SftpStatusError";

  /** The status, a value of `StatusCode`. */
  readonly code: number;

  /** The server's own words; empty where it sent none. */
  readonly text: string;

  /**
   * An error of these parts; its message puts them together.
   *
   * @param code The status, a value of `StatusCode`.
   * @param text The server's own words; may be empty.
   * @param request What was asked for, such as `STAT /missing`.
   */
  constructor(code: number, text: string, request: string) {
    super(`${request}: ${text || TEXTS[code] || `status ${code}`}`);
    this.code = code;
    this.text = text;
  }
}

/** The connection ended before the request was answered, or before it was sent. */
export class ConnectionLostError extends Error {
  /** The class's name. */
  override readonly name = "ConnectionLostError";

  /**
   * An error with this message.
   *
   * @param message What has happened, as far as it is known.
   * @param options The `cause`, where there is one.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
