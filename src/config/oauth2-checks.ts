import { createPrivateKey } from 'node:crypto';
import { type Check, check, filledIn, webUrl } from './checks.ts';

/** A directory of Microsoft's: its id, a domain of it, or one of the words for several directories. */
export const tenantName = filledIn(
  check(
    (value) => /^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$/.test(value),
    'not a directory (tenant)',
    'write its id or one of its domains, e.g. `example.onmicrosoft.com`',
  ),
);

/** Whoever listens in on a request for a token has the mailbox. */
export const endpointUrl = webUrl({
  none: { message: 'not a URL that can be asked', cure: 'write all of it, beginning with `https://`' },
  withUser: {
    message: 'a URL with a password in it, which would be shown in the log',
    cure: 'take it out, and use `client_id` and `client_secret`',
  },
  withoutTls: {
    message: 'without TLS everybody on the way can read the tokens, so http:// is for this machine alone',
    cure: 'begin it with `https://`',
  },
});

/** scope of RFC 6749, section 3.3. */
export const oauth2Scope = check(
  (value) => /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value.trim()),
  'not a scope',
  'write the words of it with one space between them, e.g. `https://mail.google.com/`',
);

/** What is used of a service account's key. */
export interface ServiceAccount {
  /** Its address, which says who asks. */
  readonly email: string;
  /** PKCS #8, in PEM. */
  readonly privateKey: string;
  readonly keyId: string | undefined;
  /** Undefined where the key does not say where to ask. */
  readonly tokenUrl: string | undefined;
}

const KEY_CURE =
  'create a key of the kind JSON for the service account, and name its file: `key: "${file:google-key.json}"`';

/** @returns what the JSON of a key says, or what is wrong with it */
export function readServiceAccount(json: string): ServiceAccount | { message: string; cure: string } {
  let key: unknown;
  try {
    key = JSON.parse(json);
  } catch {
    return { message: 'not the JSON of a key', cure: KEY_CURE };
  }
  const {
    type,
    client_email: email,
    private_key: privateKey,
    private_key_id: keyId,
    token_uri: tokenUrl,
  } = (typeof key === 'object' && key !== null ? key : {}) as Readonly<Record<string, unknown>>;
  if (type !== 'service_account' || typeof email !== 'string' || typeof privateKey !== 'string') {
    const isClient = typeof key === 'object' && key !== null && ('installed' in key || 'web' in key);
    const message = isClient
      ? 'the JSON of an OAuth client, and not the key of a service account'
      : 'JSON, but not the key of a service account: `type`, `client_email` or `private_key` is missing';
    return { message, cure: KEY_CURE };
  }
  if (!isRsaKey(privateKey)) {
    return { message: 'its `private_key` is no RSA key that can be read', cure: KEY_CURE };
  }
  return {
    email,
    privateKey,
    keyId: typeof keyId === 'string' ? keyId : undefined,
    tokenUrl: typeof tokenUrl === 'string' && endpointUrl(tokenUrl) === undefined ? tokenUrl : undefined,
  };
}

export const serviceAccountKey: Check = (value) => {
  const read = readServiceAccount(value);
  return 'message' in read ? read : undefined;
};

function isRsaKey(pem: string): boolean {
  try {
    return pem.includes('BEGIN PRIVATE KEY') && createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

/** Bytes of a key for AES-256. */
const TOKEN_KEY_BYTES = 32;

/** The bytes of a token key as it is written: 64 hexadecimal digits, or base64 of 32 bytes. */
export function readTokenKey(value: string): Buffer | undefined {
  const text = value.trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === TOKEN_KEY_BYTES ? bytes : undefined;
}

export const tokenKey = check(
  (value) => readTokenKey(value) !== undefined,
  'not a key of 32 bytes',
  'make one with `openssl rand -base64 32`, and keep it: without it, `mailcase login` has to be run again',
);
