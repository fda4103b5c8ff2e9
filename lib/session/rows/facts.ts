import type { FileAttrs } from "../../storage/storage.ts";
import type { HandleRequest, TwoPathsRequest } from "../../wire/requests.ts";
import type { Facts, Findings } from "../facts.ts";
import type { OpenHandle } from "../handles.ts";
import type { Conversation } from "../table.ts";

/** For a request whose fields are the facts. */
export function asSent(request: Facts): Facts {
  return request;
}

/** Of a request on a handle alone. */
export function ofHandle({ handle }: HandleRequest, { handles }: Conversation): Facts {
  return { path: handles.pathOf(handle) };
}

/** Of a request on two paths. */
export function ofTwoPaths({ from, to }: TwoPathsRequest): Facts {
  return { path: from, to };
}

/** For the end of a handle, at the client's or the session's wish. */
export function ofClosing(open: OpenHandle): Facts {
  const { kind, path } = open;
  if (kind === "directory") return { kind, path };
  const { bytesRead, bytesWritten, openedAt } = open;
  return { kind, path, bytesRead, bytesWritten, openFor: performance.now() - openedAt };
}

/** What a look at attributes has found. */
export function foundAttrs(attrs: FileAttrs): Findings {
  return { attrs };
}

/** What a question for a name has found. */
export function foundName(name: string): Findings {
  return { name };
}
