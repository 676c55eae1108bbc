import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressKey,
  isUsableAddress,
  parseAddresses,
  parseQuotedAddresses,
} from '../../src/message/addresses.ts';
import { decodeWords, Headers, readHeaderLine } from '../../src/message/headers.ts';
import { keptOf } from '../../src/message/kept.ts';
import { MAX_LINE_CHARACTERS, MAX_RECIPIENTS, MAX_REFERENCES } from '../../src/message/limits.ts';
import { parseMessageId, parseMessageIds } from '../../src/message/message-id.ts';
import { parsePersonName } from '../../src/message/names.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { byteLength } from '../../src/message/text.ts';
import { SEED } from '../support/seed.ts';
import { unstorable } from './build.ts';

const check = (property: fc.IRawProperty<unknown>, numRuns = 500) =>
  fc.assert(property as fc.IProperty<unknown>, { seed: SEED, numRuns });

/** Text as strangers write it: pieces of syntax between anything. */
const soup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '<',
          '>',
          '"',
          '\\',
          '(',
          ')',
          ',',
          ';',
          ':',
          '@',
          ' ',
          '\t',
          '\r\n ',
          '.',
          '=?utf-8?Q?',
          '=?utf-8?B?',
          '?=',
        ],
        ...[
          '=?utf-16be?B?2AA=?=',
          '\0',
          '\u{1F600}',
          '\uD800',
          'joe',
          'joe@example.com',
          'van',
          "'",
          '’',
          ' via ',
          '＠',
          'İ',
        ],
      ),
      fc.string({ maxLength: 4 }),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(''));

const latin1 = soup.map((text) => Buffer.from(text, 'utf8').toString('latin1'));

describe(`properties of pure functions (FUZZ_SEED=${SEED})`, () => {
  it.each([
    ['parseAddresses', parseAddresses],
    ['parseQuotedAddresses', parseQuotedAddresses],
  ])('%s gives only addresses that can be used, with names that can be stored', (_, parse) => {
    check(
      fc.property(soup, (text) => {
        for (const { name, address } of parse(text)) {
          expect(isUsableAddress(address)).toBe(true);
          expect(byteLength(address)).toBeLessThanOrEqual(255);
          expect(unstorable({ name, address })).toEqual([]);
          expect(name).toBe(name.trim());
          expect(name).not.toMatch(/[\r\n\t]/);
          expect(name.length).toBeLessThanOrEqual(MAX_LINE_CHARACTERS);
        }
      }),
    );
  });

  it('an address in its own syntax comes out as it went in', () => {
    const address = fc
      .tuple(fc.stringMatching(/^[a-z0-9+_-]{1,20}$/), fc.stringMatching(/^[a-z0-9]{1,20}\.example$/))
      .map((parts) => parts.join('@'));
    const name = fc.stringMatching(/^[A-Za-zäöüß]{1,10}( [A-Za-z]{1,10}){0,3}$/);
    check(
      fc.property(
        fc.array(fc.record({ name, address }), { maxLength: 20 }),
        fc.constantFrom(', ', ',', ',\r\n '),
        (list, comma) => {
          const written = list
            .map((each) => `"${each.name}" <${each.address}>`)
            .join(comma)
            .replaceAll('\r\n', '');
          expect(parseAddresses(written)).toEqual(list);
          expect(parseAddresses(`Group: ${written};`)).toEqual(list);
        },
      ),
    );
  });

  it('addressKey is the same for its own result, in another case, and fits into an index', () => {
    check(
      fc.property(soup.filter(isUsableAddress), (address) => {
        const key = addressKey(address);
        expect(addressKey(key)).toBe(key);
        expect(byteLength(key)).toBeLessThanOrEqual(1_024);
      }),
    );
    check(
      fc.property(fc.emailAddress(), (address) => {
        expect(addressKey(address.toUpperCase())).toBe(addressKey(address));
      }),
    );
  });

  it('parsePersonName gives one line each, of what was there', () => {
    check(
      fc.property(soup, (text) => {
        const { first, last } = parsePersonName(text);
        for (const part of [first, last]) {
          expect(part).not.toBe('');
          expect(part ?? '').not.toMatch(/[\p{Cc}\p{Cf}]/u);
          expect((part ?? '').length).toBeLessThanOrEqual(MAX_LINE_CHARACTERS);
        }
      }),
    );
  });

  it('an address is no name', () => {
    check(
      fc.property(
        fc.emailAddress().filter((address) => !address.includes("'")),
        (address) => {
          expect(parsePersonName(address)).toEqual({ first: undefined, last: undefined });
        },
      ),
    );
  });

  it('Message-IDs are bare, each once, and fit into an index', () => {
    check(
      fc.property(soup, (text) => {
        const ids = parseMessageIds(text);
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of [...ids, parseMessageId(text) ?? 'none']) {
          expect(id).not.toMatch(/[<>\r\n\t\0]/);
          expect(id).not.toBe('');
          expect(byteLength(id)).toBeLessThanOrEqual(998);
        }
      }),
    );
    const id = fc.stringMatching(/^[a-z0-9.]{1,30}@[a-z0-9.]{1,20}$/);
    check(
      fc.property(fc.uniqueArray(id, { maxLength: 50 }), (ids) => {
        expect(parseMessageIds(ids.map((each) => `<${each}>`).join('\r\n '))).toEqual(ids);
        expect(parseMessageIds(ids.join(' '))).toEqual(ids);
        if (ids[0] !== undefined) expect(parseMessageId(` <${ids[0]}> `)).toBe(ids[0]);
      }),
    );
  });

  it('a header line is read into text that can be stored, the value in one line', () => {
    check(
      fc.property(latin1, latin1, (name, value) => {
        const field = readHeaderLine(`${name}: ${value}`);
        expect(unstorable(field)).toEqual([]);
        expect(field.value).not.toMatch(/[\r\n\t]/);
        expect(field.key).toBe(field.name.toLowerCase());
      }),
    );
  });

  it('an encoded word says what was encoded, in either encoding', () => {
    check(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (text) => {
        const bytes = Buffer.from(text, 'utf8');
        const quoted = [...bytes]
          .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
          .join('');
        expect(decodeWords(`=?UTF-8?B?${bytes.toString('base64')}?=`)).toBe(text);
        expect(decodeWords(`=?utf-8?q?${quoted}?=`)).toBe(text);
      }),
    );
  });

  it('what is kept is within the limits, and a sentence for each list and text that was longer', async () => {
    const plain = await parseMessage(Buffer.from('Subject: x\r\n\r\nx'));
    const around = (limit: number) => fc.constantFrom(0, 1, limit - 1, limit, limit + 1, 3 * limit);
    const sizes = fc.record({
      to: around(MAX_RECIPIENTS),
      cc: around(MAX_RECIPIENTS),
      references: around(MAX_REFERENCES),
      subject: around(MAX_LINE_CHARACTERS),
      text: around(500),
    });
    check(
      fc.property(sizes, ({ to, cc, references, subject, text }) => {
        const address = { name: '', address: 'a@b.example' };
        const kept = keptOf(
          {
            ...plain,
            headers: new Headers([]),
            to: Array.from({ length: to }, () => address),
            cc: Array.from({ length: cc }, () => address),
            references: Array.from({ length: references }, (_, i) => String(i)),
            subject: 's'.repeat(subject),
            text: 't'.repeat(text),
          },
          500,
        );
        expect(kept.to).toHaveLength(Math.min(to, MAX_RECIPIENTS));
        expect(kept.cc).toHaveLength(Math.min(cc, MAX_RECIPIENTS));
        expect(kept.references).toHaveLength(Math.min(references, MAX_REFERENCES));
        expect(kept.references.at(-1)).toBe(references === 0 ? undefined : String(references - 1));
        const said = kept.cut.map((sentence) => sentence.split(':', 1)[0]);
        expect(said).toEqual([
          ...(subject > MAX_LINE_CHARACTERS ? ['subject'] : []),
          ...(text > 500 ? ['body_text'] : []),
          ...(to > MAX_RECIPIENTS ? ['to_addresses'] : []),
          ...(cc > MAX_RECIPIENTS ? ['cc_addresses'] : []),
          ...(references > MAX_REFERENCES ? ['reference_ids'] : []),
        ]);
      }),
      100,
    );
  });
});
