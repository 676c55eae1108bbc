import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** How sealed bytes are laid out: this byte, the nonce, the encrypted text, the tag. Another layout gets another number. */
const VERSION = 1;

/** 96 bits, of which GCM makes its counter without hashing (NIST SP 800-38D, section 8.2). */
const NONCE_BYTES = 12;

const TAG_BYTES = 16;

/**
 * Encrypts a text by AES-256-GCM.
 *
 * @param key 32 bytes
 * @param belonging to what it belongs: it opens for the same alone, so that nobody can put one row's token into another
 */
export function seal(text: string, key: Uint8Array, belonging: readonly string[]): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated(belonging));
  const encrypted = [cipher.update(text, 'utf8'), cipher.final()];
  return Buffer.concat([Buffer.of(VERSION), nonce, ...encrypted, cipher.getAuthTag()]);
}

/** @returns the text; undefined where none of the keys opens it, or it belongs elsewhere, or was changed */
export function unseal(
  sealed: Uint8Array,
  keys: readonly Uint8Array[],
  belonging: readonly string[],
): string | undefined {
  const bytes = Buffer.from(sealed);
  if (bytes[0] !== VERSION || bytes.length < 1 + NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const encrypted = bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES);
  const tag = bytes.subarray(-TAG_BYTES);
  for (const key of keys) {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(associated(belonging));
    decipher.setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
    } catch {
      // Another key may be the one.
    }
  }
  return undefined;
}

/** Each part with its length before it, so that no two lists look the same. */
function associated(belonging: readonly string[]): Buffer {
  return Buffer.from(
    ['mailcase', String(VERSION), ...belonging].map((part) => `${part.length}:${part}`).join(''),
  );
}
