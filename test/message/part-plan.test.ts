import { describe, expect, it } from 'vitest';
import { type DescribedPart, type PlannedPart, planParts } from '../../src/message/part-plan.ts';

const leaf = (type: string, size = 100, disposition?: string): DescribedPart => ({ type, size, disposition });
const multi = (type: string, ...childNodes: DescribedPart[]): DescribedPart => ({
  type: `multipart/${type}`,
  childNodes,
});

/** `1.2 text/html 1124`, of parts that are asked for; of the others without a number. */
function flat(planned: PlannedPart): string[] {
  const { part, type, bytes, parts } = planned;
  if (parts !== undefined) return parts.flatMap(flat);
  return [bytes === 0 ? `${part} ${type}` : `${part} ${type} ${bytes}`];
}

const MB = 1024 * 1024;

describe('planParts', () => {
  it.each<[string, DescribedPart, string[]]>([
    ['one text', leaf('text/plain'), ['1 text/plain 1224']],
    ['one file', leaf('application/pdf'), ['1 application/pdf']],
    ['an empty text is asked for', leaf('text/html', 0), ['1 text/html 1024']],
    ['a text with a size that is none', leaf('text/plain', -5), ['1 text/plain 1024']],
    ['a large text', leaf('text/plain', 3 * MB), [`1 text/plain ${MB}`]],
    ['a text that is a file', leaf('text/plain', 5, 'attachment'), ['1 text/plain']],
    ['a text that is shown', leaf('text/plain', 5, 'inline'), ['1 text/plain 1034']],
    ['a text of another kind', leaf('text/csv'), ['1 text/csv']],
    [
      'multiparts',
      multi(
        'mixed',
        multi('alternative', leaf('text/plain'), leaf('text/html')),
        leaf('image/png'),
        leaf('message/rfc822', MB),
        leaf('text/calendar'),
      ),
      [
        '1.1 text/plain 1224',
        '1.2 text/html 1224',
        '2 image/png',
        '3 message/rfc822 65536',
        '4 text/calendar 1224',
      ],
    ],
    [
      'what is in a message is not looked at',
      { type: 'message/rfc822', size: 10, childNodes: [multi('mixed', leaf('text/plain'))] },
      ['1 message/rfc822 1044'],
    ],
    [
      'a multipart of nothing',
      multi('mixed', multi('mixed'), leaf('image/png')),
      ['1 multipart/mixed', '2 image/png'],
    ],
    ['a type that is none, within', multi('mixed', leaf('/'), leaf('image/png')), ['1 /', '2 image/png']],
    [
      'of twenty forwarded mails, the beginnings of sixteen',
      multi('mixed', ...Array.from({ length: 20 }, () => leaf('message/rfc822'))),
      Array.from({ length: 20 }, (_, n) => `${n + 1} message/rfc822${n < 16 ? ' 1224' : ''}`),
    ],
  ])('%s', (_, described, expected) => {
    const plan = planParts(described);
    expect(plan && flat(plan.root)).toEqual(expected);
    expect(plan?.unlisted).toBe(0);
  });

  it.each([
    ['nothing', { type: '/' }],
    ['half a type', { type: 'text/' }],
    ['a multipart of nothing', multi('mixed')],
  ])('has no plan for %s', (_, described) => {
    expect(planParts(described)).toBeUndefined();
  });

  it('asks for so much text in all', () => {
    const plan = planParts(multi('mixed', ...Array.from({ length: 50 }, () => leaf('text/plain', MB))));
    const asked = plan?.root.parts?.map(({ bytes }) => bytes) ?? [];
    expect(asked.reduce((sum, bytes) => sum + bytes, 0)).toBe(8 * MB);
    expect(asked.slice(0, 9)).toEqual([...Array.from({ length: 8 }, () => MB), 0]);
  });

  it('asks for so many parts, multiparts among them, and counts the others', () => {
    const four = () => multi('mixed', leaf('image/png'), leaf('image/png'), leaf('image/png'));
    const plan = planParts(multi('mixed', ...Array.from({ length: 1_000 }, four)));
    const listed = plan ? flat(plan.root) : [];
    expect(listed).toHaveLength(750);
    expect(listed.at(-1)).toBe('250.3 image/png');
    expect(plan?.unlisted).toBe(2_250);
  });

  it('takes what is nested too deep for one part', () => {
    let described = leaf('text/plain');
    for (let depth = 0; depth < 50_000; depth += 1) described = multi('mixed', described);
    const plan = planParts(described);
    expect(plan && flat(plan.root)).toEqual([`${Array(100).fill('1').join('.')} multipart/mixed`]);
    expect(plan?.unlisted).toBe(0);
  });
});
