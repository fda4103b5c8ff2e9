/**
 * The files that a path with wildcards matches, sorted; a path without any matches itself.
 *
 * @param path Absolute. `*`, `?` and `[…]` may be in any segment, and do not match a dot at its
 *   beginning.
 */
export function includedPaths(path: string): string[] {
  let found = [""];
  for (const segment of path.split("/").slice(1)) {
    if (!/[*?[]/.test(segment)) {
      found = found.map((folder) => `${folder}/${segment}`);
      continue;
    }
    const pattern = segmentPattern(segment);
    found = found.flatMap((folder) =>
      namesIn(folder)
        .filter((name) => pattern.test(name) && (!name.startsWith(".") || segment.startsWith(".")))
        .map((name) => `${folder}/${name}`)
    );
  }
  return found.sort();
}

function segmentPattern(segment: string): RegExp {
  const source = segment.replace(/\[[!^]?\]?[^\]]*\]|[*?]|[\\^$.|+(){}[\]]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length === 1) return `\\${part}`;
    const inside = part.slice(1, -1).replace(/^!/, "^").replace(/[\\\][]/g, "\\$&");
    return `[${inside}]`;
  });
  return new RegExp(`^${source}$`, "su");
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder === "" ? "/" : folder)].map(({ name }) => name);
  } catch (error) {
    // Then there is no such file.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}
