import type { Headers } from '../message/headers.ts';
import type { Verdict } from '../trust/trust.ts';
import { type Directives, noDirectives } from './directives.ts';
import type { HeaderMapping } from './header-mapping.ts';

/** What the message's headers may set: what they say where they are trusted, else nothing, with the reason on each. */
export function trustedDirectives(
  { trusted, reason }: Pick<Verdict, 'trusted' | 'reason'>,
  mapping: HeaderMapping,
  headers: Headers,
): Directives {
  if (trusted) return mapping.read(headers);
  const directives = noDirectives();
  directives.refused = mapping
    .carried(headers)
    .filter(({ value }) => value !== '')
    .map(({ key, value }) => ({ by: key, value, reason: `not trusted: ${reason}` }));
  return directives;
}
