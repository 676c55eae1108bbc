import { type HostileMail, hostile, many, megabyteOf } from './write.ts';

const mixed = (parts: string, subtype = 'mixed') => ({
  head: ['MIME-Version: 1.0', `Content-Type: multipart/${subtype}; boundary=b`],
  body: `${parts}\r\n--b--`,
});

const typed = (type: string, body: string, encoding?: string) => ({
  head: [
    'MIME-Version: 1.0',
    `Content-Type: ${type}`,
    ...(encoding === undefined ? [] : [`Content-Transfer-Encoding: ${encoding}`]),
  ],
  body,
});

const text = '--b\r\nContent-Type: text/plain\r\n\r\nThe text.\r\n';

/** A message in a message in a message. */
function nestedMessage(depth: number, disposition: string): string {
  let inner = 'Subject: innermost\r\n\r\nThe innermost text.';
  for (let level = depth; level > 0; level -= 1) {
    inner =
      `Subject: level ${level}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=n${level}\r\n\r\n` +
      `--n${level}\r\nContent-Type: message/rfc822\r\n${disposition}\r\n${inner}\r\n--n${level}--`;
  }
  return inner;
}

const nestedParts = (depth: number) =>
  many(depth, (i) => `--d${i}\r\nContent-Type: multipart/mixed; boundary=d${i + 1}\r\n\r\n`);

/** Parts by the thousand, in and beside each other, and boundaries that are none. */
export const STRUCTURES: readonly HostileMail[] = [
  hostile('nested-parts-10000', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=d0'],
    body: `${nestedParts(10_000)}--d10000\r\n\r\nThe text.`,
  })),
  hostile('nested-parts-then-boundaries', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=d0'],
    body: `${nestedParts(10_000)}--d10000\r\n\r\n${megabyteOf('--d\r\n').repeat(2)}`,
  })),
  hostile('nested-parts-of-like-boundaries', () => {
    const boundary = (index: number) => 'p'.repeat(57) + String(index).padStart(3, '0');
    const type = (index: number) => `Content-Type: multipart/mixed; boundary=${boundary(index)}`;
    const opened = many(98, (index) => `--${boundary(index)}\r\n${type(index + 1)}\r\n\r\n`);
    const lines = megabyteOf(`--${boundary(999)}\r\n`).repeat(2);
    return { head: ['MIME-Version: 1.0', type(0)], body: `${opened}--${boundary(98)}\r\n\r\n${lines}` };
  }),
  hostile('nested-parts-of-one-boundary', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b'],
    body: many(10_000, () => '--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'),
  })),
  hostile('attachments-20000-of-one-byte', () =>
    mixed(
      text + many(20_000, (i) => `--b\r\nContent-Type: application/octet-stream; name=f${i}\r\n\r\nx\r\n`),
    ),
  ),
  hostile('parts-20000-without-header', () => mixed(text + many(20_000, () => '--b\r\n\r\nx\r\n'))),
  hostile('parts-100000-empty', () => mixed(text + many(100_000, () => '--b\r\n'))),
  hostile('messages-50-deep-attached', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: message/rfc822', 'Content-Disposition: attachment'],
    body: nestedMessage(50, 'Content-Disposition: attachment\r\n'),
  })),
  hostile('messages-50-deep-inline', () =>
    mixed(
      `${text}--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n` +
        nestedMessage(50, 'Content-Disposition: inline\r\n'),
    ),
  ),
  hostile('messages-500-deep-inline', () =>
    mixed(`${text}--b\r\nContent-Type: message/rfc822\r\n\r\n${nestedMessage(500, '')}`),
  ),
  hostile('digest-of-300', () =>
    mixed(
      many(
        300,
        (i) => `--b\r\n\r\nFrom: m${i}@digest.example\r\nSubject: message ${i}\r\n\r\nText ${i}.\r\n`,
      ),
      'digest',
    ),
  ),
  hostile('boundary-of-a-megabyte', () => {
    const boundary = megabyteOf('B');
    return {
      head: ['MIME-Version: 1.0', `Content-Type: multipart/mixed; boundary="${boundary}"`],
      body: `--${boundary}\r\n\r\nThe text.\r\n--${boundary}--`,
    };
  }),
  hostile('boundary-empty', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=""'],
    body: '--\r\n\r\nThe text.\r\n----',
  })),
  hostile('boundary-missing', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed'],
    body: '--b\r\n\r\nThe text.\r\n--b--',
  })),
  hostile('boundary-never-comes', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=never'],
    body: 'The text.',
  })),
  hostile('boundary-is-the-beginning-of-another', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b'],
    body:
      '--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/plain\r\n\r\n' +
      'The text.\r\n--bb--\r\n--b--',
  })),
  hostile('two-content-types', () => ({
    head: ['Content-Type: text/plain', 'Content-Type: multipart/mixed; boundary=b'],
    body: `${text}--b--`,
  })),
  hostile('header-of-a-part-of-a-megabyte', () =>
    mixed(`${text}--b\r\nX-Huge: ${megabyteOf('x')}\r\nContent-Type: text/plain\r\n\r\nThe second text.\r\n`),
  ),
  hostile('header-of-a-part-of-addresses', () =>
    mixed(
      `${text}--b\r\nTo: ${many(20_000, (i) => `r${i}@part.example`, ',\r\n ')}\r\nFrom: ${megabyteOf('(')}x\r\n` +
        `Cc: ${megabyteOf('g:')}\r\nContent-Type: text/plain\r\n\r\nThe second text.\r\n`,
    ),
  ),
  hostile('header-of-a-part-of-encoded-words', () =>
    mixed(`${text}--b\r\nSubject: ${megabyteOf('=?utf-8?B?w6Q=?= ')}\r\n\r\nThe second text.\r\n`),
  ),
  hostile('header-of-a-part-of-references', () =>
    mixed(
      `${text}--b\r\nReferences: ${megabyteOf('<a@b> ')}\r\nDKIM-Signature: ${megabyteOf('a=b; ')}\r\n` +
        `List-Unsubscribe: ${megabyteOf('<mailto:a@b>, ')}\r\nMessage-ID: ${megabyteOf('<')}\r\n\r\nThe second text.\r\n`,
    ),
  ),
  hostile('header-of-an-attachment-of-pieces', () =>
    mixed(
      `${text}--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; ` +
        `${many(30_000, (i) => `filename*${i}*=%41`, '; ')}\r\n\r\nx\r\n`,
    ),
  ),
  hostile('header-of-an-attachment-of-quotes', () =>
    mixed(
      `${text}--b\r\nContent-Type: application/pdf; name="${megabyteOf('\\"')}\r\n` +
        `Content-Disposition: attachment; filename=${megabyteOf('=?utf-8?Q?')}\r\n\r\nx\r\n`,
    ),
  ),
  hostile('headers-of-parts-for-10-megabytes', () =>
    mixed(text + many(10, () => `--b\r\nTo: ${megabyteOf('g:;')}\r\nContent-Type: text/plain\r\n\r\nx\r\n`)),
  ),
  hostile('headers-of-1000-parts', () =>
    mixed(
      text +
        many(
          1_000,
          (i) =>
            `--b\r\nTo: ${'a@b.example, '.repeat(300)}\r\nContent-Type: text/plain; name=${i}\r\n\r\nx\r\n`,
        ),
    ),
  ),
];

/** Bodies that are long, broken, or take more when decoded. */
export const BODIES: readonly HostileMail[] = [
  hostile('one-line-of-10-megabytes', () => typed('text/plain', megabyteOf('x').repeat(10))),
  hostile('line-ends-for-2-megabytes', () => typed('text/plain', megabyteOf('\n').repeat(2))),
  hostile('carriage-returns-for-2-megabytes', () => typed('text/plain', megabyteOf('\r').repeat(2))),
  hostile('nul-for-2-megabytes', () => typed('text/plain', megabyteOf('\0').repeat(2))),
  hostile('base64-in-one-line', () => typed('text/plain', megabyteOf('QUFB').repeat(10), 'base64')),
  hostile('base64-with-garbage', () =>
    typed('text/plain; charset=utf-8', `${megabyteOf('!?\u00FF \r\n')}VGhlIHRl\r\n#eHQu====VGhl`, 'base64'),
  ),
  hostile('quoted-printable-of-equals', () =>
    typed('text/plain', megabyteOf('=').repeat(2), 'quoted-printable'),
  ),
  hostile('quoted-printable-in-one-line', () =>
    typed('text/plain', megabyteOf('=C3=A4').repeat(2), 'quoted-printable'),
  ),
  hostile('quoted-printable-of-soft-breaks', () =>
    typed('text/plain', megabyteOf('=\r\n').repeat(2), 'quoted-printable'),
  ),
  hostile('quoted-printable-of-blanks', () =>
    typed('text/plain', megabyteOf(' ').repeat(2), 'quoted-printable'),
  ),
  hostile('flowed-of-one-paragraph', () =>
    typed('text/plain; format=flowed; delsp=yes', megabyteOf('a \r\n').repeat(2)),
  ),
  hostile('flowed-of-quotes', () => typed('text/plain; format=flowed', megabyteOf('> \r\n>').repeat(2))),
  hostile('uuencoded', () =>
    typed('text/plain', `begin 644 a.txt\r\n${megabyteOf(`M${'!'.repeat(60)}\r\n`)}\`\r\nend`, 'x-uuencode'),
  ),
  hostile('html-of-open-tags', () => typed('text/html', megabyteOf('<div ').repeat(2))),
  hostile('html-of-nested-tags', () => typed('text/html', megabyteOf('<div>').repeat(2))),
  hostile('html-of-styles', () => typed('text/html', megabyteOf('<style></style ').repeat(2))),
  hostile('html-of-comments', () => typed('text/html', megabyteOf('<!--').repeat(2))),
  hostile('html-of-entities', () => typed('text/html', megabyteOf('&amp;&#x41;').repeat(2))),
  hostile('links-for-a-megabyte', () => typed('text/plain', megabyteOf('http://'))),
  hostile('combining-marks-for-a-megabyte', () =>
    typed('text/plain; charset=utf-8', `a${megabyteOf('\u00CC\u0081')}`),
  ),
  hostile('ligatures-for-2-megabytes', () =>
    typed('text/plain; charset=utf-8', megabyteOf('\u00EF\u00B7\u00BA').repeat(2)),
  ),
  hostile('iso-2022-jp-for-2-megabytes', () =>
    typed('text/plain; charset=iso-2022-jp', `\x1B$B${megabyteOf('$"').repeat(2)}`),
  ),
  hostile('iso-2022-jp-of-escapes', () =>
    typed('text/plain; charset=iso-2022-jp', megabyteOf('\x1B$B\x1B(B').repeat(2)),
  ),
  hostile('utf-7-for-2-megabytes', () => typed('text/plain; charset=utf-7', megabyteOf('+AOQ-').repeat(2))),
  hostile('utf-7-without-end', () => typed('text/plain; charset=utf-7', `+${megabyteOf('AOQA').repeat(2)}`)),
  hostile('utf-16-for-2-megabytes', () =>
    typed('text/plain; charset=utf-16le', `${megabyteOf('a\0').repeat(2)}x`),
  ),
  hostile('gb18030-for-2-megabytes', () =>
    typed('text/plain; charset=gb18030', megabyteOf('\x81\x30\x81\x30').repeat(2)),
  ),
  hostile('euc-jp-for-2-megabytes', () =>
    typed('text/plain; charset=euc-jp', megabyteOf('\xA4\xA2').repeat(2)),
  ),
  hostile('charset-of-a-megabyte', () => typed(`text/plain; charset=${megabyteOf('x')}`, 'The text.')),
  hostile('text-parts-1500-in-japanese', () =>
    mixed(
      many(1_500, () => '--b\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1B$B$"$$\x1B(B\r\n'),
    ),
  ),
  hostile('bounce-of-a-megabyte', () => ({
    head: ['Return-Path: <>', 'From: MAILER-DAEMON@hostile.example', 'Content-Type: text/plain'],
    body: megabyteOf('a@b.example:\r\n----- '),
  })),
  hostile('report-of-a-megabyte', () => ({
    head: ['MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b'],
    body:
      `${text}--b\r\nContent-Type: message/delivery-status\r\n\r\n` +
      `${megabyteOf('Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n')}\r\n` +
      `--b\r\nContent-Type: message/rfc822\r\n\r\nTo: ${megabyteOf('(')}\r\n\r\nx\r\n--b--`,
  })),
  hostile('calendar-of-a-megabyte', () => typed('text/calendar', megabyteOf('METHOD;x:\r\nMETHOD;'))),
];
