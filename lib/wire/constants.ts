/**
 * The numbers and limits of SFTP version 3, under the names that
 * draft-ietf-secsh-filexfer-02 gives them.
 *
 * @module
 */

/** The protocol version spoken here, whatever the client asks for. */
export const SFTP_VERSION = 3;

/** Packet types (section 3). */
export const PacketType = {
  // client to server
  INIT: 1,
  OPEN: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  LSTAT: 7,
  FSTAT: 8,
  SETSTAT: 9,
  FSETSTAT: 10,
  OPENDIR: 11,
  READDIR: 12,
  REMOVE: 13,
  MKDIR: 14,
  RMDIR: 15,
  REALPATH: 16,
  STAT: 17,
  RENAME: 18,
  READLINK: 19,
  SYMLINK: 20,
  EXTENDED: 200,
  // server to client
  VERSION: 2,
  STATUS: 101,
  HANDLE: 102,
  DATA: 103,
  NAME: 104,
  ATTRS: 105,
  EXTENDED_REPLY: 201,
} as const;

/** Flags of an attribute block (section 5). */
export const AttrFlag = {
  SIZE: 0x00000001,
  UIDGID: 0x00000002,
  PERMISSIONS: 0x00000004,
  ACMODTIME: 0x00000008,
  EXTENDED: 0x80000000,
} as const;

/** `pflags` of OPEN (section 6.3). */
export const OpenFlag = {
  READ: 0x00000001,
  WRITE: 0x00000002,
  APPEND: 0x00000004,
  CREAT: 0x00000008,
  TRUNC: 0x00000010,
  EXCL: 0x00000020,
} as const;

/** Codes of STATUS (section 7). */
export const StatusCode = {
  OK: 0,
  EOF: 1,
  NO_SUCH_FILE: 2,
  PERMISSION_DENIED: 3,
  FAILURE: 4,
  BAD_MESSAGE: 5,
  /** Made up by a client; never sent. */
  NO_CONNECTION: 6,
  /** Made up by a client; never sent. */
  CONNECTION_LOST: 7,
  OP_UNSUPPORTED: 8,
} as const;

/** The largest packet taken or sent, without its length field, as OpenSSH's. */
export const MAX_PACKET_LENGTH = 256 * 1024;

/** The most that one READ returns or one WRITE carries, as OpenSSH's. */
export const MAX_DATA_LENGTH = MAX_PACKET_LENGTH - 1024;

/** The most extended pairs that one attribute block may carry, as OpenSSH's. */
export const MAX_EXTENDED_ATTRS = 0x100000;

/** Data of this many bytes or more is used where it is instead of copied, if possible. */
export const LONG_DATA_LENGTH = 16 * 1024;
