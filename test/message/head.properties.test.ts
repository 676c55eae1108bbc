import * as fc from 'fast-check';
import { MailParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { bodyStart, type Head, readHead } from '../../src/message/head.ts';
import { parserInput } from '../../src/message/parser-input.ts';
import { mutatedMail, originals } from '../fuzz/mutated-mail.ts';
import { SEED } from '../support/seed.ts';

const mails = mutatedMail(originals());

async function inputOf(pieces: readonly Buffer[]): Promise<{ head: Head | undefined; bytes: string }> {
  let head: Head | undefined;
  const given: Buffer[] = [];
  const onHead = (found: Head) => {
    expect(head, 'told once').toBeUndefined();
    head = found;
  };
  for await (const piece of parserInput(pieces, onHead)) given.push(piece);
  return { head, bytes: Buffer.concat(given).toString('latin1') };
}

function piecesOf(source: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [
    0,
    ...cuts.map((share) => Math.floor(share * source.length)).sort((a, b) => a - b),
    source.length,
  ];
  return places.slice(1).map((end, index) => source.subarray(places[index], end));
}

/** mailparser's own reading of a header, whole lines with what is folded onto them. */
async function mailparserLines(source: Buffer): Promise<string[]> {
  const parser = new MailParser();
  let lines: string[] = [];
  parser.on('headerLines', (found: { line: string }[]) => {
    lines = found.map(({ line }) => line);
  });
  parser.resume();
  await new Promise((resolve, reject) => {
    parser.once('end', resolve).once('error', reject);
    parser.end(source);
  });
  return lines;
}

describe(`headers of mutated mails (FUZZ_SEED=${SEED})`, () => {
  it('the parser is given the same, whatever the pieces are cut into', async () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(mails, cuts, async ({ source }, places) => {
        const whole = await inputOf([source]);
        expect(await inputOf(piecesOf(source, places))).toEqual(whole);
        const bytes = Array.from({ length: Math.min(source.length, 3_000) }, (_, i) =>
          source.subarray(i, i + 1),
        );
        expect(await inputOf([...bytes, source.subarray(bytes.length)])).toEqual(whole);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('are read as mailparser reads them', async () => {
    await fc.assert(
      fc.asyncProperty(mails, async ({ source }) => {
        const { lines } = readHead(source.subarray(0, bodyStart(source)));
        if (lines.length === 0) return;
        const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\nx`, 'latin1');
        expect(lines).toEqual(await mailparserLines(head));
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});
