import { type Answer, readDocument } from "./answers.ts";
import type { NotRemoved } from "./s3_client.ts";
import { errorOfAnswer } from "./s3_errors.ts";
import { childrenOf, childText, encodeEntities } from "./xml.ts";

/** Whether XML 1.0 can hold a key. */
export function isKeyForXml(key: string): boolean {
  // deno-lint-ignore no-control-regex -- these are what XML cannot hold
  return key !== "" && key.isWellFormed() && !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(key);
}

/** The body of a request to remove keys; the answer names only those that failed. */
export function removalDocument(keys: readonly string[]): Uint8Array<ArrayBuffer> {
  const objects = keys.map((key) => `<Object><Key>${encodeEntities(key)}</Key></Object>`).join("");
  return new TextEncoder().encode(
    `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${objects}</Delete>`,
  );
}

/** The keys that were not removed. */
export function readNotRemoved(answer: Answer): NotRemoved[] {
  return childrenOf(readDocument(answer, "DeleteResult"), "Error")
    .filter((error) => childText(error, "Code") !== "NoSuchKey")
    .map((error) => ({
      key: childText(error, "Key") ?? "",
      error: errorOfAnswer(answer.status, childText(error, "Code") ?? ""),
    }));
}
