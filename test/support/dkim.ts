import { createHash, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';

/** A key to sign mail with, and the TXT record that says so to the world. */
export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  readonly privateKey: KeyObject;
  /** The name of its TXT record. */
  readonly name: string;
  /** The TXT record. */
  readonly record: string;
}

export interface KeyOptions {
  readonly selector?: string;
  readonly type?: 'rsa' | 'ed25519';
  readonly bits?: number;
  /** Tags before `p=` in the record; `v=DKIM1; k=TYPE; ` without. */
  readonly tags?: string;
}

/** Makes a key. @param domain the one that signs */
export function dkimKey(domain: string, options: KeyOptions = {}): DkimKey {
  const { selector = 'mail', type = 'rsa', bits = 2048, tags = `v=DKIM1; k=${type}; ` } = options;
  const { privateKey, publicKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: bits }) : generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  // An Ed25519 key stands there bare (RFC 8463, section 4.2): without the 12 bytes that say what it is.
  const p = (type === 'rsa' ? der : der.subarray(12)).toString('base64');
  const name = `${selector}._domainkey.${domain}`;
  return { domain, selector, privateKey, name, record: `${tags}p=${p}` };
}

export interface SigningOptions {
  /** `h=` as it is to stand there; every header field of the message once per occurrence without. */
  readonly h?: readonly string[];
  /** `i=`. */
  readonly i?: string;
  /** `l=`: so many bytes of the canonical body are signed. */
  readonly l?: number;
  /** `t=` and `x=`, in seconds. */
  readonly t?: number;
  readonly x?: number;
  /** `a=`; by the key's type without. */
  readonly a?: string;
  /** Tags of one's own, as they are to stand there: `z=…`. */
  readonly more?: readonly string[];
}

/**
 * Signs a message (RFC 6376), relaxed/relaxed, and puts the signature before it. Written apart from what mailcase
 * verifies with, and from how it reads signatures: where both err, they do not err together.
 *
 * @param message with CRLF as line ends
 */
export function dkimSigned(message: string, key: DkimKey, options: SigningOptions = {}): string {
  return `${dkimSignature(message, key, options)}\r\n${message}`;
}

/** The DKIM-Signature field of a message, folded, without the line end behind it. */
export function dkimSignature(message: string, key: DkimKey, options: SigningOptions = {}): string {
  const end = message.indexOf('\r\n\r\n');
  const fields = message.slice(0, end).split(/\r\n(?![ \t])/);
  const names = fields.map((field) => field.slice(0, field.indexOf(':')).trim().toLowerCase());
  const { h = names, i, l, t, x, more = [] } = options;
  const type = key.privateKey.asymmetricKeyType ?? 'rsa';
  const { a = `${type}-sha256` } = options;
  const hash = a.endsWith('sha1') ? 'sha1' : 'sha256';
  const body = relaxedBody(message.slice(end + 4));
  const bh = createHash(hash)
    .update(l === undefined ? body : body.subarray(0, l))
    .digest('base64');
  const tags = [
    ...['v=1', `a=${a}`, 'c=relaxed/relaxed', `d=${key.domain}`, `s=${key.selector}`],
    ...(i === undefined ? [] : [`i=${i}`]),
    ...(l === undefined ? [] : [`l=${l}`]),
    ...(t === undefined ? [] : [`t=${t}`]),
    ...(x === undefined ? [] : [`x=${x}`]),
    ...more,
    ...[`h=${h.join(':\r\n\t ')}`, `bh=${bh}`, 'b='],
  ];
  const unsigned = `DKIM-Signature: ${tags.join(';\r\n\t')}`;
  const left = [...fields];
  const signed = h.flatMap((name) => {
    // The last one of a name that was not signed yet; none is signed as nothing (section 5.4.2).
    const at = left.findLastIndex((field) => nameOf(field) === name.trim().toLowerCase());
    return at < 0 ? [] : left.splice(at, 1);
  });
  const text = `${signed.map((field) => `${relaxedField(field)}\r\n`).join('')}${relaxedField(unsigned)}`;
  const bytes = Buffer.from(text, 'utf8');
  const signature =
    type === 'rsa'
      ? signBytes(hash, bytes, key.privateKey)
      : signBytes(null, createHash('sha256').update(bytes).digest(), key.privateKey);
  return `${unsigned}${signature.toString('base64').replace(/.{64}(?=.)/g, '$&\r\n\t ')}`;
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(':')).trim().toLowerCase();
}

/** Section 3.4.2. */
function relaxedField(field: string): string {
  const value = field.slice(field.indexOf(':') + 1).replace(/\r\n/g, '');
  return `${nameOf(field)}:${value.replace(/[ \t]+/g, ' ').trim()}`;
}

/** Section 3.4.4. */
function relaxedBody(body: string): Buffer {
  const lines = body.replace(/[ \t]+/g, ' ').replace(/ (?=\r\n|$)/g, '');
  const trimmed = lines.replace(/(\r\n)*$/, '');
  return Buffer.from(trimmed === '' ? '' : `${trimmed}\r\n`, 'utf8');
}
