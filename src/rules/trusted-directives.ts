import { type HeaderField, Headers } from '../message/headers.ts';
import type { Verdict } from '../trust/trust.ts';
import { type Directives, noDirectives } from './directives.ts';
import type { HeaderMapping } from './header-mapping.ts';

const NOT_TRUSTED = 'not trusted: ';

/** Whether a header field was not applied because nobody trusts the mail. @param reason as it is kept */
export function isForDistrust(reason: string): boolean {
  return reason.startsWith(NOT_TRUSTED);
}

/** What the message's headers may set: what they say where they are trusted, else nothing, with the reason on each. */
export function trustedDirectives(
  { trusted, reason, covered }: Pick<Verdict, 'trusted' | 'reason' | 'covered'>,
  mapping: HeaderMapping,
  headers: Headers,
): Directives {
  if (!trusted) return distrusted(mapping, headers, `${NOT_TRUSTED}${reason}`);
  if (covered === undefined) return mapping.read(headers);
  const signed = new Set(covered);
  const isOpen = ({ key }: HeaderField) => mapping.isMapped(key) && !signed.has(key);
  const directives = mapping.read(new Headers(headers.fields.filter((field) => !isOpen(field))));
  const open = new Headers(headers.fields.filter(isOpen));
  directives.refused.push(...distrusted(mapping, open, UNCOVERED).refused);
  return directives;
}

/** What was mapped only after the mail had come. */
const UNCOVERED = 'not trusted: no signature covered it when the mail came';

function distrusted(mapping: HeaderMapping, headers: Headers, reason: string): Directives {
  const directives = noDirectives();
  directives.refused = mapping
    .carried(headers)
    .filter(({ value }) => value !== '')
    .map(({ key, value }) => ({ by: key, value, reason }));
  return directives;
}
