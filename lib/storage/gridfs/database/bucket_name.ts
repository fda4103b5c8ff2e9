/** The name of a bucket that is given none. */
export const DEFAULT_BUCKET = "fs";

/** The longest suffix that the name of one of a bucket's collections has. */
const MAX_PART = ".journal";
/** Bytes of a database's and a collection's name together, with the dot between them. */
const MAX_NAMESPACE_BYTES = 255;

/**
 * Why MongoDB does not allow collections whose names begin with this one; undefined where it does.
 *
 * @param database The database of the collections, where it is known.
 */
export function problemWithBucketName(name: string, database = ""): string | undefined {
  if (name === "") return "it is empty";
  if (name.includes("\0")) return "it contains a NUL";
  if (!name.isWellFormed()) return "it is not UTF-8";
  if (name.includes("$")) return 'it contains a "$"';
  if (/^system(?:\.|$)/.test(name)) return '"system." is MongoDB\'s own';
  if (/^\.|\.\.|\.$/.test(name)) return "a dot in it has nothing before or after it";
  const namespace = `${database || "."}.${name}${MAX_PART}`;
  return new TextEncoder().encode(namespace).length > MAX_NAMESPACE_BYTES
    ? "it is too long"
    : undefined;
}
