/**
 * What a promise gives within this many milliseconds; otherwise something else.
 *
 * @throws What the promise fails with in that time; a later failure is ignored.
 */
export async function withTimeout<T>(
  promise: Promise<T>,
  milliseconds: number,
  otherwise: T,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
