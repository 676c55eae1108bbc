import { type HostileMail, hostile, many, megabyteOf } from './write.ts';

/** Half as much, for fields of which there are two: a header is read up to 2 MB. */
const halfOf = (text: string) => text.repeat(500_000 / text.length);

const WORD = '=?utf-8?B?w6TDtsO8?=';

/** Headers of a megabyte, in several shapes. */
export const HUGE_HEADERS: readonly HostileMail[] = [
  hostile('one-field-of-a-megabyte', () => ({ head: [`X-Huge: ${megabyteOf('x')}`] })),
  hostile('one-field-folded-for-a-megabyte', () => ({ head: [`X-Huge: a${megabyteOf('\r\n x')}`] })),
  hostile('fields-for-a-megabyte', () => ({
    head: [many(20_000, (i) => `X-Many-${i}: ${'x'.repeat(40)}`, '\r\n')],
  })),
  hostile('empty-fields-for-a-megabyte', () => ({ head: [many(30_000, () => 'X: ', '\r\n')] })),
  hostile('encoded-words-for-a-megabyte', () => ({ head: [`X-Huge: ${megabyteOf(`${WORD} `)}`] })),
  hostile('subject-of-a-megabyte', () => ({ head: [`Subject: ${megabyteOf('subject ')}`] })),
  hostile('subject-of-a-megabyte-of-encoded-words', () => ({
    head: [`Subject: ${megabyteOf(`${WORD}\r\n `)}end`],
  })),
  hostile('subject-of-words-without-end', () => ({ head: [`Subject: ${megabyteOf('=?utf-8?Q?')}`] })),
  hostile('subject-of-one-encoded-word', () => ({ head: [`Subject: =?utf-8?B?${megabyteOf('w6Q=')}?=`] })),
  hostile('subject-in-many-charsets', () => ({
    head: [
      `Subject: ${megabyteOf('=?iso-2022-jp?B?GyRCJCI=?= =?utf-7?Q?+AOQ-?= =?gb18030?Q?=81?= =?x?Q?=ff?= ')}`,
    ],
  })),
  hostile('blanks-for-a-megabyte', () => ({
    head: [`Subject: a${halfOf(' ')}b`, `Date: 1${halfOf(' ')}x 1:11`],
  })),
  hostile('date-of-brackets', () => ({ head: [`Date: ${megabyteOf('(')}Mon, 09 Nov 2026 08:15:00 +0000`] })),
  hostile('colons-without-names', () => ({ head: [many(15_000, () => ': x', '\r\n'), 'X-Last: y'] })),
  hostile('one-name-of-a-megabyte', () => ({ head: [`${megabyteOf('N')}: value`] })),
  hostile('header-of-three-megabytes', () => ({ head: [`X-Huge: ${megabyteOf('x').repeat(3)}`] })),
  hostile('content-type-of-a-megabyte', () => ({
    head: [`Content-Type: text/plain; ${megabyteOf('a=b; ')}charset=utf-8`],
  })),
  hostile('content-type-of-continuations', () => ({
    head: [`Content-Type: text/plain; ${many(30_000, (i) => `name*${i}*=%41`, '; ')}`],
  })),
  hostile('content-type-of-comments', () => ({
    head: [`Content-Type: ${megabyteOf('(')}text/plain`],
  })),
  hostile('content-type-of-quotes', () => ({ head: [`Content-Type: text/plain; a="${megabyteOf('\\"')}`] })),
  hostile('precedence-of-a-megabyte', () => ({
    head: [
      `Precedence: ${halfOf('(bulk ')}`,
      `Auto-Submitted: ${halfOf('no;(')}`,
      `List-Id: ${halfOf('<a.')}`,
    ],
  })),
  hostile('list-of-a-megabyte', () => ({
    head: [`List-Id: <${halfOf('a.')}example.com>`, `List-Post: ${halfOf('<mailto:')}`],
  })),
];

/** Addresses by the thousand, and what a parser of addresses chokes on. */
export const HUGE_ADDRESSES: readonly HostileMail[] = [
  hostile('recipients-5000', () => ({ head: [`To: ${many(5_000, (i) => `r${i}@to.example`, ',\r\n ')}`] })),
  hostile('recipients-5000-in-cc', () => ({
    head: [`Cc: ${many(5_000, (i) => `Reader ${i} <r${i}@cc.example>`, ',\r\n ')}`],
  })),
  hostile('recipients-5000-in-groups', () => ({
    head: [
      `To: ${many(100, (g) => `Group ${g}: ${many(50, (i) => `r${g}-${i}@group.example`, ', ')};`, ',\r\n ')}`,
    ],
  })),
  hostile('recipients-5000-with-encoded-names', () => ({
    head: [`To: ${many(5_000, (i) => `${WORD} <r${i}@encoded.example>`, ',\r\n ')}`],
  })),
  hostile('recipients-50000', () => ({ head: [`To: ${many(50_000, (i) => `r${i}@crowd.example`, ',')}`] })),
  hostile('recipients-of-idn', () => ({
    head: [`To: ${many(20_000, (i) => `r${i}@b\u00C3\u00BCcher${i}.example`, ',')}`],
  })),
  hostile('addresses-of-comments', () => ({ head: [`To: ${megabyteOf('(')}joe@example.com`] })),
  hostile('addresses-of-closed-comments', () => ({ head: [`To: ${megabyteOf('(a) ')}joe@example.com`] })),
  hostile('addresses-of-quotes', () => ({ head: [`To: "${halfOf('\\"')}`, `Cc: ${halfOf('"')}`] })),
  hostile('addresses-of-commas', () => ({ head: [`To: ${halfOf(',')}`, `Reply-To: ${halfOf(';')}`] })),
  hostile('addresses-of-brackets', () => ({ head: [`To: ${halfOf('<')}`, `Cc: ${halfOf('<a@b>')}`] })),
  hostile('addresses-of-at-signs', () => ({ head: [`To: ${halfOf('@')}`, `Cc: ${halfOf('a@b ')}`] })),
  hostile('addresses-of-words', () => ({ head: [`To: ${halfOf('word ')}`, `Cc: ${halfOf('w')}@x.example`] })),
  hostile('groups-in-groups', () => ({ head: [`To: ${megabyteOf('g:')}joe@example.com;`] })),
  hostile('groups-without-members', () => ({ head: [`To: ${megabyteOf('g:;')}`] })),
  hostile('name-of-a-megabyte', () => ({
    head: [`From: "${megabyteOf('n')}" <name-of-a-megabyte@hostile.example>`],
  })),
  hostile('name-of-quotes', () => ({
    head: [`From: a${megabyteOf('\u00E2\u0080\u0099')}a <name-of-quotes@hostile.example>`],
  })),
  hostile('name-of-a-megabyte-of-words', () => ({
    head: [`From: ${megabyteOf(`${WORD} `)} <name-of-a-megabyte-of-words@hostile.example>`],
  })),
  hostile('references-100000', () => ({
    head: [
      `References: ${many(100_000, (i) => `<${i}@x>`, ' ')}`,
      `In-Reply-To: ${many(3_000, (i) => `<r${i}@x>`, ' ')}`,
    ],
  })),
  hostile('references-without-end', () => ({
    head: [`References: ${halfOf('<')}`, `In-Reply-To: <${halfOf('a ')}`],
  })),
  hostile('message-id-of-a-megabyte', () => ({ head: [`Message-ID: <${megabyteOf('m')}@x>`] })),
  hostile('return-path-of-a-megabyte', () => ({
    head: [
      `Return-Path: ${halfOf(' <')}`,
      `X-Failed-Recipients: ${halfOf('a@b.example, ')}`,
      'Return-Path: <>',
    ],
  })),
];
