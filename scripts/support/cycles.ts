/**
 * Finds cycles in a graph: one shortest cycle through each knot, that is, each set of nodes that
 * all reach each other. A cycle begins at its first node by name and is not closed.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const knotted = new Set<string>();
  for (const node of [...graph.keys()].sort()) {
    if (knotted.has(node)) continue;
    const cycle = shortestPath(graph, node, node);
    if (cycle === undefined) continue;
    cycles.push(cycle);
    for (const other of graph.keys()) {
      if (
        shortestPath(graph, node, other) !== undefined &&
        shortestPath(graph, other, node) !== undefined
      ) knotted.add(other);
    }
  }
  return cycles;
}

/** The nodes on the way, from `start` on and without `goal`; undefined where there is no way. */
function shortestPath(
  graph: ReadonlyMap<string, readonly string[]>,
  start: string,
  goal: string,
): string[] | undefined {
  const queue = [[start]];
  const seen = new Set<string>();
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const next of graph.get(path.at(-1) ?? "") ?? []) {
      if (next === goal) return path;
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push([...path, next]);
    }
  }
  return undefined;
}
