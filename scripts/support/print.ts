/** Writes one line to stdout. Scripts use it because lint forbids `console` in the whole project. */
export function printLine(line: string): void {
  let rest = new TextEncoder().encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

/** Writes one line to stderr, for progress and errors; stdout is for results. */
export function eprintLine(line: string): void {
  let rest = new TextEncoder().encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
}
