import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Headers } from '../message/headers.ts';
import { formatSignature, parseSignature, type Signature } from './signature.ts';
import { type MappedFields, signedText, type Unsignable } from './signed-text.ts';
import type { Finding, HmacTrust, SigningKey } from './trust.ts';

/** How far ahead of the mail server's clock a sender's may be, in seconds; more would lengthen the age that is allowed. */
const MAX_AHEAD_S = 10 * 60;

/** Bytes of a nonce, which are 22 characters: two mails never have the same one by chance. */
const NONCE_BYTES = 16;

/**
 * Whether a message carries a signature of From and of all mapped header fields. Who has read it, as every addressee of a
 * Bcc copy has, can send it again and change none of them; that it counts once is for the one to see to who records it.
 *
 * @param headers the message's own
 * @param receivedAt INTERNALDATE, by which the signature's age goes: a mail may be read long after it came
 */
export function byHmac(trust: HmacTrust, headers: Headers, receivedAt: Date, mapping: MappedFields): Finding {
  const { header, keys } = trust;
  const untrusted = (reason: string): Finding => ({ trusted: false, reason });
  const [field, ...more] = headers.all(header);
  if (field === undefined) return untrusted(`the mail has no ${header}`);
  if (more.length > 0) return untrusted(`the mail has ${header} more than once`);
  const signature = parseSignature(field.raw);
  if ('refused' in signature) return untrusted(`${header} ${signature.refused}`);
  const key = keys.find(({ id }) => id === signature.keyId);
  if (key === undefined) return untrusted(`${header} names a key that is not configured: ${signature.keyId}`);
  const untimely = ageProblem(signature, receivedAt, trust);
  if (untimely !== undefined) return untrusted(`${header} ${untimely}`);
  const text = signedText(signature, headers, mapping);
  if (typeof text === 'object') return untrusted(`${header} signs nothing: ${text.refused}`);
  const isRight = timingSafeEqual(Buffer.from(signature.mac, 'hex'), macOf(key, text));
  if (!isRight) {
    return untrusted(
      `${header} does not fit: another secret, or From or a mapped header field is not as it was signed with ${key.id}`,
    );
  }
  return {
    trusted: true,
    reason: `${header} is right, signed with ${key.id}`,
    covered: mapping.carried(headers).map(({ key }) => key),
    nonces: [{ value: signature.nonce, keyId: key.id }],
    senderWhy: `${header} signs it`,
  };
}

/** Why a signature was made too early or too late for the mail; undefined where it was not. */
function ageProblem({ time }: Signature, receivedAt: Date, { max_age }: HmacTrust): string | undefined {
  const received = receivedAt.getTime();
  const made = `was made at ${new Date(time * 1000).toISOString().replace('.000Z', 'Z')}`;
  if (received - time * 1000 > max_age) return `${made}, which is older than max_age allows`;
  if (time * 1000 - received > MAX_AHEAD_S * 1000) {
    return `${made}, which is later than the mail was received: the clock of the sending system is ahead`;
  }
  return undefined;
}

function macOf({ secret }: SigningKey, text: string): Buffer {
  return createHmac('sha256', Buffer.from(secret, 'utf8')).update(text, 'utf8').digest();
}

/** A nonce that no other mail has. */
export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

/**
 * Signs From and all mapped header fields of a message.
 *
 * @param at when, in Unix seconds
 * @returns the body of the signature field, or why there can be none
 */
export function sign(
  key: SigningKey,
  headers: Headers,
  mapping: MappedFields,
  { at, nonce }: { readonly at: number; readonly nonce: string },
): string | Unsignable {
  const signature = { keyId: key.id, time: at, nonce };
  const text = signedText(signature, headers, mapping);
  if (typeof text === 'object') return text;
  return formatSignature({ ...signature, mac: macOf(key, text).toString('hex') });
}
