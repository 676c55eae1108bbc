import { readHeaderBlock } from '../../src/message/header-block.ts';
import { Headers } from '../../src/message/headers.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { newNonce, sign } from '../../src/trust/hmac.ts';
import type { SigningKey } from '../../src/trust/trust.ts';

/** The key that the tests' mailboxes know. */
export const KEY: SigningKey = { id: '2026-11', secret: 'a signing key of the tests, long enough' };

/** Trust by signatures as a configuration has it. */
export const HMAC = { hmac: { keys: [KEY] } };

export interface Signing {
  readonly key?: SigningKey;
  /** Unix seconds; now where it is left out. */
  readonly at?: number;
  readonly nonce?: string;
}

/** A mail with its signature on top. */
export function signed(
  source: string,
  { key = KEY, at = unixNow(), nonce = newNonce() }: Signing = {},
): string {
  const headers = new Headers(readHeaderBlock(Buffer.from(source), false));
  const signature = sign(key, headers, headerMapping({ prefix: 'x-desk-' }), { at, nonce });
  if (typeof signature === 'object') throw new Error(signature.refused);
  return `x-mailcase-signature: ${signature}\r\n${source}`;
}

export function unixNow(): number {
  return Math.trunc(Date.now() / 1000);
}
