import { listed } from '../terminal/words.ts';

/** Most senders, and most values, that are named in words. */
export const MAX_NAMED = 6;

export function named(words: readonly string[]): string {
  const more = words.length - MAX_NAMED;
  return more > 0 ? `${words.slice(0, MAX_NAMED).join(', ')} and ${more} more` : listed(words);
}
