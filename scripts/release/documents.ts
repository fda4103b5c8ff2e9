import { run } from "./run.ts";

/** What comes with a program. */
export interface Documents {
  /** Man pages by name, without `.1`. */
  readonly man: ReadonlyMap<string, string>;
  /** Completions by shell. */
  readonly completions: ReadonlyMap<string, string>;
  /** The project's own license. */
  readonly license: string;
  /** The licenses of all that is in the program. */
  readonly thirdParty: string;
  readonly readme: string;
  readonly changelog: string;
}

/** Subcommands with a man page of their own. */
const PAGES = ["jail", "proxy", "gridfs", "authorize", "doctor"];

/** Asks a program for its man pages and completions, and reads the rest. */
export async function readDocuments(program: string, thirdParty: string): Promise<Documents> {
  const man = new Map([["sftpwrap", await run(program, ["man"])]]);
  for (const page of PAGES) man.set(`sftpwrap-${page}`, await run(program, ["man", page]));
  const completions = new Map<string, string>();
  for (const shell of ["bash", "zsh", "fish"]) {
    completions.set(shell, await run(program, ["completions", shell]));
  }
  return {
    man,
    completions,
    thirdParty,
    license: await Deno.readTextFile("LICENSE"),
    readme: await Deno.readTextFile("README.md"),
    changelog: await Deno.readTextFile("CHANGELOG.md"),
  };
}
