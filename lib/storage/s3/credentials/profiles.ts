import { messageOf } from "../../../message_of.ts";
import { granted } from "../../../permissions.ts";
import { CredentialsError, type Variables } from "./place.ts";

/** The settings of one profile, from both files; those of the credentials file win. */
export type Profile = ReadonlyMap<string, string>;

/** The profiles of the shared files, by name. */
export type Profiles = ReadonlyMap<string, Profile>;

/** Reads the shared files, `~/.aws/config` and `~/.aws/credentials`; either may be absent. */
export async function readProfiles(variables: Variables): Promise<Profiles> {
  const profiles = new Map<string, Map<string, string>>();
  const files = [
    { variable: "AWS_CONFIG_FILE", name: "config", section: /^profile\s+(.+)$|^(default)$/ },
    { variable: "AWS_SHARED_CREDENTIALS_FILE", name: "credentials", section: /^(.+)$/ },
  ];
  for (const { variable, name, section } of files) {
    const home = variables("HOME");
    const path = variables(variable) ?? (home === undefined ? undefined : `${home}/.aws/${name}`);
    const text = path === undefined
      ? undefined
      : await readShared(path.replace(/^~(?=\/)/, home ?? "~"));
    for (const [title, settings] of sections(text ?? "")) {
      const found = section.exec(title);
      const profile = (found?.[1] ?? found?.[2])?.trim().replace(/^(["'])(.*)\1$/, "$2");
      if (profile === undefined) continue;
      profiles.set(profile, new Map([...profiles.get(profile) ?? [], ...settings]));
    }
  }
  return profiles;
}

/** The text of a file, or undefined if there is none that this process may read. */
async function readShared(path: string): Promise<string | undefined> {
  if (!granted({ name: "read", path })) return undefined;
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw new CredentialsError(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** The sections of a file with their settings. Settings below a setting are not for this program. */
function sections(text: string): readonly [title: string, settings: Profile][] {
  const found: [string, Profile][] = [];
  let settings: Map<string, string> | undefined;
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const title = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    if (title !== undefined) {
      settings = new Map();
      found.push([title.trim(), settings]);
      continue;
    }
    const [, name, value] = /^(\w[\w-]*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    settings?.set(name.toLowerCase(), value.replace(/\s[#;].*$/, "").trim());
  }
  return found;
}
