import { deflateRawSync } from 'node:zlib';
import { type HostileMail, hostile } from './write.ts';

interface Part {
  readonly type: string;
  readonly body: string | Buffer;
  readonly more?: readonly string[];
}

function multipart(type: string, ...parts: readonly Part[]) {
  return {
    head: ['MIME-Version: 1.0', `Content-Type: ${type}; boundary=b`],
    body: `${parts.map(partOf).join('\r\n')}\r\n--b--`,
  };
}

function partOf({ type, body, more = [] }: Part): string {
  const isBinary = Buffer.isBuffer(body);
  const fields = [
    `Content-Type: ${type}`,
    ...more,
    ...(isBinary ? ['Content-Transfer-Encoding: base64'] : []),
  ];
  const text = isBinary ? (body.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n') : body;
  return `--b\r\n${fields.join('\r\n')}\r\n\r\n${text}`;
}

const single = (type: string, body: Buffer, ...more: string[]) => ({
  head: ['MIME-Version: 1.0', `Content-Type: ${type}`, 'Content-Transfer-Encoding: base64', ...more],
  body: (body.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n'),
});

const TEXT: Part = { type: 'text/plain; charset=utf-8', body: 'The text.' };

/** A ZIP file of one entry, which says of itself that it is 4 GB, and whose data makes 100 MB of zeros. */
function zipBomb(): Buffer {
  const data = deflateRawSync(Buffer.alloc(100 * 1024 * 1024));
  const name = Buffer.from('bomb.txt');
  const entry = Buffer.alloc(30);
  entry.writeUInt32LE(0x04034b50, 0);
  entry.writeUInt16LE(8, 8);
  entry.writeUInt32LE(data.length, 18);
  entry.writeUInt32LE(0xffffffff, 22);
  entry.writeUInt16LE(name.length, 26);
  return Buffer.concat([entry, name, data]);
}

const calendar = (method: string) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:${method}\r\nBEGIN:VEVENT\r\nUID:1@hostile.example\r\n` +
  'DTSTART:20261109T081500Z\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:joe@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR';

const ARMOUR = '-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0hostile\r\n=abcd\r\n-----END PGP MESSAGE-----';

/** What mail carries that is none of our business to open, and what is signed or encrypted. */
export const FORMATS: readonly HostileMail[] = [
  hostile('smime-opaque', () =>
    single(
      'application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m',
      Buffer.from('0\x80enveloped'),
      'Content-Disposition: attachment; filename=smime.p7m',
    ),
  ),
  hostile('smime-signed', () =>
    multipart('multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256', TEXT, {
      type: 'application/pkcs7-signature; name=smime.p7s',
      body: Buffer.from('0\x80signature'),
    }),
  ),
  hostile('pgp-mime-encrypted', () =>
    multipart(
      'multipart/encrypted; protocol="application/pgp-encrypted"',
      { type: 'application/pgp-encrypted', body: 'Version: 1' },
      { type: 'application/octet-stream; name=encrypted.asc', body: ARMOUR },
    ),
  ),
  hostile('pgp-mime-signed', () =>
    multipart('multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512', TEXT, {
      type: 'application/pgp-signature; name=signature.asc',
      body: '-----BEGIN PGP SIGNATURE-----\r\n\r\niQ\r\n-----END PGP SIGNATURE-----',
    }),
  ),
  hostile('pgp-inline', () => ({ head: ['Content-Type: text/plain'], body: ARMOUR })),
  hostile('tnef', () =>
    multipart('multipart/mixed', TEXT, {
      type: 'application/ms-tnef; name=winmail.dat',
      body: Buffer.from([0x78, 0x9f, 0x3e, 0x22, 0, 0, 1, 6, 0x90, 8, 0, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
    }),
  ),
  hostile('calendar-request', () =>
    multipart('multipart/alternative', TEXT, {
      type: 'text/calendar; method=REQUEST',
      body: calendar('REQUEST'),
    }),
  ),
  hostile('calendar-reply', () =>
    multipart('multipart/alternative', TEXT, {
      type: 'text/calendar; method=REPLY',
      body: calendar('REPLY'),
    }),
  ),
  hostile('zip-bomb', () =>
    multipart('multipart/mixed', TEXT, {
      type: 'application/zip; name=bomb.zip',
      body: zipBomb(),
      more: ['Content-Disposition: attachment; filename=bomb.zip'],
    }),
  ),
  hostile('gzip-as-encoding', () => ({
    head: ['Content-Type: text/plain', 'Content-Transfer-Encoding: gzip', 'Content-Encoding: gzip'],
    body: 'not opened',
  })),
  hostile('file-names', () =>
    multipart(
      'multipart/mixed',
      TEXT,
      { type: 'application/pdf; name="../../etc/passwd"', body: 'x' },
      {
        type: 'application/pdf',
        body: 'x',
        more: ["Content-Disposition: attachment; filename*0*=utf-8''%e4%b8; filename*1*=%ad%00%1b[2J.pdf"],
      },
      {
        type: 'application/pdf',
        body: 'x',
        more: ['Content-Disposition: attachment; filename="=?utf-8?Q?a=0D=0Ab?="'],
      },
      { type: `application/pdf; name=${'n'.repeat(3_000)}`, body: 'x' },
      { type: 'application/pdf; name="__proto__"', body: 'x' },
      {
        type: `${'t'.repeat(300)}/${'u'.repeat(300)}`,
        body: 'x',
        more: [`Content-ID: <${'c'.repeat(3_000)}>`],
      },
    ),
  ),
];
