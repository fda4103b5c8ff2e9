/** Writes one line to stdout. Scripts use it, as `console` is refused in the whole project. */
export function printLine(line: string): void {
  let rest = new TextEncoder().encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}
