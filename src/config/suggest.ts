import { nearest } from './nearest.ts';
import { findOption, OPTIONS, sectionsWith } from './options.ts';
import type { Path } from './problems.ts';

/** What to do about an option that does not exist in a section: it is misspelt, or stands in the wrong place. */
export function suggestOption(key: string, section: Path): string {
  const here = findOption(section)?.keys ?? [];
  const elsewhere = sectionsWith(key);
  if (elsewhere.length > 0) return `move it: \`${key}\` belongs ${places(elsewhere)}`;
  const similar = nearest(key, here);
  if (similar !== undefined) return `did you mean \`${similar}\`?`;
  const moved = nearest(key, [...new Set([...OPTIONS.values()].flatMap(({ keys }) => keys))]);
  if (moved !== undefined) return `did you mean \`${moved}\`? It belongs ${places(sectionsWith(moved))}`;
  return `take it out; possible here: ${here.join(', ')}`;
}

/** `in `imap``: the nearest name is enough to find the place, and the whole pattern is hard to read. */
function places(patterns: readonly string[]): string {
  return patterns
    .map((pattern) => pattern.split('.').at(-1)?.replace('[]', ''))
    .map((section) => (section ? `in \`${section}\`` : 'at the top level'))
    .join(' or ');
}
