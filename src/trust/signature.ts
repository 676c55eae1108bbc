/** A signature as its header field holds it: `v=1; k=KEYID; t=UNIXSECONDS; n=NONCE; s=64 hex digits`. */
export interface Signature {
  /** Which key it was made with. */
  readonly keyId: string;
  /** When it was made, in Unix seconds. */
  readonly time: number;
  /** Counts for one mail. */
  readonly nonce: string;
  /** HMAC-SHA256, in hexadecimal digits. */
  readonly mac: string;
}

/** The field where the configuration names no other. */
export const SIGNATURE_HEADER = 'x-mailcase-signature';

/** What a key may be called: it stands in the field as it is, between `k=` and a semicolon. */
export const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** At least 16 characters, so that no two mails come to the same one by chance. */
export const NONCE = /^[A-Za-z0-9_-]{16,64}$/;

/** Room for all tags at their longest, and for folding; what is longer is no signature. In characters. */
const MAX_CHARACTERS = 500;

/** Twelve digits of seconds reach beyond the year 30000, and every such time is a date. */
const TAGS: Readonly<Record<string, { form: RegExp; what: string }>> = {
  v: { form: /^1$/, what: 'version 1' },
  k: { form: KEY_ID, what: 'id of a key' },
  t: { form: /^[0-9]{1,12}$/, what: 'time in Unix seconds' },
  n: { form: NONCE, what: 'nonce of 16 to 64 letters, digits, - and _' },
  s: { form: /^[0-9A-Fa-f]{64}$/, what: 'signature of 64 hexadecimal digits' },
};

const TAG = /^[ \t]*([^ \t=]*)[ \t]*=[ \t]*(.*?)[ \t]*$/s;

/**
 * Reads the body of a signature field.
 *
 * @param raw unfolded
 * @returns the signature, or what is wrong with it, as a sentence about the field that begins with its verb
 */
export function parseSignature(raw: string): Signature | { readonly refused: string } {
  if (raw.length > MAX_CHARACTERS) return { refused: 'is too long for a signature' };
  const tags = new Map<string, string>();
  for (const part of raw.split(';')) {
    const [, name, value] = TAG.exec(part) ?? [];
    if (name === undefined || value === undefined) return { refused: 'is no list of tags (v=1; k=…)' };
    const tag = Object.hasOwn(TAGS, name) ? TAGS[name] : undefined;
    if (tag === undefined) return { refused: 'has a tag that is not one of v, k, t, n and s' };
    if (tags.has(name)) return { refused: `has ${name}= more than once` };
    if (!tag.form.test(value)) return { refused: `has no ${tag.what} in ${name}=` };
    tags.set(name, value);
  }
  const [keyId, time, nonce, mac] = ['k', 't', 'n', 's'].map((name) => tags.get(name));
  const missing = Object.keys(TAGS).find((name) => !tags.has(name));
  if (keyId === undefined || time === undefined || nonce === undefined || mac === undefined || missing) {
    return { refused: `has no ${missing}=` };
  }
  return { keyId, time: Number(time), nonce, mac };
}

/** The body of a signature field. */
export function formatSignature({ keyId, time, nonce, mac }: Signature): string {
  return `v=1; k=${keyId}; t=${time}; n=${nonce}; s=${mac}`;
}
