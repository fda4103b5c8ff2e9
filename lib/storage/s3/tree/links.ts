import { FileType } from "../../../attrs.ts";
import { StorageError } from "../../errors.ts";
import type { ObjectInfo } from "../client/s3_client.ts";
import type { S3Context } from "../context.ts";
import { type Attributes, metadataWith } from "./attributes.ts";

/** The longest target in bytes, as Linux's `PATH_MAX` less its NUL. */
const MAX_TARGET_BYTES = 4095;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text of a link. It is the object's content, as s3fs writes it.
 *
 * @throws {StorageError} If it has none.
 */
export async function targetOf(
  { client, ending: signal }: S3Context,
  { key, etag, size }: ObjectInfo,
): Promise<string> {
  if (size > 0 && size <= MAX_TARGET_BYTES) {
    const bytes = await client.get(key, { start: 0, end: size, ifMatch: etag, signal });
    const text = textIn(bytes);
    if (text !== "") return text;
  }
  throw new StorageError("failure", "the link's object has no target");
}

/** Some programs end a target with a NUL. */
function textIn(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes).replace(/\0+$/, "");
  } catch (error) {
    if (error instanceof TypeError) return "";
    throw error;
  }
}

/** Writes a link, if nothing has its key. */
export async function putLink(
  { client, conditions, ending: signal }: S3Context,
  key: string,
  { target, attributes }: { readonly target: string; readonly attributes: Attributes },
): Promise<void> {
  const metadata = metadataWith(undefined, FileType.SYMLINK, attributes);
  const body = new TextEncoder().encode(target);
  await conditions.send(
    { ifNoneMatch: "*" },
    (condition) => client.put(key, body, { metadata, signal, ...condition }),
  );
}
