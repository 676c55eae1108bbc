import type { Directives } from './directives.ts';
import { MAX_DIRECTIVE_CHARACTERS, MAX_DIRECTIVES } from './limits.ts';

/** What is kept of directives with an interaction: what they set is bounded by then, what was refused is not. */
export function keptDirectives(directives: Directives): Directives {
  const { applied, refused } = directives;
  const beyond = refused.length - MAX_DIRECTIVES;
  return {
    ...directives,
    applied: applied.map((each) => ({ ...each, value: shortened(each.value) })),
    refused: [
      ...refused
        .slice(0, MAX_DIRECTIVES)
        .map((each) => ({ ...each, by: shortened(each.by), value: shortened(each.value) })),
      ...(beyond > 0 ? [{ by: 'limits', value: '', reason: `${beyond} more were refused` }] : []),
    ],
  };
}

function shortened(text: string): string {
  return text.length <= MAX_DIRECTIVE_CHARACTERS
    ? text
    : `${text.slice(0, MAX_DIRECTIVE_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
