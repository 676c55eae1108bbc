import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';

/** A mail, mutated, and how the mailbox that it comes to trusts it. */
export interface FuzzMail {
  /** The files that it was made of. */
  readonly of: readonly string[];
  readonly trusted: boolean;
  readonly source: Buffer;
}

interface Original {
  readonly name: string;
  readonly source: Buffer;
}

/** What is mutated: mail written by us, and mail that nobody here wrote, where it is at hand. */
const FOLDERS = [
  '../mail/',
  '../../config/demo/',
  '../../../shared/mail/nasty/',
  '../../../shared/mail/volume/',
];

/** Larger ones only make a run slow: what they have in them, the smaller ones have too. */
const MAX_ORIGINAL_BYTES = 100_000;

/** @returns by folder, in the same order everywhere; folders that are not there are left out */
export function originals(): Original[][] {
  return FOLDERS.map((folder) => {
    const path = fileURLToPath(new URL(folder, import.meta.url));
    const names = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.eml')) : [];
    return names
      .sort()
      .map((name) => ({ name, source: readFileSync(path + name) }))
      .filter(({ source }) => source.length <= MAX_ORIGINAL_BYTES);
  }).filter((folder) => folder.length > 0);
}

/** What is put between the bytes of a mail. */
const SPLINTERS = [
  ...[
    '\0',
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\n\n',
    '\x1B[31m',
    '\x1B]0;x\x07',
    '\xFF\xFE',
    '\xC3',
    '\xED\xA0\x80',
  ],
  ...[
    '=?utf-16be?B?2AA=?=',
    '=?x?Q?=FF?=',
    '=?utf-8?B?',
    '=?iso-2022-jp?B?GyRC?=',
    '=?utf-8?Q?=0D=0ABcc:_a@b?=',
    '?=',
  ],
  ...[
    '=00',
    '=',
    '=\r\n',
    '--',
    '----',
    '"',
    '\\"',
    '<',
    '>',
    '(',
    ')',
    ',',
    ';',
    ':',
    '@',
    '%',
    "'",
    '{"a":',
    '\\u0000',
  ],
  ...[
    '; name*0*=',
    "; filename*=utf-8''%00%ff",
    '; charset=x',
    '; boundary=',
    '; format=flowed',
    '\x1B$B',
    '\x1B(B',
  ],
];

const HOSTILE_TEXTS = [
  ...[
    '',
    ' ',
    'x',
    '\0',
    '\x1B[2J',
    '\xE2\x80\xAE',
    '\xED\xA0\x80',
    '\xF0\x9F\x98\x80',
    '__proto__',
    'constructor',
  ],
  ...[
    '=?utf-8?Q?=00=1B?=',
    '=?utf-16be?B?2AA=?=',
    '"Joe" <joe@example.com>',
    '<>',
    'a@b',
    '<@>',
    'null',
    '{}',
    "'; --",
  ],
  ...[
    'reopened',
    'closed',
    'OPEN',
    'new',
    'in',
    'out',
    '0',
    '-1',
    '1e9',
    '90',
    '180.000',
    'NaN',
    'Infinity',
    '11',
  ],
  ...[
    '::1',
    '1.2.3.4',
    '256.1.1.1',
    'fe80::1%eth0',
    '::ffff:1.2.3.4',
    'es',
    'pt-BR',
    'xx',
    'SE',
    'ß',
    'a, b, a, ,',
  ],
  ...[254, 255, 256, 2_000, 3_000].map((length) => 'i'.repeat(length)),
  ...[253, 254, 255].map((length) => `${'i'.repeat(length)}\xC3\xA4`),
  ...['1970', '9999', '-1', '99999'].map((year) => `Mon, 01 Jan ${year} 00:00:00 +0000`),
];

const SUFFIXES = [
  ...['customer-email', 'customer-external-id', 'customer-company', 'customer-phone', 'customer-custom-tier'],
  ...['case-external-id', 'case-status', 'case-labels', 'case-language', 'case-priority', 'case-subject'],
  ...[
    'case-custom-__proto__',
    'case-custom-constructor',
    'customer-custom-toString',
    'case-custom-a\0b',
    'case-custom-',
  ],
  ...[
    'interaction-direction',
    'interaction-ip-address',
    'interaction-lat',
    'interaction-lng',
    'interaction-city',
  ],
  ...['interaction-region', 'interaction-country-code', 'interaction-user-agent', 'colour'],
];

/** Fields that decide, given another value; or that are no names at all. */
const NAMES = [
  ...SUFFIXES.map((suffix) => `x-desk-${suffix}`),
  ...[
    'From',
    'To',
    'Cc',
    'Reply-To',
    'Subject',
    'Date',
    'Message-ID',
    'In-Reply-To',
    'References',
    'Return-Path',
  ],
  ...[
    'Content-Type',
    'Content-Transfer-Encoding',
    'Auto-Submitted',
    'Precedence',
    'List-Id',
    '__proto__',
    'constructor',
  ],
];

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** A place in a mail, as a share of it, so that it is in any mail. */
const place = fc.double({ min: 0, max: 1, noNaN: true });

type Mutation = (source: Buffer, other: Buffer) => Buffer;

function replaced(source: Buffer, start: number, drop: number, insert: Buffer): Buffer {
  return Buffer.concat([source.subarray(0, start), insert, source.subarray(start + drop)]);
}

const at = (source: Buffer, share: number) => Math.floor(share * source.length);

/** The header, split into fields with what is folded onto them, and the rest. */
function headOf(source: Buffer): { fields: string[]; rest: string } {
  const text = source.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  return { fields: text.slice(0, end).split(/\r?\n(?![ \t])/), rest: text.slice(end) };
}

const dropped: fc.Arbitrary<Mutation> = fc.tuple(place, fc.nat(200)).map(
  ([share, amount]) =>
    (source) =>
      replaced(source, at(source, share), amount, Buffer.alloc(0)),
);

const inserted: fc.Arbitrary<Mutation> = fc
  .tuple(
    place,
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((b) => Buffer.from(b)),
      fc.constantFrom(...SPLINTERS).map(bytes),
    ),
  )
  .map(
    ([share, splinter]) =>
      (source) =>
        replaced(source, at(source, share), 0, splinter),
  );

const flipped: fc.Arbitrary<Mutation> = fc.tuple(place, fc.nat(255)).map(([share, value]) => (source) => {
  const changed = Buffer.from(source);
  if (changed.length > 0) changed[Math.min(at(source, share), changed.length - 1)] = value;
  return changed;
});

const repeated: fc.Arbitrary<Mutation> = fc
  .tuple(place, fc.nat(300), fc.integer({ min: 2, max: 40 }))
  .map(([share, length, times]) => (source) => {
    const start = at(source, share);
    const piece = source.subarray(start, start + length);
    return replaced(source, start, 0, Buffer.concat(Array.from({ length: times }, () => piece)));
  });

const spliced: fc.Arbitrary<Mutation> = fc.tuple(place, place).map(
  ([here, there]) =>
    (source, other) =>
      Buffer.concat([source.subarray(0, at(source, here)), other.subarray(at(other, there))]),
);

const swapped: fc.Arbitrary<Mutation> = fc
  .tuple(fc.nat(), fc.nat(), fc.boolean())
  .map(([one, two, isNameKept]) => (source, other) => {
    const { fields, rest } = headOf(source);
    const others = headOf(other).fields;
    const index = one % fields.length;
    const foreign = others[two % others.length] ?? '';
    const name = fields[index]?.split(':', 1)[0] ?? '';
    fields[index] = isNameKept ? `${name}${foreign.slice(Math.max(0, foreign.indexOf(':')))}` : foreign;
    return bytes(fields.join('\r\n') + rest);
  });

const commanded: fc.Arbitrary<Mutation> = fc
  .array(
    fc.tuple(
      fc.constantFrom(...NAMES),
      fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ maxLength: 30 })),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((lines) => {
    const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return (source) => Buffer.concat([Buffer.from(fields, 'latin1'), source]);
  });

/** Another boundary than the parts have, another charset, another encoding than the text is in. */
const mislabelled: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.constantFrom(
      'boundary="?[^"\\s;]+',
      'charset="?[\\w-]+',
      'base64|quoted-printable|7bit|8bit',
      'multipart/\\w+|text/\\w+',
    ),
    fc.constantFrom(
      ...[
        'boundary=b',
        'boundary=',
        'charset=utf-16',
        'charset=iso-2022-jp',
        'charset=x',
        'charset=gb18030',
        'base64',
      ],
      ...[
        'quoted-printable',
        'x-uuencode',
        'message/rfc822',
        'multipart/report',
        'multipart/digest',
        'application/ms-tnef',
      ],
      ...[
        'text/calendar; method=REPLY',
        'message/delivery-status',
        'text/html',
        'multipart/mixed; boundary="--"',
      ],
    ),
  )
  .map(
    ([pattern, label]) =>
      (source) =>
        bytes(source.toString('latin1').replace(new RegExp(pattern, 'i'), label)),
  );

/** Lists around and beyond their limits. */
const crowded: fc.Arbitrary<Mutation> = fc
  .tuple(
    fc.constantFrom('To', 'Cc', 'References', 'In-Reply-To', 'X-Many'),
    fc.constantFrom(99, 100, 101, 999, 1_000, 1_001),
  )
  .map(([name, amount]) => {
    const values = Array.from({ length: amount }, (_, index) => `<${index}@crowd.example>`);
    const lines =
      name === 'X-Many' ? values.map((value) => `${name}: ${value}`) : [`${name}: ${values.join(',\r\n ')}`];
    return (source) => bytes(`${lines.join('\r\n')}\r\n${source.toString('latin1')}`);
  });

/** How often each is drawn: what makes a mail long, less often. */
const mutation = fc.oneof(
  ...[dropped, inserted, flipped, spliced, swapped, commanded, mislabelled].map((arbitrary) => ({
    weight: 4,
    arbitrary,
  })),
  { weight: 2, arbitrary: repeated },
  { weight: 1, arbitrary: crowded },
);

/** Mails made of others by up to eight mutations, and now and then one that is as it was. */
export function mutatedMail(from: readonly (readonly Original[])[]): fc.Arbitrary<FuzzMail> {
  const one = fc.oneof(...from.map((folder) => fc.constantFrom(...folder)));
  return fc
    .record({
      first: one,
      second: one,
      mutations: fc.array(mutation, { maxLength: 8 }),
      trusted: fc.boolean(),
      // Without one of its own, most would be copies of each other.
      id: fc.option(fc.uuid()),
    })
    .map(({ first, second, mutations, trusted, id }) => ({
      of: [first.name, second.name],
      trusted,
      source: mutations.reduce(
        (mail, mutate) => mutate(mail, second.source),
        id === null
          ? first.source
          : Buffer.concat([bytes(`Message-ID: <${id}@fuzz.example>\r\n`), first.source]),
      ),
    }));
}
