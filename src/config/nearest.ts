import { distance } from 'fastest-levenshtein';

/** The one of the words that was probably meant. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((candidate) => ({ candidate, slips: slipsBetween(word.toLowerCase(), candidate) }))
    .filter(({ candidate, slips }) => slips <= (candidate.length < 4 ? 1 : 2))
    .sort((a, b) => a.slips - b.slips);
  return best?.candidate;
}

/** Whether a word is another with one slip of the fingers: one letter too many, too few or another, or two swapped. */
export function isSlip(word: string, meant: string): boolean {
  if (distance(word, meant) === 1) return true;
  const at = [...word].findIndex((letter, index) => letter !== meant[index]);
  return (
    word.length === meant.length &&
    at >= 0 &&
    word[at] === meant[at + 1] &&
    word[at + 1] === meant[at] &&
    word.slice(at + 2) === meant.slice(at + 2)
  );
}

/** Edits between two words. Swapped letters count as one slip of the fingers: `prot` is nearer to `port` than to `host`. */
function slipsBetween(word: string, candidate: string): number {
  const isSwapped = word !== candidate && letters(word) === letters(candidate);
  return isSwapped ? 1 : distance(word, candidate);
}

function letters(word: string): string {
  return [...word].sort().join('');
}
