import { describe, expect, it } from 'vitest';
import { type LeftInMailbox, withLeft } from '../../src/message/left.ts';
import { parseMessage } from '../../src/message/parse.ts';

const SOURCE = Buffer.from(
  [
    'Content-Type: multipart/mixed; boundary=x',
    '',
    ...['--x', 'Content-Type: application/pdf', '', ''],
    ...['--x', 'Content-Type: message/rfc822', 'Content-Disposition: inline', ''],
    ...['Content-Type: application/zip; name=inner.zip', '', ''],
    ...['--x', 'Content-Type: image/png', '', 'whole'],
    '--x--',
  ].join('\r\n'),
);

const left = (more: Partial<LeftInMailbox>): LeftInMailbox => ({
  cut: ['something'],
  parts: [],
  isBodyCut: false,
  ...more,
});

const told = async (given: LeftInMailbox | undefined) => {
  const { attachments, cut } = withLeft(await parseMessage(SOURCE), given);
  return {
    cut,
    attachments: attachments.map(({ part, sizeBytes, sha256 }) => [part, sizeBytes, sha256 === undefined]),
  };
};

describe('withLeft', () => {
  it('changes nothing of a message that is whole', async () => {
    const message = await parseMessage(SOURCE);
    expect(withLeft(message, undefined)).toBe(message);
  });

  it('tells which attachments were left, those in a message that was left too, with the size that the server says', async () => {
    const parts = [
      { part: '1', sizeBytes: 5_000 },
      { part: '2', sizeBytes: 9_000 },
    ];
    const { attachments, cut } = await told(left({ parts }));
    expect(cut).toEqual(['something']);
    expect(attachments).toEqual([
      ['1', 5_000, true],
      [expect.stringMatching(/^2/), 9_000, true],
      ['3', 5, false],
    ]);
  });

  it('takes none for whole where the body was cut anywhere', async () => {
    const { attachments } = await told(left({ isBodyCut: true }));
    expect(attachments.map(([part, , isLeft]) => [part, isLeft])).toEqual([
      ['1', true],
      [expect.stringMatching(/^2/), true],
      ['3', true],
    ]);
  });

  it('adds to what was cut before', async () => {
    const message = { ...(await parseMessage(SOURCE)), cut: ['before'] };
    expect(withLeft(message, left({})).cut).toEqual(['before', 'something']);
  });
});
