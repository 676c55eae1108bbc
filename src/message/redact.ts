import type { HeaderField } from './headers.ts';

/** What must not be stored of a message: a header field that carries a shared secret, and the secret itself. */
export interface Redaction {
  /** Field name in lower case. Its body is overwritten whether the value is right or wrong. */
  readonly header: string;
  /** The shared secret; overwritten wherever it stands. */
  readonly value: string;
}

/**
 * Overwrites a secret in the bytes of a message, in place of the same length, so that part offsets stay true.
 *
 * Covers the field's body (folded too, in the message itself and in unencoded messages inside it) and every occurrence
 * of the value: as it is, in quoted-printable and base64, and in encoded words of both kinds (RFC 2045, RFC 2047).
 *
 * @returns a copy; the source stays as it is
 */
export function redactSource(source: Buffer, redaction: Redaction): Buffer {
  const field = new RegExp(
    `^(${literal(redaction.header)}[ \\t]*:)([^\\r\\n]*(?:\\r?\\n[ \\t][^\\r\\n]*)*)`,
    'gim',
  );
  const value = Buffer.from(redaction.value, 'utf8');
  const text = source
    .toString('latin1')
    .replace(field, (_, head: string, body: string) => head + body.replace(/[^\r\n \t]/g, '*'))
    .replace(quotedPrintable(value), (found) =>
      found.replace(/=\r?\n|[\s\S]/g, (each) => (each.length > 1 ? each : '*')),
    );
  const redacted = [0, 1, 2].reduce((rest, shift) => overwriteBase64(rest, value, shift), text);
  return Buffer.from(redacted, 'latin1');
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

/** Base64 of asterisks: three bytes are four of these. */
const BASE64_OF_ASTERISKS = 'Kioq';

/**
 * Base64 takes three bytes at a time, so a value looks different by where it begins in a group. Characters that hold
 * bits of a neighbour too are left.
 *
 * @param shift how many bytes of its group come before the value: 0, 1 or 2
 */
function overwriteBase64(text: string, value: Buffer, shift: number): string {
  const start = Math.ceil((shift * 8) / 6);
  const end = Math.floor(((shift + value.length) * 8) / 6);
  const characters = Buffer.concat([Buffer.alloc(shift), value])
    .toString('base64')
    .slice(start, end);
  const broken = new RegExp([...characters].map(literal).join('\\r?\\n?'), 'g');
  return text.replace(broken, (found) => {
    let position = start;
    return found.replace(/[^\r\n]/g, () =>
      BASE64_OF_ASTERISKS.charAt(position++ % BASE64_OF_ASTERISKS.length),
    );
  });
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

/** Overwrites a secret in decoded text (a body part may have been base64 or quoted-printable in the bytes). */
export function redactText(text: string, redaction: Redaction): string {
  return text.replaceAll(redaction.value, '*'.repeat(redaction.value.length));
}

/** Overwrites a secret in a header field; where an encoded word carried it, the field is kept as it was decoded. */
export function redactField(field: HeaderField, redaction: Redaction): HeaderField {
  const value = redactText(field.value, redaction);
  const raw = value === field.value ? redactText(field.raw, redaction) : value;
  return { ...field, name: redactText(field.name, redaction), value, raw };
}
