import type { Metadata, NewObject, ObjectInfo, Written } from "../client/s3_client.ts";
import type { S3Context } from "../context.ts";
import { MAX_COPY_BYTES, planParts } from "./plan.ts";
import { Uploader } from "./uploader.ts";

/** Copies an object of any size inside the bucket, with other metadata; its old content, or none. */
export async function copyObject(
  context: S3Context,
  info: ObjectInfo,
  key: string,
  metadata: Metadata,
): Promise<Written> {
  const { client, ending: signal } = context;
  const object: NewObject = { metadata, headers: info.headers, storageClass: info.storageClass };
  if (info.size === 0) {
    // Some servers do not copy the markers of directories.
    return await client.put(key, new Uint8Array(0), { ...object, signal });
  }
  if (info.size <= MAX_COPY_BYTES) {
    return await client.copy({ key: info.key, ifMatch: info.etag }, key, { ...object, signal });
  }
  const uploader = new Uploader(context, key, { object, signal });
  try {
    const whole = { start: 0, end: info.size };
    const extent = { ...whole, source: { object: info, offset: 0 } };
    let number = 1;
    for (const part of planParts([extent], whole, true)) {
      if (!("object" in part)) continue;
      const { offset, length } = part;
      await uploader.copy(number++, info, { start: offset, end: offset + length });
    }
    return await uploader.complete({});
  } catch (error) {
    await uploader.abort().catch(() => {}); // The first failure says more.
    throw error;
  }
}
