import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dedupeKey } from '../../src/message/dedupe-key.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { SEED } from '../support/seed.ts';

const mapping = headerMapping({ prefix: 'x-desk-' });

/** A mail as its sender means it. */
interface Meant {
  readonly from: { readonly name: string; readonly local: string };
  readonly to: readonly { readonly name: string; readonly local: string }[];
  readonly id: string;
  readonly seconds: number;
  readonly order: string;
  readonly text: string;
}

/** How it came here: what a way through the net may change. */
interface Transfer {
  readonly encoding: '8bit' | 'quoted-printable' | 'base64';
  readonly lineEnd: '\r\n' | '\n';
  readonly zone: 0 | 1 | -5;
  readonly word: 'raw' | 'utf-8 B' | 'utf-8 Q' | 'iso-8859-1 Q';
  readonly fold: boolean;
  readonly isUpper: boolean;
  readonly added: readonly string[];
  readonly boundary: string | null;
  readonly hasFooter: boolean;
}

/** Letters that latin1 has, so that each charset can say them. */
const word = fc.stringMatching(/^[A-Za-zäöüßéñ]{1,12}$/);
const person = fc.record({ name: word, local: fc.stringMatching(/^[a-z]{1,10}$/) });

const meant: fc.Arbitrary<Meant> = fc.record({
  from: person,
  to: fc.uniqueArray(person, { minLength: 1, maxLength: 5, selector: ({ local }) => local }),
  id: fc.stringMatching(/^[a-z0-9]{5,20}$/),
  seconds: fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }),
  order: fc.stringMatching(/^[A-Zäöü0-9]{1,20}$/),
  text: fc.array(word, { minLength: 3, maxLength: 120 }).map((words) => words.join(' ')),
});

const transfer: fc.Arbitrary<Transfer> = fc.record({
  encoding: fc.constantFrom('8bit', 'quoted-printable', 'base64'),
  lineEnd: fc.constantFrom('\r\n', '\n'),
  zone: fc.constantFrom(0, 1, -5),
  word: fc.constantFrom('raw', 'utf-8 B', 'utf-8 Q', 'iso-8859-1 Q'),
  fold: fc.boolean(),
  isUpper: fc.boolean(),
  added: fc.subarray([
    ...['Received: from a by b; Mon, 9 Nov 2026 10:00:00 +0000', 'Delivered-To: support@example.com'],
    ...[
      'X-Spam-Score: 3',
      'List-Unsubscribe: <mailto:x@y.example>',
      'Sender: list@y.example',
      'Subject: [List] hello',
    ],
  ]),
  boundary: fc.option(fc.stringMatching(/^[a-z0-9]{5,30}$/)),
  hasFooter: fc.boolean(),
});

/** An encoded word, or the bytes of UTF-8. */
function inHeader(text: string, how: Transfer['word']): Buffer {
  if (how === 'raw') return Buffer.from(text, 'utf8');
  if (how === 'utf-8 B') return Buffer.from(`=?utf-8?B?${Buffer.from(text).toString('base64')}?=`);
  const [charset = ''] = how.split(' ');
  const bytes = Buffer.from(text, charset === 'utf-8' ? 'utf8' : 'latin1');
  return Buffer.from(`=?${charset}?Q?${[...bytes].map(quoted).join('')}?=`);
}

const quoted = (byte: number) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;

function encoded(text: string, encoding: Transfer['encoding']): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (encoding === 'base64')
    return Buffer.from((bytes.toString('base64').match(/.{1,60}/g) ?? []).join('\r\n'));
  if (encoding === '8bit') return bytes;
  const written = [...bytes].map((byte) =>
    byte > 126 || byte === 61 ? quoted(byte) : String.fromCharCode(byte),
  );
  return Buffer.from((written.join('').match(/(?:=..|[^=]){1,25}/g) ?? []).join('=\r\n'));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function dateIn(seconds: number, zone: number): string {
  const local = new Date((seconds + zone * 3_600) * 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
  const sign = zone < 0 ? '-' : '+';
  return `${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${local.getUTCFullYear()} ${time} ${sign}${two(Math.abs(zone))}00`;
}

function transferred(mail: Meant, way: Transfer): Buffer {
  const address = ({ name, local }: Meant['from']) => {
    const at = `${local}@lamps.example`;
    return Buffer.concat([
      inHeader(name, way.word),
      Buffer.from(` <${way.isUpper ? at.toUpperCase() : at}>`),
    ]);
  };
  const comma = Buffer.from(way.fold ? ',\r\n\t' : ', ');
  const to = mail.to.flatMap((each, index) => (index === 0 ? [address(each)] : [comma, address(each)]));
  const field = (name: string, ...value: Buffer[]) =>
    Buffer.concat([Buffer.from(`${name}:${way.fold ? '\r\n ' : ' '}`), ...value]);
  const type = ['Content-Type: text/plain; charset=utf-8', `Content-Transfer-Encoding: ${way.encoding}`];
  const body = encoded(mail.text, way.encoding);
  const footer = `--${way.boundary}\r\nContent-Type: text/plain\r\n\r\n-- \r\nThe list\r\n`;
  const mime =
    way.boundary === null
      ? [...type, '', body]
      : [
          ...[
            `Content-Type: multipart/mixed; boundary=${way.boundary}`,
            '',
            `--${way.boundary}`,
            ...type,
            '',
            body,
          ],
          ...[...(way.hasFooter ? [footer.trimEnd()] : []), `--${way.boundary}--`],
        ];
  const lines = [
    ...way.added,
    field('From', address(mail.from)),
    field('To', ...to),
    field('Date', Buffer.from(dateIn(mail.seconds, way.zone))),
    field('Message-ID', Buffer.from(`<${mail.id}@lamps.example>`)),
    field('x-desk-case-external-id', inHeader(mail.order, way.word)),
    ...mime,
  ].map((line) => Buffer.from(line as string));
  const whole = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\r\n')])).toString('latin1');
  return Buffer.from(whole.replaceAll('\r\n', way.lineEnd), 'latin1');
}

const keyOf = async (source: Buffer) =>
  dedupeKey(await parseMessage(source), mapping.isMapped).toString('hex');

/** Another mail, by one thing that tells mails apart. */
const CHANGES: Readonly<Record<string, (mail: Meant) => Meant>> = {
  from: (mail) => ({ ...mail, from: { ...mail.from, local: `${mail.from.local}x` } }),
  to: (mail) => ({ ...mail, to: [...mail.to, { name: 'More', local: 'elevenletters' }] }),
  id: (mail) => ({ ...mail, id: `${mail.id}x` }),
  date: (mail) => ({ ...mail, seconds: mail.seconds + 1 }),
  'an x-header': (mail) => ({ ...mail, order: `${mail.order}X` }),
  text: (mail) => ({ ...mail, text: `x${mail.text}` }),
};

describe(`the dedupe key of mails made by chance (FUZZ_SEED=${SEED})`, () => {
  it('is the same for the same mail, whatever way it came', async () => {
    await fc.assert(
      fc.asyncProperty(meant, transfer, transfer, async (mail, one, other) => {
        expect(await keyOf(transferred(mail, one))).toBe(await keyOf(transferred(mail, other)));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it.each(Object.entries(CHANGES))('is another for another %s', async (_, change) => {
    await fc.assert(
      fc.asyncProperty(meant, transfer, async (mail, way) => {
        expect(await keyOf(transferred(change(mail), way))).not.toBe(await keyOf(transferred(mail, way)));
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});
