import { createHmac } from 'node:crypto';
import { onTop } from './letters.ts';

export interface Key {
  readonly id: string;
  readonly secret: string;
}

/** The keys of the mailbox: the one that is in use, and the one before it. */
export const KEYS = [
  { id: '2026-11', secret: 'the-key-of-november-0123456789-abcdef' },
  { id: '2026-10', secret: 'the-key-of-october-0123456789-abcdefg' },
] as const satisfies readonly Key[];

/** One that was taken out of the configuration. */
export const RETIRED: Key = { id: '2026-01', secret: 'the-key-of-january-0123456789-abcdefg' };

export const SIGNATURE_HEADER = 'x-mailcase-signature';

export interface HmacOptions {
  readonly key?: Key;
  /** Seconds since 1970; now without. */
  readonly t?: number;
  readonly n?: string;
  /** From and mapped fields as they are signed, where not those of the message: `from=…`, `name:value`. */
  readonly lines?: readonly string[];
}

let nonces = 0;

/** A nonce that no other mail of this run has. */
export function nonce(): string {
  nonces += 1;
  return `nonce-${process.pid}-${String(nonces).padStart(12, '0')}`;
}

export const now = () => Math.floor(Date.now() / 1_000);

/**
 * Signs a message as the README says, and puts the field on top. Written apart from what mailcase signs and verifies
 * with; it knows the plain values that the table's mails have, in one line each.
 */
export function hmacSigned(message: string, options: HmacOptions = {}): string {
  return onTop(message, `${SIGNATURE_HEADER}: ${signatureOf(message, options)}`);
}

/** The value of the field. */
export function signatureOf(message: string, options: HmacOptions = {}): string {
  const { key = KEYS[0], t = now(), n = nonce(), lines = signedLines(message) } = options;
  const text = ['mailcase-signature-v1', `k=${key.id}`, `t=${t}`, `n=${n}`, ...lines];
  const mac = createHmac('sha256', key.secret)
    .update(text.map((line) => `${line}\n`).join(''), 'utf8')
    .digest('hex');
  return `v=1; k=${key.id}; t=${t}; n=${n}; s=${mac}`;
}

/** What is signed of a message beside key, time and nonce. */
export function signedLines(message: string): string[] {
  const head = message.slice(0, message.indexOf('\r\n\r\n')).split('\r\n');
  const fields = head.map((line) => {
    const colon = line.indexOf(':');
    return { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() };
  });
  const from = /<([^<>]*)>$/.exec(fields.find(({ name }) => name === 'from')?.value ?? '')?.[1] ?? '';
  const mapped = fields
    .filter(({ name, value }) => name.startsWith('x-desk-') && value !== '')
    .map(({ name, value }) => ({
      name,
      value: name === 'x-desk-customer-email' ? value.replaceAll('"', '') : value,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return [`from=${from.toLowerCase()}`, ...mapped.map(({ name, value }) => `${name}:${value}`)];
}
