import { describe, expect, it } from 'vitest';
import { type Finding, isGood, sectionOf } from '../../src/check/finding.ts';
import { printCheck } from '../../src/check/print.ts';
import { widthOf } from '../../src/terminal/width.ts';

const { ok, warning, problem } = sectionOf('Database');
const inbox = sectionOf('Mailbox support');

const print = (findings: Finding[], width = 60, colours = false) =>
  printCheck({ findings, ok: isGood(findings), mailboxes: [] }, { width, colours });

describe('printing', () => {
  it('by section, each with its sign, its cure below, and a line that sums up', () => {
    expect(
      print([
        ok('a', 'PostgreSQL 18.4 at host/db, as mailcase', ['a detail']),
        problem('b', 'mailcase lacks rights that the daemon needs, on cases and receipts', 'as the owner:', [
          'grant select on cases to mailcase;',
        ]),
        inbox.warning('c', 'something', 'do this and then do that, until it is all done and well', ['first']),
      ]),
    ).toBe(`Database
  ✓ PostgreSQL 18.4 at host/db, as mailcase
      a detail
  ✗ mailcase lacks rights that the daemon needs, on cases
    and receipts
    → as the owner:
      grant select on cases to mailcase;

Mailbox support
  ! something
      first
    → do this and then do that, until it is all done and
      well

1 problem and 1 warning: as it is, the daemon would not do
all of its work.`);
  });

  it.each<[string, Finding[], string]>([
    ['nothing', [ok('a', 'x')], 'Nothing is wrong.'],
    [
      'warnings',
      [warning('a', 'x', 'y'), warning('b', 'x', 'y')],
      'Nothing keeps the daemon from working; 2 warnings.',
    ],
    ['problems', [problem('a', 'x', 'y')], '1 problem: as it is, the daemon would not do all of its work.'],
  ])('sums up %s', (_, findings, line) => {
    expect(print(findings, 100).split('\n').at(-1)).toBe(line);
  });

  it.each([40, 60, 100])('fits %i columns', (width) => {
    const text = `wide 漢字 signs, and ${'many words '.repeat(20)}`;
    const lines = print([problem('a', text, text, [text]), inbox.ok('b', text)], width).split('\n');
    expect(lines.length).toBeGreaterThan(10);
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(width);
  });

  it('what a server or a mail says cannot drive the terminal', () => {
    const evil = 'a\u001b[2Jb\r\nc\u202ed';
    const text = print([problem('a', evil, evil, [evil])]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(text).toContain('a\uFFFD[2Jb c\uFFFDd');
  });

  it('colours only where they are wanted', () => {
    const findings = [ok('a', 'x'), warning('b', 'x', 'y'), problem('c', 'x', 'y')];
    expect(print(findings)).not.toContain('\u001b');
    const coloured = print(findings, 60, true);
    for (const code of ['\u001b[32m✓', '\u001b[33m!', '\u001b[31m✗', '\u001b[1mDatabase'])
      expect(coloured).toContain(code);
  });
});
