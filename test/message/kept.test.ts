import { describe, expect, it } from 'vitest';
import { keptOf } from '../../src/message/kept.ts';
import { messageOf } from './build.ts';

const numbered = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i));

async function kept(lines: string[], bodyCharacters = 1_000_000) {
  const message = await messageOf(...lines);
  return { message, kept: keptOf(message, bodyCharacters) };
}

describe('what is kept of a message', () => {
  it('within the limits, everything', async () => {
    const { message, kept: same } = await kept(['Subject: x', 'To: a@b.example', '', 'hello']);
    expect(same).toEqual({ ...message, firstText: undefined });
    expect(same.cut).toEqual([]);
  });

  it.each([
    ['a subject of 1,000 characters', ['Subject: '.concat('s'.repeat(1_000))], []],
    [
      'a subject of 1,001',
      [`Subject: ${'s'.repeat(1_001)}`],
      ['subject: the first 1,000 of 1,001 characters'],
    ],
    ['1,000 in To', [`To: ${numbered(1_000, (i) => `a${i}@b.example`).join(', ')}`], []],
    [
      '5,000 in To and 1,001 in Cc',
      [
        `To: ${numbered(5_000, (i) => `a${i}@b.example`).join(', ')}`,
        ...numbered(1_001, (i) => `Cc: a${i}@b.example`),
      ],
      [
        'to_addresses: the first 1,000 of 5,000',
        'cc_addresses: the first 1,000 of 1,001',
        'headers: 1 shortened to 16,000 characters',
        'headers: the first 1,000 of 1,002',
      ],
    ],
    ['100 references', [`References: ${numbered(100, (i) => `<${i}@x>`).join(' ')}`], []],
    [
      '150 references',
      [`References: ${numbered(150, (i) => `<${i}@x>`).join(' ')}`],
      ['reference_ids: the last 100 of 150'],
    ],
    [
      'a name of 1,001 characters',
      [`From: "${'n'.repeat(1_001)}" <a@b.example>`],
      ['from_name: the first 1,000 of 1,001 characters'],
    ],
    ['1,001 header fields', numbered(1_001, () => 'X: y'), ['headers: the first 1,000 of 1,001']],
    [
      'a megabyte of header fields',
      numbered(100, () => `X: ${'y'.repeat(10_000)}`),
      ['headers: the first 49 of 100'],
    ],
    [
      'a field name of 1,001 characters',
      [`${'x'.repeat(1_001)}: y`],
      ['headers: 1 shortened to 16,000 characters'],
    ],
  ])('%s', async (_, lines, cut) => {
    expect((await kept([...lines, '', 'hello'])).kept.cut).toEqual(cut);
  });

  it('the nearest ancestors', async () => {
    const all = numbered(150, (i) => `${i}@x`);
    const header = (name: string) => `${name}: ${all.map((id) => `<${id}>`).join(' ')}`;
    const { kept: message } = await kept([header('References'), header('In-Reply-To'), '', 'x']);
    expect(message.references).toEqual(all.slice(50));
    expect(message.inReplyTo).toEqual(all.slice(50));
  });

  it('the beginning of text and HTML, without half a character', async () => {
    const body = `${'x'.repeat(9)}😀tail`;
    const text = await kept(['Content-Type: text/plain; charset=utf-8', '', body], 10);
    expect(text.kept).toMatchObject({
      text: 'x'.repeat(9),
      cut: ['body_text: the first 10 of 15 characters'],
    });
    const html = await kept(['Content-Type: text/html; charset=utf-8', '', body], 11);
    expect(html.kept).toMatchObject({
      html: `${'x'.repeat(9)}😀`,
      cut: ['body_html: the first 11 of 15 characters'],
    });
  });
});
