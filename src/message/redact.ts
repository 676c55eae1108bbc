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
 * Covers the field's body (folded too, in the message itself and in unencoded messages inside it) and every literal
 * occurrence of the value. What an attachment carries in base64 is not searched.
 *
 * @returns a copy; the source stays as it is
 */
export function redactSource(source: Buffer, redaction: Redaction): Buffer {
  const name = redaction.header.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const field = new RegExp(`^(${name}[ \\t]*:)([^\\r\\n]*(?:\\r?\\n[ \\t][^\\r\\n]*)*)`, 'gim');
  const text = source
    .toString('latin1')
    .replace(field, (_, head: string, body: string) => head + body.replace(/[^\r\n \t]/g, '*'));
  const value = Buffer.from(redaction.value, 'utf8').toString('latin1');
  return Buffer.from(text.replaceAll(value, '*'.repeat(value.length)), 'latin1');
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
