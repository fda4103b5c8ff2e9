/**
 * Whether a text matches a pattern of ssh: `*` matches any number of characters, `?` exactly one,
 * everything else itself.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  // The position of the last `*`, and the end of the text that it matches so far.
  let star = -1;
  let taken = 0;
  let at = 0;
  let next = 0;
  while (at < text.length) {
    if (pattern[next] === "*") {
      star = next++;
      taken = at;
    } else if (next < pattern.length && (pattern[next] === "?" || pattern[next] === text[at])) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[next] === "*") next++;
  return next === pattern.length;
}

/**
 * Whether a text matches a list of patterns: at least one of them, and none of those after a `!`.
 */
export function matchesPatterns(text: string, patterns: readonly string[]): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const isNegated = pattern.startsWith("!");
    if (!matchesPattern(text, isNegated ? pattern.slice(1) : pattern)) continue;
    if (isNegated) return false;
    matched = true;
  }
  return matched;
}

/** Like {@linkcode matchesPatterns}, for a list separated by commas. */
export function matchesList(text: string, list: string): boolean {
  return matchesPatterns(text, list.split(","));
}
