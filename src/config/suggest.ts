import { isSlip, nearest } from './nearest.ts';
import { findOption, OPTIONS, sectionsWith } from './options.ts';
import type { Path } from './problems.ts';

/** What to do about an option that does not exist in a section: it is misspelt, or stands in the wrong place. */
export function suggestOption(key: string, section: Path): string {
  const here = findOption(section)?.keys ?? [];
  const elsewhere = sectionsWith(key);
  const similar = nearest(key, here);
  const isCertain = similar !== undefined && isSlip(key.toLowerCase(), similar);
  if (elsewhere.length > 0 && !isCertain) return `move it: \`${key}\` belongs ${places(elsewhere)}`;
  if (similar !== undefined) return `did you mean \`${similar}\`?`;
  const moved = misspeltElsewhere(key.toLowerCase());
  if (moved !== undefined) return `did you mean \`${moved}\`? It belongs ${places(sectionsWith(moved))}`;
  return `take it out; possible here: ${here.join(', ')}`;
}

/** Shorter names are near to many others. */
const SHORTEST_MISSPELT = 3;

/** The option that was meant, where the section has nothing like it: any word is near to one of so many. */
function misspeltElsewhere(key: string): string | undefined {
  if (key.length < SHORTEST_MISSPELT) return undefined;
  return [...OPTIONS.values()].flatMap(({ keys }) => keys).find((each) => isSlip(key, each));
}

/** `in `imap``: the nearest name is enough to find the place, and the whole pattern is hard to read. */
function places(patterns: readonly string[]): string {
  return patterns
    .map((pattern) => pattern.split('.').at(-1)?.replace('[]', ''))
    .map((section) => (section ? `in \`${section}\`` : 'at the top level'))
    .join(' or ');
}
