import { describe, expect, it } from 'vitest';
import { expectProblem, load, MAILBOXES, map, problems } from './rule-file.ts';

/* What is wrong with the mapping of headers. */

describe('the mapping', () => {
  it.each([
    [
      '{header: Subject, sets: case.subject}',
      'headers.map[0].header',
      'a standard header field',
      'use a rule',
    ],
    [
      '{header: Content-MD5, sets: case.subject}',
      'headers.map[0].header',
      'a standard header field',
      'use a rule',
    ],
    ...['Resent-*', 'ARC-*', 'List-*', 'X-Goo*', 'X-MS-*', 'X-Spam-*'].map((header) => [
      `{header: ${header}, sets: "case.custom_fields.*"}`,
      'headers.map[0].header',
      'servers on the way write',
      'use a rule',
    ]),
    ...['ARC-Seal', 'X-Received', 'X-Gm-Spam', 'X-Original-To', 'X-Forwarded-For'].map((header) => [
      `{header: ${header}, sets: case.subject}`,
      'headers.map[0].header',
      'servers on the way write',
      'use a rule',
    ]),
    ['{header: "X*", sets: "case.custom_fields.*"}', 'headers.map[0].header', 'too short', 'X-Shop-*'],
    ['{header: "X-*-A", sets: case.subject}', 'headers.map[0].header', 'not the name', 'at the end alone'],
    ['{header: X-A, sets: case.stats}', 'headers.map[0].sets', 'no field', 'did you mean `case.status`?'],
    ['{header: X-A, sets: case.status, value: {a: open}}', 'headers.map[0].value', 'unknown', '`values`?'],
    ['{header: X-A, sets: case.status, map: {a: open}}', 'headers.map[0].map', 'unknown', 'write `values`'],
    [
      '{header: X-A, sets: case.status, values: [a]}',
      'headers.map[0].values',
      'and is a list',
      'write it like',
    ],
    [
      '{header: X-A-*, sets: case.custom_fields}',
      'headers.map[0].sets',
      'many names',
      '`case.custom_fields.*`',
    ],
    ['{header: X-A}', 'headers.map[0].sets', 'required', 'sets: case.status'],
    ['{header: X-A, sets: case.status, reader: txt}', 'headers.map[0].reader', 'not one of', '`text`'],
    [
      '{header: X-A, sets: case.status, reader: text}',
      'headers.map[0].reader',
      'cannot be kept',
      'custom field',
    ],
    [
      '{header: X-A, sets: case.status, separator: ";"}',
      'headers.map[0].separator',
      'labels alone',
      'take it out',
    ],
    ['{header: X-A-*, sets: case.status}', 'headers.map[0].sets', 'many names', 'custom_fields.*'],
    [
      '{header: X-A, sets: "case.custom_fields.*"}',
      'headers.map[0].sets',
      'has none',
      'name the custom field',
    ],
    [
      '{header: X-A, sets: case.status, values: {done: finished}}',
      'headers.map[0].values.done',
      'not one of',
      '',
    ],
    [
      '{header: X-A, sets: case.status, values: {Done: closed, done: open}}',
      'headers.map[0].values.done',
      'the same word',
      'take one',
    ],
    [
      '{header: X-A, sets: case.status}, {header: x-a, sets: case.status}',
      'headers.map[1].header',
      'the same as',
      '',
    ],
  ])('%s', (entry, path, message, cure) => expectProblem(map(entry), path, message, cure));

  it('an entry in words of its own', async () => {
    expect(await problems(map('{name: X-A, field: case.status}, {X-B: case.status}'))).toEqual([
      ...['header', 'sets'].map((name) => expect.stringContaining(`headers.map[0].${name}: required`)),
      'headers.map[0].name: unknown option → write `header`',
      'headers.map[0].field: unknown option → write `sets`',
      ...['header', 'sets'].map((name) => expect.stringContaining(`headers.map[1].${name}: required`)),
      'headers.map[1].X-B: unknown option → write `{header: X-B, sets: …}`',
    ]);
  });

  it.each([
    ['headers: {prefix: "x-shop-*"}', 'headers.prefix', 'not the beginning', 'asterisks'],
    ['header: {prefix: x-shop-}', 'header', 'unknown option', 'did you mean `headers`?'],
  ])('%s', (text, path, message, cure) => expectProblem(text, path, message, cure));

  it('the header field of a secret', async () => {
    const trust = 'trust: {secret: {header: x-our-secret, value: 0123456789abcdef}}';
    const text = map('{header: X-Our-Secret, sets: case.subject}');
    await expect(load(text, {}, MAILBOXES.replace('trust: all', trust))).rejects.toThrow(
      'the header field of a secret or a signature',
    );
  });
});
