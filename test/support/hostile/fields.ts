import { type HostileMail, hostile, many, utf8 } from './write.ts';

const desk = (...fields: string[]) => ({ head: fields.map((field) => `x-desk-${field}`) });

/** As long as said in bytes, and nearly all of it characters of several bytes. */
const wide = (bytes: number) => utf8(`${'x'.repeat(bytes % 2)}${'\u00E4'.repeat(Math.floor(bytes / 2))}`);

/** An address of so many bytes. */
const addressOf = (bytes: number, letter = 'a') => `${letter.repeat(bytes - '@x.example'.length)}@x.example`;

/** Values at every length around the limits, in ASCII and beyond. */
export const LENGTHS: readonly HostileMail[] = [
  ...[254, 255, 256].flatMap((bytes) => [
    hostile(`external-id-of-${bytes}`, () => desk(`case-external-id: ${'i'.repeat(bytes)}`)),
    hostile(`external-id-of-${bytes}-wide`, () => desk(`case-external-id: ${wide(bytes)}`)),
    hostile(`customer-id-of-${bytes}`, () => desk(`customer-external-id: ${'c'.repeat(bytes)}`)),
    hostile(`address-of-${bytes}`, () => desk(`customer-email: ${addressOf(bytes)}`)),
    hostile(`from-of-${bytes}`, () => ({ head: [`From: ${addressOf(bytes, 'f')}`] })),
    hostile(`key-of-${bytes}`, () => desk(`case-custom-${'k'.repeat(bytes)}: value`)),
  ]),
  ...[997, 998, 999].flatMap((bytes) => [
    hostile(`message-id-of-${bytes}`, () => ({ head: [`Message-ID: <${'m'.repeat(bytes)}>`] })),
    hostile(`message-id-of-${bytes}-wide`, () => ({ head: [`Message-ID: <${wide(bytes)}>`] })),
    hostile(`reference-of-${bytes}`, () => ({ head: [`References: <${'r'.repeat(bytes)}>`] })),
  ]),
  ...[99, 100, 101].map((amount) =>
    hostile(`references-${amount}`, () => ({
      head: [`References: ${many(amount, (i) => `<${amount}-${i}@x>`, ' ')}`],
    })),
  ),
  ...[999, 1_000, 1_001].flatMap((amount) => [
    hostile(`recipients-${amount}`, () => ({
      head: [`To: ${many(amount, (i) => `r${i}@${amount}.example`, ', ')}`],
    })),
    hostile(`subject-of-${amount}`, () => ({ head: [`Subject: ${'s'.repeat(amount)}`] })),
    hostile(`name-of-${amount}`, () => ({
      head: [`From: ${'n'.repeat(amount)} <name-of-${amount}@hostile.example>`],
    })),
    hostile(`fields-${amount}`, () => ({ head: [many(amount - 5, () => 'X-Field: x', '\r\n')] })),
  ]),
  // Half of a character of two halves must not be left.
  hostile('subject-cut-in-a-character', () => ({
    head: [`Subject: ${'s'.repeat(999)}${utf8('\u{1F600}')}`],
  })),
  hostile('name-cut-in-a-character', () => ({
    head: [`From: "${'n'.repeat(999)}${utf8('\u{1F600}')}" <name-cut-in-a-character@hostile.example>`],
  })),
  ...[15_999, 16_000, 16_001].map((length) =>
    hostile(`header-value-of-${length}`, () => ({ head: [`X-Long: ${'v'.repeat(length)}`] })),
  ),
];

/** Names and values that are no text, or are code elsewhere. */
export const VALUES: readonly HostileMail[] = [
  hostile('proto-as-custom-field', () =>
    desk(
      'case-custom-__proto__: polluted',
      'case-custom-constructor: c',
      'customer-custom-toString: t',
      'case-custom-hasOwnProperty: h',
    ),
  ),
  hostile('proto-as-header', () => ({
    head: ['__proto__: polluted', 'constructor: c', 'toString: t', 'length: 0'],
  })),
  hostile('nul-in-values', () => ({
    head: [
      ...[
        'Subject: a\0b',
        'From: N\0ul <nul-in-values@hostile.example>',
        'To: a\0b@c.example, sup\0port@example.com',
      ],
      ...[
        'X-Nul\0Name: a\0b',
        'x-desk-case-custom-a\0b: c\0d',
        'x-desk-case-labels: a\0b, c',
        'x-desk-case-external-id: x\0y',
      ],
      ...['x-desk-customer-company: \0', 'In-Reply-To: <a\0b@c>', 'References: <\0> <a\0@b>'],
    ],
    body: 'a\0b',
  })),
  hostile('lone-surrogates', () => ({
    head: [
      ...[
        'Subject: =?utf-16be?B?2AA=?= =?utf-16be?B?3AA=?=',
        'x-desk-case-custom-\xED\xA0\x80: \xED\xB0\x80',
      ],
      ...[
        'x-desk-case-labels: =?utf-16be?B?2AA=?=, \xED\xA0\x80',
        'From: =?utf-16be?B?2AA=?= <lone-surrogates@hostile.example>',
      ],
      'Content-Type: text/plain; charset=utf-16be',
    ],
    body: '\xD8\x00\x00A\xDC\x00',
  })),
  hostile('terminal-escapes', () => ({
    head: [
      ...['Subject: \x1B[2J\x1B]0;owned\x07\x1B[31mred', 'From: \x1B[1A<terminal-escapes@hostile.example>'],
      ...[
        'x-desk-customer-email: "\x1B[5mJoe" <terminal-escapes@hostile.example>',
        'x-desk-case-labels: \x1B[7m, \x9B31m',
      ],
      ...[
        'x-desk-case-external-id: ESC-\x1B[8m',
        'x-desk-case-status: \x1B[2K',
        'x-desk-case-custom-note: a\x08\x08\x7F',
      ],
      ...[
        `x-desk-case-custom-bidi: ${utf8('\u202Eevil\u2066')}`,
        'x-desk-interaction-city: \x1B]8;;http://x\x07',
        'X-\x1B[2J: x',
      ],
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
    ],
    body:
      '--b\r\nContent-Type: text/plain\r\n\r\n\x1B[2Jtext\r\n--b\r\nContent-Type: application/\x1B[2J; name="\x1B[2Ja.txt"\r\n' +
      'Content-ID: <\x1B[2J>\r\n\r\nx\r\n--b--',
  })),
  hostile('line-ends-in-encoded-words', () => ({
    head: [
      'Subject: =?utf-8?Q?a=0D=0ABcc=3A_victim@example.com=0D=0A=0D=0Abody?=',
      'From: =?utf-8?Q?Joe=0D=0Ax-desk-case-status=3A_closed?= <line-ends-in-encoded-words@hostile.example>',
      'x-desk-case-subject: =?utf-8?B?YQ0KeC1kZXNrLWNhc2Utc3RhdHVzOiBjbG9zZWQ=?=',
      'x-desk-case-external-id: =?utf-8?Q?A=0D=0AB?=',
    ],
  })),
  hostile('address-in-encoded-word', () => ({
    head: [
      'From: =?utf-8?Q?ceo=40example.com=22=2C_=3Cceo=40example.com=3E?= <address-in-encoded-word@hostile.example>',
    ],
  })),
  hostile('raw-8-bit-header', () => ({
    head: [
      'Subject: Gr\xFC\xDFe \x93quoted\x94 \x80',
      `From: ${utf8('K\u00E4the')} <raw-8-bit-header@hostile.example>`,
    ],
  })),
  hostile('mixed-charsets', () => ({
    head: [
      `Subject: ${utf8('\u00E4')}\xE4 =?iso-8859-1?Q?=E4?= =?utf-8?Q?=E4?= =?shift_jis?B?gqA=?= =?unknown-8bit?Q?=E4?=`,
    ],
    body: `${utf8('\u00E4')}\xE4`,
  })),
  ...[
    'x-unknown',
    '',
    'utf-7',
    'hz-gb-2312',
    'base64',
    'utf-16',
    'utf-32',
    'iso-2022-kr',
    "'; drop table",
    '../../etc',
  ].map((charset, index) =>
    hostile(`charset-${index}`, () => ({
      head: [`Content-Type: text/plain; charset="${charset}"`],
      body: '+ADw-script+AD4- ~{<:Ky~} \x1B$)C\x0E0!\x0F \xE4\xF6 odd',
    })),
  ),
  hostile('iso-2022-jp-without-end', () => ({
    head: ['Content-Type: text/plain; charset=iso-2022-jp', 'Subject: =?iso-2022-jp?B?GyRCJCIkIg==?= after'],
    body: '\x1B$B$"$"\r\nx',
  })),
  ...[
    'Mon, 01 Jan 0000 00:00:00 +0000',
    'Mon, 01 Jan 99999 00:00:00 +0000',
    'Mon, 01 Jan -1 00:00:00 +0000',
  ].map((date, i) => hostile(`date-out-of-range-${i}`, () => ({ head: [`Date: ${date}`] }))),
  ...[
    'Mon, 09 Nov 2026 08:15:00 -9959',
    'Mon, 09 Nov 2026 08:15:00 --0100',
    '31 Feb 2026 25:61:61 +0000',
    '0',
    '\0',
    '',
  ].map((date, i) => hostile(`date-odd-${i}`, () => ({ head: [`Date: ${date}`] }))),
  hostile('values-that-are-none', () =>
    desk(
      ...[
        'case-status: reopened',
        'case-priority: 11',
        'case-language: xx',
        'interaction-lat: 123',
        'interaction-lng: NaN',
      ],
      ...[
        'interaction-ip-address: 999.1.1.1',
        'interaction-country-code: ZZ',
        'customer-email: nobody',
        'case-custom-a_b: c',
      ],
      ...['case-custom-: no key', 'colour: red', 'interaction-direction: sideways', 'customer-external-id:'],
    ),
  ),
  hostile('values-that-are-code', () =>
    desk(
      ...[
        "case-external-id: '; drop table cases; --",
        'case-custom-json: {"a": "\\u0000"}',
        'case-labels: {a,b}, NULL, "',
      ],
      ...[
        'customer-company: {jndi:ldap://x}',
        'case-custom-\\u0000: \\x00',
        'interaction-user-agent: ?::1 $1 %s :name',
      ],
    ),
  ),
  hostile('no-from', () => ({
    without: ['from', 'message-id', 'date', 'to', 'subject'],
    head: ['X-Only: this'],
  })),
  hostile('from-nobody', () => ({ head: ['From: <>', 'Reply-To: undisclosed-recipients:;', 'To: :;'] })),
];
