import type { HeaderField } from './headers.ts';

/** What must not be stored of a message: a header field that carries a shared secret, and the secret itself. */
export interface Redaction {
  /** Field name in lower case. Its body is overwritten whether the value is right or wrong. */
  readonly header: string;
  /** The shared secret; overwritten wherever it stands. */
  readonly value: string;
}

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const ASTERISK = 0x2a;

/**
 * How much of a message is looked at in one go, in bytes: a text of all of it would be held beside its bytes, and texts
 * from about a megabyte on are kept outside of V8's heap, where they wait long to be collected.
 */
const WINDOW_BYTES = 128 * 1024;

/**
 * Overwrites secrets in the bytes of a message, in place of the same length, so that part offsets stay true.
 *
 * Covers the field's body (folded too, in the message itself and in unencoded messages inside it) and every occurrence
 * of the value: as it is, in quoted-printable, in encoded words of both kinds (RFC 2045, RFC 2047), in base64, and in
 * UTF-16, as it is and in base64.
 *
 * @param source is written to: of a message of megabytes there shall be no second copy
 * @returns the source
 */
export function redactSource(source: Buffer, redactions: readonly Redaction[]): Buffer {
  for (const redaction of redactions) redactOne(source, redaction);
  return source;
}

/** Made once for each secret, for every mail is searched. */
const findersOf = new WeakMap<Redaction, readonly Finder[]>();

function makeFinders({ header, value: text }: Redaction): readonly Finder[] {
  const value = Buffer.from(text, 'utf8');
  const wide = Buffer.from(text, 'utf16le');
  const field = new RegExp(`^${literal(header)}[ \\t]{0,${MAX_BLANKS}}:`, 'gim');
  return [
    { pattern: field, overwrite: overwriteField },
    { pattern: quotedPrintable(value), overwrite: overwriteQuoted },
    ...base64Of(value),
    ...[wide, Buffer.from(wide).swap16()].flatMap((each) => [
      { pattern: new RegExp(literal(each.toString('latin1')), 'g'), overwrite: overwriteWide },
      ...base64Of(each),
    ]),
  ];
}

function redactOne(source: Buffer, redaction: Redaction): void {
  const finders = findersOf.get(redaction) ?? makeFinders(redaction);
  findersOf.set(redaction, finders);
  // Whatever is found is shorter than this, but for a field's body, of which only the beginning is looked for.
  const wideLength = Buffer.byteLength(redaction.value, 'utf16le');
  const overlap = redaction.header.length + MAX_BLANKS + LONGEST_OF_A_BYTE * (wideLength + 1);
  const overwrittenTo = new Map<RegExp, number>();
  for (let start = 0; start < source.length; start += WINDOW_BYTES) {
    const from = Math.max(0, start - overlap);
    const read = () => source.toString('latin1', from, start + WINDOW_BYTES);
    let text = read();
    for (const { pattern, overwrite } of finders) {
      const findings = [...text.matchAll(pattern)];
      for (const { 0: found, index } of findings) {
        const at = from + index;
        // A field may go on for megabytes, with a thousand of its own name in it: it is overwritten once.
        if (at >= (overwrittenTo.get(pattern) ?? 0)) overwrittenTo.set(pattern, overwrite(source, at, found));
      }
      // What one has overwritten is no finding of the next.
      if (findings.length > 0) text = read();
    }
  }
}

/** What is looked for in a window, and how a finding is overwritten where it stands. */
interface Finder {
  readonly pattern: RegExp;
  /** @returns up to where it has overwritten */
  readonly overwrite: (bytes: Buffer, start: number, found: string) => number;
}

/** Blanks between a field's name and its colon: RFC 5322 (section 4.5.8) allows any number, nobody writes any. */
const MAX_BLANKS = 1_000;

/** A byte as =HH behind a soft line break, or as a base64 character behind a line break, takes no more than this. */
const LONGEST_OF_A_BYTE = 6;

/** Overwrites a field's body to its end, whatever lines it is folded over. @param found its name and colon */
function overwriteField(bytes: Buffer, start: number, found: string): number {
  // What a window begins with is the beginning of a line only if a line ends before it.
  if (start > 0 && bytes[start - 1] !== LF && bytes[start - 1] !== CR) return start;
  for (let at = start + found.length; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === LF && bytes[at + 1] !== SPACE && bytes[at + 1] !== TAB) return at;
    if (byte === CR || byte === LF || byte === SPACE || byte === TAB) continue;
    bytes[at] = ASTERISK;
  }
  return bytes.length;
}

/** The value as it is, any of its bytes written as =HH, soft line breaks anywhere (RFC 2045, section 6.7). */
function quotedPrintable(value: Buffer): RegExp {
  const bytes = [...value].map((byte) => {
    const hex = byte.toString(16).padStart(2, '0');
    const pairs = [...hex].map((digit) => `[${digit}${digit.toUpperCase()}]`).join('');
    // In encoded words, a space is an underscore.
    return `(?:${literal(String.fromCharCode(byte))}|=${pairs}${byte === 0x20 ? '|_' : ''})`;
  });
  return new RegExp(bytes.join('(?:=\\r?\\n)?'), 'g');
}

/** Asterisks of two bytes, in whichever order. */
function overwriteWide(bytes: Buffer, start: number, found: string): number {
  for (let at = start; at < start + found.length; at += 1) if (bytes[at] !== 0) bytes[at] = ASTERISK;
  return start + found.length;
}

function overwriteQuoted(bytes: Buffer, start: number, found: string): number {
  bytes.write(
    found.replace(/=\r?\n|[\s\S]/g, (each) => (each.length > 1 ? each : '*')),
    start,
    'latin1',
  );
  return start + found.length;
}

/** Base64 of asterisks: three bytes are four of these. */
const BASE64_OF_ASTERISKS = 'Kioq';

/**
 * Base64 takes three bytes at a time, so a value looks different by where it begins in a group: behind none, one or two
 * bytes. Characters that hold bits of a neighbour too are left.
 */
function base64Of(value: Buffer): Finder[] {
  return [0, 1, 2].map((before) => {
    const start = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + value.length) * 8) / 6);
    const characters = Buffer.concat([Buffer.alloc(before), value])
      .toString('base64')
      .slice(start, end);
    return {
      pattern: new RegExp([...characters].map(literal).join('\\r?\\n?'), 'g'),
      overwrite: (bytes: Buffer, at: number, found: string) => {
        let position = start;
        const overwritten = found.replace(/[^\r\n]/g, () =>
          BASE64_OF_ASTERISKS.charAt(position++ % BASE64_OF_ASTERISKS.length),
        );
        bytes.write(overwritten, at, 'latin1');
        return at + found.length;
      },
    };
  });
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/** Overwrites secrets in decoded text (a body part may have been base64 or quoted-printable in the bytes). */
export function redactText(text: string, redactions: readonly Redaction[]): string {
  return redactions.reduce((rest, { value }) => rest.replaceAll(value, '*'.repeat(value.length)), text);
}

/** Overwrites secrets in a header field; where an encoded word carried one, the field is kept as it was decoded. */
export function redactField(field: HeaderField, redactions: readonly Redaction[]): HeaderField {
  const value = redactText(field.value, redactions);
  const raw = value === field.value ? redactText(field.raw, redactions) : value;
  return { ...field, name: redactText(field.name, redactions), value, raw };
}
