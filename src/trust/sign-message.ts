import { readHeaderBlock } from '../message/header-block.ts';
import { Headers } from '../message/headers.ts';
import { sign } from './hmac.ts';
import type { MappedFields, Unsignable } from './signed-text.ts';
import type { SigningKey } from './trust.ts';

/** How a message is signed. */
export interface Signing {
  readonly key: SigningKey;
  /** The name of the field that carries the signature, in lower case. */
  readonly header: string;
  readonly mapping: MappedFields;
  /** In Unix seconds. */
  readonly at: number;
  readonly nonce: string;
}

/** A signature for a message, and where it goes. */
export interface Signed {
  /** The header field, without the end of its line. */
  readonly field: string;
  /** The message with the field on top; all its other bytes are as they were. */
  readonly source: Buffer;
  /** What was signed. */
  readonly headers: Headers;
}

/**
 * Signs a message as it stands in a file.
 *
 * @param source any line endings: the field gets those of the message
 * @returns why it cannot be signed, as a part of a sentence
 */
export function signMessage(source: Buffer, signing: Signing): Signed | Unsignable {
  const { key, header, mapping, at, nonce } = signing;
  const headers = new Headers(readHeaderBlock(source, false));
  if (headers.first(header)) {
    return {
      refused: `the mail has ${header} already, and a signature is made once, by whoever sends the mail`,
    };
  }
  const signature = sign(key, headers, mapping, { at, nonce });
  if (typeof signature === 'object') return signature;
  const field = `${header}: ${signature}`;
  const top = headerStart(source);
  const line = Buffer.from(`${field}${lineEnding(source)}`);
  return { field, source: Buffer.concat([source.subarray(0, top), line, source.subarray(top)]), headers };
}

/** Behind the line that an mbox has before a message (see readHead); mostly at the very beginning. */
function headerStart(source: Buffer): number {
  const isMbox = /^(?:From|POST) /i.test(source.toString('latin1', 0, 'From '.length));
  return isMbox ? source.indexOf('\n') + 1 : 0;
}

/** That of the first line. */
function lineEnding(source: Buffer): string {
  const lf = source.indexOf('\n');
  return lf > 0 && source[lf - 1] !== 0x0d ? '\n' : '\r\n';
}
