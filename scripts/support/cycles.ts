/**
 * Finds cycles in a graph: one shortest cycle for each strongly connected component. A cycle begins
 * at its first node by name, which is not repeated at its end.
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

/** The nodes of a shortest path, from `start` on and without `goal`; undefined if there is none. */
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
