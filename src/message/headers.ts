import libmime from 'libmime';
import { storableLine, storableText } from './text.ts';

/** One header field, in the order of the message. */
export interface HeaderField {
  /** The field name as the message spells it. */
  readonly name: string;
  /** The field name in lower case, for comparing. */
  readonly key: string;
  /** The body, unfolded and trimmed, with encoded words still encoded. What parsers of structure read. */
  readonly raw: string;
  /** The body as a person reads it: encoded words decoded (RFC 2047), one line. */
  readonly value: string;
}

/**
 * Reads one header line as mailparser hands it out.
 *
 * @param line the field with its name, perhaps folded, as a latin1 string of the bytes (mailparser's
 *   `headerLines`). Raw UTF-8 (RFC 6532) is recognised; bytes that are no UTF-8 are taken as windows-1252, which is
 *   latin1 with typographic quotes, and what old mailers meant.
 */
export function readHeaderLine(line: string): HeaderField {
  const text = decodeBytes(line);
  const colon = text.indexOf(':');
  const name = storableLine(colon < 0 ? text : text.slice(0, colon));
  const raw = storableText(unfold(colon < 0 ? '' : text.slice(colon + 1))).trim();
  return { name, key: name.toLowerCase(), raw, value: storableLine(decodeWords(raw)) };
}

/** Decodes the encoded words of RFC 2047 in a text; an unknown charset is read as UTF-8, a broken word stays. */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  try {
    return libmime.decodeWords(text);
  } catch {
    return text;
  }
}

/** RFC 5322, section 2.2.3: a line break before white space is only folding. */
function unfold(text: string): string {
  return text.replace(/\r?\n(?=[ \t])/g, '');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text whose charset is not said, as a latin1 string of its bytes: UTF-8 where it can be, else windows-1252. */
export function decodeBytes(latin1: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is exactly US-ASCII.
  if (/^[\x00-\x7f]*$/.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    // Not TextDecoder: in Node 20 its windows-1252 leaves 0x80 to 0x9F as control characters.
    return libmime.decodeWord('windows-1252', 'B', bytes.toString('base64'));
  }
}

/** Header fields in message order, looked up by name. Names come from strangers, so no plain object is used. */
export class Headers {
  readonly fields: readonly HeaderField[];
  private readonly byKey: ReadonlyMap<string, readonly HeaderField[]>;

  constructor(fields: readonly HeaderField[]) {
    this.fields = fields;
    const byKey = new Map<string, HeaderField[]>();
    for (const field of fields) {
      const same = byKey.get(field.key);
      if (same) same.push(field);
      else byKey.set(field.key, [field]);
    }
    this.byKey = byKey;
  }

  /** All fields of that name (lower case), in message order. */
  all(key: string): readonly HeaderField[] {
    return this.byKey.get(key) ?? [];
  }

  /** The first field of that name (lower case). */
  first(key: string): HeaderField | undefined {
    return this.all(key)[0];
  }
}
