/**
 * What is awaited, where it comes within so many milliseconds; otherwise something else.
 *
 * @throws What `awaited` fails with in that time; a later failure is nobody's.
 */
export async function within<T>(
  milliseconds: number,
  awaited: Promise<T>,
  otherwise: T,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), milliseconds);
  });
  try {
    return await Promise.race([awaited, late]);
  } finally {
    clearTimeout(timer);
  }
}
