/** A packet that is not SFTP: the stream cannot be trusted any more, and the session ends. */
export class ProtocolError extends Error {
  /** `ProtocolError` */
  override readonly name = "ProtocolError";

  /**
   * An error to throw where a packet makes no sense.
   *
   * @param message What is wrong with the packet.
   * @param exitStatus The status that OpenSSH's server ends with for the same fault.
   */
  constructor(message: string, readonly exitStatus: number = 255) {
    super(message);
  }
}
