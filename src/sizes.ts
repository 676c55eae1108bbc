/** Cuts a list into parts of at most `size`, in order. */
export function* chunks<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}

/** Cuts a list into parts that hold at most `limit` bytes together, in order; what is larger stands alone. */
export function* bySize<T extends { readonly sizeBytes: number }>(
  list: readonly T[],
  limit: number,
): Generator<T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const item of list) {
    if (part.length > 0 && bytes + item.sizeBytes > limit) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += item.sizeBytes;
  }
  if (part.length > 0) yield part;
}
