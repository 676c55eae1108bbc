import { describe, expect, it } from 'vitest';
import { type DescribedPart, planParts } from '../../src/message/part-plan.ts';
import { boundaryOf, composeSkeleton, HEADER_BYTES, PART_HEADER_BYTES } from '../../src/message/skeleton.ts';

const MIXED: DescribedPart = {
  type: 'multipart/mixed',
  childNodes: [
    { type: 'text/plain', size: 6 },
    { type: 'application/pdf', size: 9_000 },
  ],
};

function compose(header: string, described: DescribedPart | undefined, sections: Record<string, string>) {
  const { source, left } = composeSkeleton({
    sizeBytes: 10_000,
    limit: 2_048,
    header: Buffer.from(header, 'latin1'),
    plan: described && planParts(described),
    sections: new Map(Object.entries(sections).map(([name, text]) => [name, Buffer.from(text, 'latin1')])),
  });
  return { text: source.toString('latin1'), left };
}

const WHY = 'since the mail has 9.8 KB and message_bytes is 2 KB';
const OF_MIXED = 'A: b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n';

describe('composeSkeleton', () => {
  it('is the message with its own headers and boundaries, without what was left', () => {
    const { text, left } = compose(OF_MIXED, MIXED, {
      '1.mime': '\r\n',
      '1': 'Hello.',
      '2.mime': 'Content-Type: application/pdf\r\n\r\n',
    });
    expect(text).toBe(
      `${OF_MIXED}--x\r\n\r\nHello.\r\n--x\r\nContent-Type: application/pdf\r\n\r\n\r\n--x--\r\n`,
    );
    expect(left).toEqual({
      cut: [`attachments: 1 left in the mailbox, ${WHY}`],
      parts: [{ part: '2', sizeBytes: 9_000 }],
      isBodyCut: false,
    });
  });

  it('cuts a text behind a whole line', () => {
    const { text, left } = compose(
      'A: b\r\n\r\n',
      { type: 'text/plain', size: 600 },
      { '1': `one\r\n${'x'.repeat(3_000)}` },
    );
    expect(text).toBe('A: b\r\n\r\none\r\n');
    expect(left).toEqual({
      cut: [`text: 5 bytes of 600 bytes read in 1 part, ${WHY}`],
      parts: [{ part: '1', sizeBytes: 600 }],
      isBodyCut: false,
    });
  });

  it('takes the beginning of the body where there is no plan', () => {
    const { text, left } = compose('A: b\r\n\r\n', undefined, { text: 'whatever\r\n' });
    expect(text).toBe('A: b\r\n\r\nwhatever\r\n');
    expect(left).toEqual({
      cut: [`body: read to 10 bytes, without regard to its parts, ${WHY}`],
      parts: [],
      isBodyCut: true,
    });
  });

  it('leaves the parts of a multipart within that names no boundary', () => {
    const { text, left } = compose(
      OF_MIXED,
      { type: 'multipart/mixed', childNodes: [MIXED] },
      { '1.mime': 'Content-Type: multipart/mixed\r\n\r\n', '1.1.mime': '\r\n', '1.1': 'Hello.' },
    );
    expect(text).toBe(`${OF_MIXED}--x\r\nContent-Type: multipart/mixed\r\n\r\n\r\n--x--\r\n`);
    expect(left.parts.map(({ part }) => part)).toEqual(['1.1', '1.2']);
  });

  it.each([
    ['none', '', '\r\n'],
    ['an empty line alone', '\r\n', '\r\n'],
    ['no line end', 'A: b', 'A: b\r\n\r\n'],
    ['no empty line', 'A: b\r\n', 'A: b\r\n\r\n'],
    ['line feeds alone', 'A: b\n\n', 'A: b\n\n'],
    ['bytes of no charset', 'A: \xff\xfe\r\n\r\n', 'A: \xff\xfe\r\n\r\n'],
  ])('ends a header with an empty line: %s', (_, header, expected) => {
    expect(compose(header, { type: 'text/plain', size: 1 }, { '1': 'x' }).text).toBe(`${expected}x`);
  });

  const filled = (start: string, length: number) => start + 'y'.repeat(length - start.length);
  it.each([
    ['within a value', filled('A: b\r\nX: ', HEADER_BYTES), 'A: b\r\n\r\n'],
    ['within a folded value', filled('A: b\r\nX: c\r\n d', HEADER_BYTES), 'A: b\r\n\r\n'],
    [
      'behind a line, where it may be folded',
      `${filled('A: b\r\nX: ', HEADER_BYTES - 2)}\r\n`,
      'A: b\r\n\r\n',
    ],
    ['within a line end', `${filled('A: b\r\nX: ', HEADER_BYTES - 1)}\r`, 'A: b\r\n\r\n'],
    ['within the only field', filled('X: ', HEADER_BYTES), '\r\n'],
  ])('drops the last field of a header that was cut %s', (_, header, expected) => {
    const { text, left } = compose(header, { type: 'text/plain', size: 1 }, { '1': 'x' });
    expect(text).toBe(`${expected}x`);
    expect(left.cut).toContain('header: its end was left in the mailbox');
  });

  it("drops the last field of a part's header that was cut", () => {
    const { text } = compose(OF_MIXED, MIXED, {
      '1.mime': filled('Content-Type: text/plain\r\nX: ', PART_HEADER_BYTES),
      '1': 'Hello.',
    });
    expect(text).toContain('--x\r\nContent-Type: text/plain\r\n\r\nHello.\r\n--x\r\n');
  });
});

describe('boundaryOf', () => {
  it.each([
    ['boundary=x', 'x'],
    ['boundary="a b"', 'a b'],
    ['boundary="x " (a comment)', 'x'],
    ['charset=y;\r\n\tboundary="=_1"', '=_1'],
    ['boundary*0=a; boundary*1=b', 'ab'],
    ['boundary=""', undefined],
    ['boundary=gr\xc3\xbcn', undefined],
    ['charset=x', undefined],
  ])('%s', (parameters, expected) => {
    expect(boundaryOf(Buffer.from(`Content-Type: multipart/mixed; ${parameters}\r\n\r\n`, 'latin1'))).toBe(
      expected,
    );
  });

  it('is of the first Content-Type, in any letter case, and of none where there is none', () => {
    const twice =
      'A: b\r\ncontent-TYPE : multipart/mixed; boundary=x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n';
    expect(boundaryOf(Buffer.from(twice))).toBe('x');
    expect(boundaryOf(Buffer.from('A: content-type: multipart/mixed; boundary=y\r\n\r\n'))).toBeUndefined();
  });
});
