/** How much of the text of a mail is looked at for its beginning: signatures and quotes come after it. */
export const TEXT_LOOKED_AT = 4_000;

/** HTML begins with style sheets, so more of it. */
export const HTML_LOOKED_AT = 20_000;

/** Longest beginning of a text, in characters: more than one line of any terminal shows. */
const LONGEST_EXCERPT = 300;

/** Two dashes alone on a line: the signature follows (RFC 3676, section 4.3). */
const SIGNATURE = /^-- ?$/;

/** A line before a quote, as mail programs write it: `On … wrote:`, `Am … schrieb …:`, `… さんは書きました:` */
const ATTRIBUTION = /[:：]\s*$/u;

/**
 * What a mail begins with, on one line, without what it quotes: what a reader of a history learns of it at a glance.
 *
 * @param text the beginning of the text, or null where the mail has none
 * @param html the beginning of the HTML, for mail without text
 * @returns '' where there is nothing to read
 */
export function excerptOf(text: string | null, html: string | null): string {
  const own = singleSpaced(withoutSalutation(withoutQuotes(text ?? '')));
  const shown = own === '' ? singleSpaced(htmlText(html ?? '')) : own;
  if (shown.length <= LONGEST_EXCERPT) return shown;
  // By way of bytes it is a string of its own: a mere slice would keep all of the text in memory.
  return Buffer.from(`${shown.slice(0, LONGEST_EXCERPT).toWellFormed()}…`).toString();
}

/** A text without quoted lines, the lines that announce them, and the signature. */
function withoutQuotes(text: string): string {
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex((line) => SIGNATURE.test(line));
  const body = end < 0 ? lines : lines.slice(0, end);
  return body
    .filter((line, index) => !isQuoted(line) && !(ATTRIBUTION.test(line) && isQuoted(nextLine(body, index))))
    .join('\n');
}

/** A first line of a few words with a comma at its end: what is said begins below it. */
const SALUTATION = /^\s*[^\s,]{1,30}( [^\s,]{1,30}){0,4},\s*\n(?=\s*\S)/u;

function withoutSalutation(text: string): string {
  return text.replace(SALUTATION, '');
}

function isQuoted(line: string): boolean {
  return line.startsWith('>');
}

function nextLine(lines: readonly string[], index: number): string {
  const next = lines[index + 1] ?? '';
  return next.trim() === '' ? (lines[index + 2] ?? '') : next;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
  ['ndash', '–'],
  ['mdash', '—'],
  ['hellip', '…'],
  ['auml', 'ä'],
  ['ouml', 'ö'],
  ['uuml', 'ü'],
  ['Auml', 'Ä'],
  ['Ouml', 'Ö'],
  ['Uuml', 'Ü'],
  ['szlig', 'ß'],
  ['eacute', 'é'],
  ['egrave', 'è'],
  ['euro', '€'],
]);

/** The words of HTML, good enough to recognise the mail by. @param html may end in the middle of a tag */
function htmlText(html: string): string {
  return html
    .replace(/<(style|script|head|title)\b[\s\S]*?(<\/\1\s*>|$)/gi, ' ')
    .replace(/<!--[\s\S]*?(-->|$)/g, ' ')
    .replace(/<blockquote\b[\s\S]*$/i, ' ')
    .replace(/<[^<>]*(>|$)/g, ' ')
    .replace(/&(#x?[0-9a-f]{1,6}|[a-z]{2,8});/gi, (written, name: string) => entity(name) ?? written);
}

function entity(name: string): string | undefined {
  if (!name.startsWith('#')) return ENTITIES.get(name);
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : undefined;
}

function singleSpaced(text: string): string {
  // Newsletters fill their preview with signs that take no room (soft hyphens, joiners).
  return text
    .replace(/\u00AD|\u034F|\u200B|\u200C|\u2060|\uFEFF/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
