import { StorageError, type StorageErrorCode } from "../../errors.ts";

/** What is known of a failed request besides its reason. */
export interface S3ErrorDetails extends ErrorOptions {
  /** S3's own code, such as `NoSuchKey`; empty if the server sent none. */
  readonly s3Code?: string | undefined;
  /** The status of the answer; 0 if there was none. */
  readonly httpStatus?: number | undefined;
}

/** A failed request of S3. */
export class S3Error extends StorageError {
  /** S3's own code, such as `NoSuchKey`; empty if the server sent none. */
  readonly s3Code: string;
  /** The status of the answer; 0 if there was none. */
  readonly httpStatus: number;

  constructor(code: StorageErrorCode, reason: string, details: S3ErrorDetails = {}) {
    super(code, reason, details);
    this.s3Code = details.s3Code ?? "";
    this.httpStatus = details.httpStatus ?? 0;
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
