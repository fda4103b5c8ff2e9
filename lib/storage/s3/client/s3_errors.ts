import { StorageError, type StorageErrorCode } from "../../errors.ts";

/** What is known of a failed request besides its reason. */
export interface S3ErrorDetails extends ErrorOptions {
  /** S3's own code, such as `NoSuchKey`; empty if the server sent none. */
  readonly s3Code?: string | undefined;
  /** The status of the answer; 0 if there was none. */
  readonly httpStatus?: number | undefined;
  /** Whether an attempt before the last one may have been carried out. */
  readonly isInDoubt?: boolean | undefined;
}

/** A failed request of S3. */
export class S3Error extends StorageError {
  /** S3's own code, such as `NoSuchKey`; empty if the server sent none. */
  readonly s3Code: string;
  /** The status of the answer; 0 if there was none. */
  readonly httpStatus: number;
  /** Whether an attempt before the last one may have been carried out. */
  readonly isInDoubt: boolean;

  /**
   * @param code What the client is told.
   * @param reason Why, without a name of a host or a secret.
   */
  constructor(code: StorageErrorCode, reason: string, details: S3ErrorDetails = {}) {
    super(code, reason, details);
    this.s3Code = details.s3Code ?? "";
    this.httpStatus = details.httpStatus ?? 0;
    this.isInDoubt = details.isInDoubt ?? false;
  }
}

/** Whether the object was not as a condition of the request wanted it: nothing was done. */
export function isPreconditionFailed(error: unknown): boolean {
  return error instanceof S3Error &&
    (error.httpStatus === 412 || error.s3Code === "PreconditionFailed" ||
      error.s3Code === "ConditionalRequestConflict");
}

/** Whether an upload does not exist, no longer or never. */
export function isNoSuchUpload(error: unknown): boolean {
  return error instanceof S3Error && error.s3Code === "NoSuchUpload";
}

/** Whether the server does not know a request or one of its headers. */
export function isNotImplemented(error: unknown): boolean {
  return error instanceof S3Error &&
    (error.s3Code === "NotImplemented" || error.httpStatus === 501 || error.httpStatus === 405);
}

/** What S3's codes mean for a client. */
const MEANINGS: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  NoSuchKey: ["not-found", "no such file"],
  NoSuchVersion: ["not-found", "this version no longer exists"],
  NoSuchUpload: ["failure", "the upload was aborted meanwhile"],
  NoSuchBucket: ["failure", "the bucket does not exist"],
  AccessDenied: ["denied", "the bucket does not allow this"],
  AllAccessDisabled: ["denied", "the bucket does not allow this"],
  AccountProblem: ["denied", "there is a problem with the account of the bucket"],
  InvalidAccessKeyId: ["failure", "the server does not know the access key"],
  SignatureDoesNotMatch: ["failure", "the server refuses the signature: the secret key is wrong"],
  ExpiredToken: ["failure", "the session token has expired"],
  ExpiredTokenException: ["failure", "the session token has expired"],
  InvalidToken: ["failure", "the server refuses the session token"],
  RequestTimeTooSkewed: ["failure", "the clocks of this machine and the server differ too much"],
  AuthorizationHeaderMalformed: ["failure", "the bucket is in another region"],
  PermanentRedirect: ["failure", "the bucket is in another region"],
  TemporaryRedirect: ["failure", "the bucket is in another region"],
  IllegalLocationConstraintException: ["failure", "the bucket is in another region"],
  PreconditionFailed: ["failure", "the file has been changed meanwhile"],
  ConditionalRequestConflict: ["failure", "the file has been changed meanwhile"],
  KeyTooLongError: ["invalid", "name too long"],
  EntityTooLarge: ["failure", "file too large"],
  EntityTooSmall: ["failure", "a part of the upload is too small"],
  InvalidObjectState: ["failure", "the file is archived and has to be restored first"],
  MetadataTooLarge: ["failure", "the metadata is too large"],
  QuotaExceeded: ["failure", "no space left in the bucket"],
  XMinioStorageFull: ["failure", "no space left in the bucket"],
  NotImplemented: ["unsupported", "the server does not support this"],
  SlowDown: ["failure", "the server is overloaded"],
  ServiceUnavailable: ["failure", "the server is not available"],
};

/** The same for answers without a code, such as every one to HEAD. */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  301: "PermanentRedirect",
  307: "TemporaryRedirect",
  403: "AccessDenied",
  404: "NoSuchKey",
  409: "ConditionalRequestConflict",
  412: "PreconditionFailed",
  429: "SlowDown",
  501: "NotImplemented",
  503: "ServiceUnavailable",
};

/** The error of an answer with S3's code, or without one. */
export function errorOfAnswer(
  httpStatus: number,
  s3Code: string,
  details: Pick<S3ErrorDetails, "isInDoubt" | "cause"> = {},
): S3Error {
  const known = s3Code === "" ? CODE_OF_STATUS[httpStatus] ?? "" : s3Code;
  const [code, reason] = MEANINGS[known] ?? (httpStatus === 403 ? MEANINGS.AccessDenied : []) ?? [];
  return new S3Error(
    code ?? "failure",
    reason ?? `the server failed with ${s3Code === "" ? `status ${httpStatus}` : s3Code}`,
    { ...details, s3Code: known, httpStatus },
  );
}
