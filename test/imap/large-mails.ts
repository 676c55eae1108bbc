import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mail } from '../support/mail.ts';

export interface LargeMail {
  readonly name: string;
  readonly source: string | Buffer;
}

const TO = 'support@example.com';
const from = (Subject: string) => ({ From: 'Ann Asker <ann@asker.example>', To: TO, Subject });
const text = (body: string, header = 'Content-Type: text/plain; charset=utf-8') => `${header}\r\n\r\n${body}`;
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
const noise = (bytes: number) => base64(Buffer.alloc(bytes, 'PDF, not really. '));

export const file = (name: string, bytes: number, disposition = 'attachment') =>
  `Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: ${disposition}; ${name}\r\n\r\n${noise(bytes)}`;

/** A multipart of these parts, with or without its own header. */
export const multipart = (type: string, boundary: string, parts: readonly string[]) => ({
  header: `multipart/${type}; boundary="${boundary}"`,
  body: `This is no text.\r\n${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\nNor this.`,
});

const inner = (type: string, boundary: string, parts: readonly string[]) => {
  const { header, body } = multipart(type, boundary, parts);
  return `Content-Type: ${header}\r\n\r\n${body}`;
};

function of(
  name: string,
  { header, body }: { header: string; body: string },
  more: Record<string, string> = {},
): LargeMail {
  return { name, source: mail({ ...from(name), 'Content-Type': header, ...more }, body) };
}

const IMAGE = `Content-Type: image/png; name=logo.png\r\nContent-ID: <logo@asker.example>\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n${noise(30_000)}`;
const HTML = text(
  '<p>Gr=C3=BC=C3=9Fe</p>',
  'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable',
);
const BODY = 'Is the lamp there?\r\n\r\nAnn\r\n';
const CALENDAR =
  'Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n';
const RETURNED = `Content-Type: message/rfc822\r\n\r\nMessage-ID: <news-1@example.com>\r\nFrom: news@example.com\r\nTo: joe@customer.example\r\nSubject: News\r\n\r\n${'What is new. '.repeat(4)}\r\n`;
const STATUS =
  'Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; joe@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n';

/** Each above 20 KB, in the shapes that mail programs write. */
export const LARGE_MAILS: readonly LargeMail[] = [
  { name: 'one text', source: mail(from('one text'), 'A line of text, 1.\r\n'.repeat(2_000)) },
  {
    name: 'one file',
    source: mail(
      {
        ...from('one file'),
        'MIME-Version': '1.0',
        'Content-Type': 'application/pdf; name="a.pdf"',
        'Content-Transfer-Encoding': 'base64',
      },
      noise(30_000),
    ),
  },
  of(
    'mixed',
    multipart('mixed', '=_m', [text(BODY), file('filename="a.pdf"', 30_000), file('filename="b.pdf"', 100)]),
  ),
  of(
    'alternative in mixed with an image',
    multipart('mixed', 'm', [
      inner('alternative', 'a', [text(BODY), inner('related', 'r', [HTML, IMAGE])]),
      file('filename="a.pdf"', 30_000),
    ]),
  ),
  of(
    'multiparts in one another',
    multipart('mixed', 'outer', [
      inner('mixed', 'outer-2', [inner('mixed', 'outer-3', [text(BODY), file('filename=c.pdf', 30_000)])]),
      text('A footer of the list.'),
    ]),
  ),
  of(
    'signed',
    multipart('signed; protocol="application/pgp-signature"', 's', [
      inner('mixed', 'm', [text(BODY), file('filename="a.pdf"', 30_000)]),
      'Content-Type: application/pgp-signature; name=signature.asc\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n',
    ]),
  ),
  of(
    'names in pieces and in percents',
    multipart('mixed', 'b', [
      text(BODY),
      file("filename*0*=UTF-8''Gr%C3%BC%C3%9Fe%20aus; filename*1*=%20K%C3%B6ln.pdf", 30_000),
      file('filename="=?utf-8?B?R3LDvMOfZS5wZGY=?="', 10),
      'Content-Type: application/octet-stream; name=plain.bin\r\nContent-Disposition: inline\r\n\r\nx',
    ]),
  ),
  of(
    'encoded texts',
    multipart('mixed', 'b', [
      text(
        base64(Buffer.from('Grüße aus Köln, '.repeat(20))),
        'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: base64',
      ),
      text(
        'Gr=FC=DFe, softly=\r\n broken',
        'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable',
      ),
      HTML,
      file('filename=a.pdf', 30_000),
    ]),
  ),
  of(
    'iso-2022-jp',
    multipart('mixed', 'b', [
      text('\x1b$B$3$s$K$A$O\x1b(B', 'Content-Type: text/plain; charset=iso-2022-jp'),
      file('filename=a.pdf', 30_000),
    ]),
  ),
  of(
    'a message attached',
    multipart('mixed', 'b', [
      text(BODY),
      `Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=old.eml\r\n\r\n${mail({ ...from('old') }, 'x'.repeat(70).concat('\r\n').repeat(3_000))}`,
    ]),
  ),
  of(
    'a bounce with all of what it returns',
    multipart('report; report-type=delivery-status', 'b', [
      text('It did not arrive.'),
      STATUS,
      `${RETURNED}${'x'.repeat(70).concat('\r\n').repeat(3_000)}`,
    ]),
    { From: 'MAILER-DAEMON@mx.example', 'Return-Path': '<>' },
  ),
  of(
    'a calendar reply',
    multipart('mixed', 'b', [
      inner('alternative', 'a', [text(BODY), CALENDAR]),
      file('filename=invite.ics', 30_000),
    ]),
  ),
  of(
    'a text that is a file',
    multipart('mixed', 'b', [
      text(BODY),
      text(
        'a line of a log\r\n'.repeat(3_000),
        'Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.log',
      ),
    ]),
  ),
  of(
    'parts without a header, and empty ones',
    multipart('mixed', 'b', [
      `\r\n${BODY}`,
      'Content-Type: text/html\r\n\r\n',
      'Content-Type: application/pdf; name=empty.pdf\r\n\r\n',
      file('filename=a.pdf', 30_000),
    ]),
  ),
  of(
    'a digest',
    multipart(
      'digest',
      'b',
      [1, 2, 3].map(
        (n) => `\r\nSubject: ${n}\r\nFrom: a@b.example\r\n\r\n${'x'.repeat(70).concat('\r\n').repeat(300)}`,
      ),
    ),
  ),
  of('a boundary with a comment and spaces', {
    ...multipart('mixed', 'b b', [text(BODY), file('filename=a.pdf', 30_000)]),
    header: 'multipart/mixed;\r\n boundary="b b" (a comment)',
  }),
  of(
    'a boundary twice',
    multipart('mixed', 'b', [inner('alternative', 'b', [text(BODY), HTML]), file('filename=a.pdf', 30_000)]),
  ),
  of('no boundary', {
    header: 'multipart/mixed',
    body: `${BODY}\r\n${'x'.repeat(70).concat('\r\n').repeat(500)}`,
  }),
  of('a boundary in German', multipart('mixed', 'grün', [text(BODY), file('filename=a.pdf', 30_000)])),
  of('a type that is none', { header: 'text', body: 'A line of text, 1.\r\n'.repeat(2_000) }),
];

const CORPUS = fileURLToPath(new URL('../mail', import.meta.url));

/** The mails of test/mail, as they came. */
export function corpus(): LargeMail[] {
  return readdirSync(CORPUS)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => ({ name, source: readFileSync(join(CORPUS, name)) }));
}
