import type { Condition } from "../client/s3_client.ts";
import { isNotImplemented } from "../client/s3_errors.ts";

/** Sends conditions along with writes, as long as the server does not refuse them as unknown. */
export class Conditions {
  #areKnown = true;

  /** Makes a request with a condition; without it, if the server knows none. */
  async send<T>(condition: Condition, request: (condition: Condition) => Promise<T>): Promise<T> {
    if (!this.#areKnown) return await request({});
    try {
      return await request(condition);
    } catch (error) {
      const hasCondition = condition.ifMatch !== undefined || condition.ifNoneMatch !== undefined;
      if (!hasCondition || !isNotImplemented(error)) throw error;
      this.#areKnown = false;
      return await request({});
    }
  }
}
