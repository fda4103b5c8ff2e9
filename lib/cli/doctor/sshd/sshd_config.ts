/** sshd's configuration as it is for one user: values by lower-case keyword. */
export type SshdConfig = ReadonlyMap<string, readonly string[]>;

/** Reads what `sshd -T` prints. */
export function parseSshdConfig(text: string): SshdConfig {
  const config = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [keyword = "", ...rest] = line.split(" ");
    config.set(keyword, [...config.get(keyword) ?? [], rest.join(" ")]);
  }
  return config;
}

/** The value of a keyword; undefined if it has none. */
export function valueOf(config: SshdConfig, keyword: string): string | undefined {
  const [value] = config.get(keyword) ?? [];
  return value === "none" || value === "" ? undefined : value;
}
