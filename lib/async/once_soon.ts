/**
 * Returns a function that runs `work` in a microtask, once for all calls made until then: what is made
 * together travels together so.
 */
export function onceSoon(work: () => void): () => void {
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
