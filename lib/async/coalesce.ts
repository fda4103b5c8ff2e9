/**
 * Returns what has `work` run a moment later, once for all who ask meanwhile: what is made together
 * travels together so.
 */
export function coalesce(work: () => void): () => void {
  let isSoon = false;
  function run(): void {
    isSoon = false;
    work();
  }
  return () => {
    if (isSoon) return;
    isSoon = true;
    queueMicrotask(run);
  };
}
