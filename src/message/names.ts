import { isUsableAddress } from './addresses.ts';
import { beginningOf } from './cut.ts';
import { MAX_LINE_CHARACTERS } from './limits.ts';

/** A person's name as the customers table keeps it; undefined where the display name does not say. */
export interface PersonName {
  readonly first: string | undefined;
  readonly last: string | undefined;
}

const NO_NAME: PersonName = { first: undefined, last: undefined };

/** Words in lower case that belong to the family name after them: Ludwig van Beethoven, Maria de la Cruz. */
const PARTICLES = new Set(
  (
    'af al ap av bin bint d da das de degli dei del della den der des di do dos du e el ibn la las le lo los ' +
    'mac op of san st ten ter van vom von y zu zum zur'
  ).split(' '),
);

/** What stands behind a comma without being a given name. */
const SUFFIXES = /^(jr|sr|ii|iii|iv|ph\.? ?d|m\.? ?d|esq|mba|dds)\.?$/i;
const COMPANY_FORMS =
  /^(inc|llc|ltd|limited|corp|co|gmbh|ag|kg|plc|s\.?a|s\.?r\.?l|b\.?v|oy|ab|pty ltd)\.?$/i;

/** Han, kana and hangul: with these the family name is written first. */
const FAMILY_FIRST = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー・]+$/u;

/**
 * Splits a display name into first and last name.
 *
 * Understands "Joe Customer", "Customer, Joe", one word (a first name), particles, suffixes behind a comma and the
 * forms mailers add: quotes around it (seen in practice: Outlook's `'Joe Customer'`), "via" of mailing lists. An
 * address as display name is no name.
 *
 * @param displayName decoded (RFC 2047), unfolded
 */
export function parsePersonName(displayName: string): PersonName {
  const text = undecorated(displayName);
  if (text === '' || !/\p{L}/u.test(text) || looksLikeAddress(text)) return NO_NAME;
  const comma = text.indexOf(',');
  if (comma < 0) return splitWords(text);

  const before = text.slice(0, comma).trim();
  const after = text.slice(comma + 1).trim();
  if (before === '' || after === '') return splitWords(before || after);
  if (COMPANY_FORMS.test(after)) return { first: text, last: undefined };
  if (SUFFIXES.test(after)) {
    const name = splitWords(before);
    return name.last === undefined ? name : { first: name.first, last: `${name.last}, ${after}` };
  }
  const [given = '', ...suffixes] = after.split(/\s*,\s*/);
  const [first, particles] = withoutTrailingParticles(given);
  return { first: first || undefined, last: [[...particles, before].join(' '), ...suffixes].join(', ') };
}

/** "Beethoven, Ludwig van": the particle is the family name's, though an index sorts without it. */
function withoutTrailingParticles(given: string): [first: string, particles: string[]] {
  const words = given.split(' ');
  const kept = words.findLastIndex((word) => !PARTICLES.has(word)) + 1;
  return kept === 0 ? [given, []] : [words.slice(0, kept).join(' '), words.slice(kept)];
}

function undecorated(displayName: string): string {
  // What is behind a run of thousands of quotation marks is looked for at each of them.
  return beginningOf(displayName, MAX_LINE_CHARACTERS)
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(['"‘’“”])(.+)['"‘’“”] via .+$/u, '$2')
    .replace(/^['"‘’“”]+|['"‘’“”]+$/gu, '')
    .trim();
}

function looksLikeAddress(text: string): boolean {
  const bare = text.replace(/^<|>$/g, '');
  return isUsableAddress(bare) || /^(mailto:|https?:)/i.test(bare);
}

function splitWords(text: string): PersonName {
  const words = text.split(' ');
  if (words.length === 1) return { first: text, last: undefined };
  if (words.length === 2 && words.every((word) => FAMILY_FIRST.test(word))) {
    return { first: words[1], last: words[0] };
  }
  // The family name begins at the first particle that has a name before it, else it is the last word.
  const particle = words.findIndex((word, i) => i > 0 && i < words.length - 1 && PARTICLES.has(word));
  const start = particle > 0 ? particle : words.length - 1;
  return { first: words.slice(0, start).join(' '), last: words.slice(start).join(' ') };
}
