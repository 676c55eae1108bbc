import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../src/history/excerpt.ts';

describe('excerptOf', () => {
  it.each([
    ['one line', 'Where is\r\n  my lamp?\n', null, 'Where is my lamp?'],
    ['no salutation', 'Dear Ms. Grünwald,\n\nit fits.', null, 'it fits.'],
    ['a salutation alone is all there is', 'Hello Joe,\n', null, 'Hello Joe,'],
    [
      'a first line with a comma in it is no salutation',
      'Thanks, it came,\nbut',
      null,
      'Thanks, it came, but',
    ],
    [
      'a long first line is what is said',
      `${'word '.repeat(12)},\nmore`,
      null,
      `${'word '.repeat(12)}, more`,
    ],
    [
      'no quote, nor what announces it',
      'Yes.\n\nOn Monday, Joe wrote:\n> Is it?\n>> Was it?\nAnd more.',
      null,
      'Yes. And more.',
    ],
    ['a colon without a quote stays', 'Colours:\nred\n', null, 'Colours: red'],
    ['no signature', 'Yes.\n-- \nJoe\nLamps Ltd', null, 'Yes.'],
    [
      'HTML where there is no text',
      null,
      '<style>p{}</style><p>Gr&uuml;&szlig;e &amp; <b>Dank</b></p>',
      'Grüße & Dank',
    ],
    ['HTML where the text is blank', ' \n', '<html><head><title>no</title></head>yes', 'yes'],
    ['the quote of HTML is left out', null, '<p>Yes</p><blockquote>No</blockquote>', 'Yes'],
    ['HTML that is cut within a tag, a style, a comment', null, 'a<style>b', 'a'],
    ['… a tag', null, 'a<img src="x', 'a'],
    ['… a comment', null, 'a<!-- b', 'a'],
    [
      'numbers of characters, good and bad',
      null,
      '&#8364;&#x41;&#0;&#xFFFFFF;&nope;',
      '€A&#0;&#xFFFFFF;&nope;',
    ],
    ['signs that take no room', 'Look\u200B\u00AD\u034F here', null, 'Look here'],
    ['nothing', null, null, ''],
    ['nothing but a quote', '> Yes?', null, ''],
  ])('%s', (_what, text, html, expected) => {
    expect(excerptOf(text, html)).toBe(expected);
  });

  it('is short, and whole characters', () => {
    const excerpt = excerptOf(`a${'😀'.repeat(400)}`, null);
    expect(excerpt.length).toBeLessThanOrEqual(302);
    expect(excerpt.isWellFormed()).toBe(true);
    expect(excerpt).toMatch(/…$/);
  });

  it.each(['<', '<!--', '<style', '<head>', '&#', ' ', '>\n', 'a:\n', '<blockquote'])(
    'is quick on a text of nothing but %j',
    (piece) => {
      const text = piece.repeat(20_000 / piece.length);
      const started = performance.now();
      excerptOf(text, text);
      excerptOf(null, text);
      expect(performance.now() - started).toBeLessThan(500);
    },
  );
});
