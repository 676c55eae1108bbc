import fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import { expect, it } from 'vitest';
import { readHeaderBlock } from '../../src/message/header-block.ts';
import { Headers } from '../../src/message/headers.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { byHmac, sign } from '../../src/trust/hmac.ts';
import { signedText } from '../../src/trust/signed-text.ts';
import type { HmacTrust } from '../../src/trust/trust.ts';
import { KEY } from '../support/signed.ts';

const mapping = headerMapping({ prefix: 'x-desk-' });
const AT = 1_795_536_000;
const TRUST: HmacTrust = { header: 'x-mailcase-signature', keys: [KEY], max_age: 1_000 };

/** Header fields as pairs, and the bytes of a mail with them. */
type Pair = readonly [name: string, value: string];

const NAMES = [
  'x-desk-case-status',
  'x-desk-case-labels',
  'x-desk-case-subject',
  'x-desk-case-external-id',
  'x-desk-case-custom-depot',
  'x-desk-case-custom-depot-2',
  'x-desk-customer-company',
  'x-desk-customer-custom-tier',
  'x-desk-interaction-city',
];

/** Text in which one line is as good as another: no line breaks, and nothing that is an encoded word by chance. */
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ maxLength: 300 }),
    fc.stringMatching(/^[a-z0-9 \t\u00a0\u2003",;:<>@()\\]{0,120}$/),
  )
  // nodemailer leaves control characters as they are, where no mail may have them.
  .map((value) => value.toWellFormed().replace(/[\p{Cc}]/gu, ' '))
  .filter((value) => !value.includes('=?'));

/** Longer ones are cut. */
const name = text.map((value) => value.slice(0, 300).toWellFormed());
const pairs = fc.array(fc.tuple(fc.constantFrom(...NAMES), text), { maxLength: 12 });
const local = fc.stringMatching(/^[a-z0-9]{1,12}$/);

/** A mail as nodemailer writes it, which encodes and folds. */
async function composed(
  fields: readonly Pair[],
  customer?: { name: string; local: string },
): Promise<Buffer> {
  const quoted = customer?.name.replace(/["\\]/g, '\\$&');
  const email = customer && `${quoted?.trim() ? `"${quoted}" ` : ''}<${customer.local}@buyer.example>`;
  return new MailComposer({
    from: 'The Shop <shop@example.com>',
    to: 'joe@buyer.example',
    text: 'Hello.',
    headers: [
      ...fields.map(([key, value]) => ({ key, value })),
      ...(email ? [{ key: 'x-desk-customer-email', value: email }] : []),
    ],
  })
    .compile()
    .build();
}

/** The header fields of a mail as they are read. */
function headersOf(source: Buffer | string): Headers {
  return new Headers(readHeaderBlock(Buffer.from(source as string), false));
}

/** A signature over plain texts, one header field for each, as whoever knows the values makes it. */
function signatureOf(headers: Headers): string {
  const signature = sign(KEY, headers, mapping, { at: AT, nonce: 'abcdefghijklmnopqrstuv' });
  if (typeof signature === 'object') throw new Error(signature.refused);
  return signature;
}

function isTrusted(headers: Headers, signature: string): boolean {
  const signed = headersOf(`x-mailcase-signature: ${signature}\r\n\r\n`);
  const all = new Headers([...signed.fields, ...headers.fields]);
  return byHmac(TRUST, all, new Date(AT * 1000), mapping).trusted;
}

/** The same fields as raw UTF-8, each on one line. */
function plain(fields: readonly Pair[]): Headers {
  const lines = fields.map(([key, value]) => `${key}: ${value}`);
  return headersOf(`From: shop@example.com\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
}

it('what was signed as plain text is trusted as nodemailer encodes and folds it', async () => {
  await fc.assert(
    fc.asyncProperty(pairs, async (fields) => {
      // White space beyond ASCII is lost at the ends of what is not encoded, so no sender can write it there.
      const signature = signatureOf(plain(fields.map(([key, value]) => [key, value.trim()])));
      const sent = headersOf(await composed(fields.map(([key, value]) => [key, value.trim()])));
      return isTrusted(sent, signature);
    }),
    { numRuns: 500 },
  );
});

it('a customer is signed as people read him, however he is quoted and encoded', async () => {
  await fc.assert(
    fc.asyncProperty(name, local, async (given, part) => {
      const shown = given.replace(/[ \t]+/g, ' ').trim();
      const sent = headersOf(await composed([], { name: shown, local: part }));
      const signed = signedText({ keyId: 'k', time: AT, nonce: 'abcdefghijklmnop' }, sent, mapping);
      const address = `${part}@buyer.example`;
      const read = shown === '' ? address : `${shown} <${address}>`;
      expect(String(signed).split('\n')).toContain(`x-desk-customer-email:${read}`);
    }),
    { numRuns: 500 },
  );
});

it('folding anew wherever there is a space changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      pairs,
      fc.constantFrom('\r\n ', '\r\n\t', '\r\n  ', '  ', '\t'),
      async (fields, fold) => {
        const source = (await composed(fields)).toString('latin1');
        const [head = ''] = source.split('\r\n\r\n');
        const folded = head.replace(
          /^(x-desk-[^:]*: *)(.*)$/gim,
          (_, start: string, body: string) => start + body.replace(/ (?=\S)/g, fold),
        );
        return isTrusted(
          headersOf(Buffer.from(`${folded}\r\n\r\n`, 'latin1')),
          signatureOf(headersOf(source)),
        );
      },
    ),
    { numRuns: 300 },
  );
});

it('any change of one value, one name more, less or other, or of From breaks it', () => {
  /** How a mail may be changed; undefined where that is no change. */
  const change = fc.record({
    what: fc.constantFrom('value', 'name', 'more', 'less', 'swap', 'from'),
    at: fc.nat(),
    value: text,
    name: fc.constantFrom(...NAMES),
  });
  const shown = (fields: readonly Pair[]) =>
    [...fields]
      .map(([key, value]) => [key, value.replace(/[ \t]+/g, ' ').trim()] as const)
      .filter(([, value]) => value !== '');
  const sorted = (fields: readonly Pair[]) =>
    JSON.stringify(shown(fields).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  fc.assert(
    fc.property(pairs, change, (fields, { what, at, value, name: other }) => {
      const index = fields.length === 0 ? 0 : at % fields.length;
      const changed: Pair[] = [...fields];
      const [key, old] = fields[index] ?? ['x-desk-case-status', ''];
      if (what === 'value') changed[index] = [key, value];
      if (what === 'name') changed[index] = [other, old];
      if (what === 'more') changed.splice(index, 0, [other, value]);
      if (what === 'less') changed.splice(index, 1);
      if (what === 'swap' && fields[index + 1]) {
        changed.splice(index, 2, fields[index + 1] as Pair, fields[index] as Pair);
      }
      const signature = signatureOf(plain(fields));
      if (what === 'from') {
        const others = plain(fields).fields.filter(({ key: field }) => field !== 'from');
        const from = headersOf('From: shop@example.net\r\n\r\n').fields;
        expect(isTrusted(new Headers([...from, ...others]), signature)).toBe(false);
        return;
      }
      expect(isTrusted(plain(changed), signature)).toBe(sorted(changed) === sorted(fields));
    }),
    { numRuns: 2_000 },
  );
});
