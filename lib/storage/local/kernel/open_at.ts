import { encodeName } from "../../../names.ts";
import { Errno } from "../../../linux/errno.ts";
import type { Bytes, Libc } from "../../../linux/libc.ts";
import { Open, PATH_MAX } from "../../../linux/linux.ts";
import { OpenHow } from "../../../linux/structs.ts";
import { errorOfNumber } from "../../errno.ts";

/** Opens `name` in a directory, or returns `-errno`. */
export function openAt(
  libc: Libc,
  directory: number,
  { name, flags, mode = 0 }: {
    readonly name: string;
    readonly flags: number;
    readonly mode?: number;
  },
): number {
  return libc.openat2(
    directory,
    nulTerminated(name),
    new OpenHow().set(flags | Open.CLOEXEC, mode),
  );
}

/** A name as a C string. */
export function nulTerminated(name: string): Bytes {
  const bytes = encodeName(name);
  if (bytes.length >= PATH_MAX) throw errorOfNumber(Errno.ENAMETOOLONG);
  const terminated = new Uint8Array(bytes.length + 1);
  terminated.set(bytes);
  return terminated;
}
