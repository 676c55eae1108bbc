import { z } from 'zod';

/**
 * A map whose names are the operator's own: fields to set, words to read. A name without a value counts as absent, as
 * an option does.
 */
export function freeMap<T extends z.ZodType>(value: T, names: string) {
  return z
    .preprocess(
      (map) =>
        typeof map === 'object' && map !== null && !Array.isArray(map)
          ? Object.fromEntries(Object.entries(map).filter(([, each]) => each !== undefined))
          : map,
      z.record(z.string(), value),
    )
    .meta({ names });
}

/** One text or a list of them; a list in the loaded configuration. */
export function textOrList<T extends z.ZodType>(entry: T) {
  return z
    .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(entry).min(1))
    .meta({ single: true });
}
