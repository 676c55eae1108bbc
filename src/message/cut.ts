import {
  MAX_ATTACHMENTS,
  MAX_HEADER_BYTES,
  MAX_NESTING,
  MAX_PART_HEADERS_BYTES,
  MAX_PARTS,
  MAX_TEXT_BYTES,
} from './limits.ts';

/** The beginning of a text, without half a character at its end. @param characters in UTF-16 code units */
export function beginningOf(text: string, characters: number): string {
  return text.length <= characters ? text : text.slice(0, characters).replace(/[\uD800-\uDBFF]$/, '');
}

/** What is said of a text or a list of which the beginning is kept: `subject: the first 1,000 of 4,096 characters`. */
export function firstOf(what: string, kept: number, all: number, unit = ''): string {
  return `${what}: the first ${number(kept)} of ${number(all)}${unit === '' ? '' : ` ${unit}`}`;
}

export function number(amount: number): string {
  return amount.toLocaleString('en-US');
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MB`;
}

/** What the parser left unread, a sentence for each. */
export function unreadSentences(
  unread: {
    readonly parts: number;
    readonly nested: number;
    readonly attachments: number;
    readonly textBytes: number;
    readonly headerBytes: number;
  },
  { isHeadCut, limit }: { isHeadCut: boolean; limit: string | undefined },
): string[] {
  const { parts, nested, attachments, textBytes, headerBytes } = unread;
  return [
    ...(isHeadCut ? [`headers: read up to ${megabytes(MAX_HEADER_BYTES)}`] : []),
    ...(parts > 0 ? [firstOf('parts', MAX_PARTS, MAX_PARTS + parts)] : []),
    ...(nested > 0
      ? [
          `parts: ${number(nested)} that lie deeper than ${MAX_NESTING} levels are not read, nor what is in them`,
        ]
      : []),
    ...(attachments > 0 ? [firstOf('attachments', MAX_ATTACHMENTS, MAX_ATTACHMENTS + attachments)] : []),
    ...(textBytes > 0
      ? [
          `body: the first ${megabytes(MAX_TEXT_BYTES)} of the text parts; ${megabytes(textBytes)} more are not read`,
        ]
      : []),
    ...(headerBytes > 0
      ? [
          `headers: of parts, ${megabytes(headerBytes)} beyond ${megabytes(MAX_PART_HEADERS_BYTES)} are not read`,
        ]
      : []),
    ...(limit === undefined ? [] : [`parts: not read to the end (${limit})`]),
  ];
}
