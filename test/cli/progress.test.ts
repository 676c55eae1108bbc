import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createProgress, progressLine, readableDuration } from '../../src/cli/progress.ts';

function output(isTTY: boolean, columns?: number) {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY, ...(columns !== undefined && { columns }) }),
    text: () => text,
  };
}

describe('the line', () => {
  it.each<[done: number, total: number, ms: number, line: string]>([
    [0, 10_340, 0, 'imported 0 of 10,340 (0 %)'],
    [1_200, 10_340, 8_000, 'imported 1,200 of 10,340 (11 %), 150/s, 1 min 1 s left'],
    [3, 10, 2_000, 'imported 3 of 10 (30 %), 1.5/s, 5 s left'],
    [10, 10, 2_000, 'imported 10 of 10 (100 %), 5.0/s, 0 s left'],
    [0, 0, 0, 'imported 0 of 0 (100 %)'],
  ])('%i of %i after %i ms', (done, total, ms, line) => {
    expect(progressLine('imported', done, total, ms)).toBe(line);
  });

  it.each<[seconds: number, text: string]>([
    [0.4, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [3_599.6, '1 h 0 min'],
    [7_512, '2 h 5 min'],
  ])('%d s', (seconds, text) => {
    expect(readableDuration(seconds)).toBe(text);
  });
});

describe('progress', () => {
  it('is one line on a terminal, written anew and taken away at the end', () => {
    const { stream, text } = output(true);
    const progress = createProgress('imported', stream, {});
    progress.show(0, 2);
    progress.show(1, 2);
    progress.show(2, 2);
    progress.end();
    const lines = text().split('\r\x1b[K');
    // The second one came too soon after the first.
    expect(lines).toEqual(['', 'imported 0 of 2 (0 %)', expect.stringMatching(/^imported 2 of 2/), '']);
    expect(text()).not.toContain('\n');
  });

  it('takes away what was said as well, once', () => {
    const { stream, text } = output(true);
    const progress = createProgress('read', stream, {});
    progress.say('looking …');
    progress.end();
    progress.end();
    expect(text()).toBe('\r\x1b[Klooking …\r\x1b[K');
  });

  it.each([
    [30, 'imported 1,200 of 10,340 (11…'],
    [12, 'imported 1…'],
    [2, '…'],
  ])('fits into %i columns, or it could not be taken away', (columns, line) => {
    const { stream, text } = output(true, columns);
    const progress = createProgress('imported', stream, {});
    progress.show(1_200, 10_340);
    progress.say('waiting until a poll has recorded its mail …');
    progress.end();
    const [, shown = '', said = ''] = text().split('\r\x1b[K');
    expect(shown).toBe(line);
    expect(said.length).toBeLessThan(columns);
  });

  it('is nothing on a terminal that cannot take a line away', () => {
    const { stream, text } = output(true);
    const progress = createProgress('imported', stream, { TERM: 'dumb' });
    progress.show(1, 2);
    progress.say('looking …');
    progress.end();
    expect(text()).toBe('');
  });

  it('is nothing in a pipe or a log', () => {
    const { stream, text } = output(false);
    const progress = createProgress('imported', stream, {});
    progress.show(1, 2);
    progress.end();
    expect(text()).toBe('');
  });
});
