/** Writes one line to stdout. Scripts use it, as `console` is refused in the whole project. */
export function printLine(line: string): void {
  let rest = new TextEncoder().encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

/** Writes one line to stderr: how far a run is. Standard output is for its result. */
export function eprintLine(line: string): void {
  let rest = new TextEncoder().encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
}
