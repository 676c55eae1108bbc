import { describe, expect, it } from 'vitest';
import { doing, expectProblem, problems } from './rule-file.ts';

/* What is wrong with what rules do. */

describe('actions', () => {
  it.each([
    ['{set: {case.stats: open}}', 'rules[0].then.set.case.stats', 'no field', 'did you mean `case.status`?'],
    ['{set: {status: open}}', 'rules[0].then.set.status', 'no field', 'did you mean `case.status`?'],
    [
      '{set: {case.customfields.a: x}}',
      'rules[0].then.set.case.customfields.a',
      'no field',
      'case.custom_fields.a',
    ],
    ['{set: {case.status: done}}', 'rules[0].then.set.case.status', 'not one of new, open', 'correct'],
    [
      '{set: {case.status: solved}}',
      'rules[0].then.set.case.status',
      'not one of',
      'did you mean `resolved`?',
    ],
    ['{case.status: closed}', 'rules[0].then.case.status', 'unknown option', 'write `set: {case.status: …}`'],
    ['{case: {status: closed}}', 'rules[0].then.case', 'unknown option', 'write `set: {case.'],
    ['{status: closed}', 'rules[0].then.status', 'unknown option', 'write `set: {case.status: …}`'],
    ['{labels: [vip]}', 'rules[0].then.labels', 'unknown option', 'write `add: {case.labels: …}`'],
    ['{tag: vip}', 'rules[0].then.tag', 'unknown option', 'write `add: {case.labels: …}`'],
    ['[{stop: true}]', 'rules[0].then', 'must be a map of options, and is a list', 'without hyphens'],
    ['skip', 'rules[0].then', 'is a single value', 'write it like `then: {set'],
    [
      '{set: {case.assignee: joe}}',
      'rules[0].then.set.case.assignee',
      'no field',
      'use one of case.external_id',
    ],
    ['{clear: [case.custom_fields]}', 'rules[0].then.clear[0]', 'no field', '`case.custom_fields.tier`'],
    ['{set: {case.external_id: "a-$1"}}', 'rules[0].then.set.case.external_id', 'other programs', '`{1}`'],
    ["{set: {case.external_id: 'a-\\2'}}", 'rules[0].then.set.case.external_id', 'other programs', '`{1}`'],
    ...[
      ['{set: {case.status: "x{key}"}}', 'case.status', 'one of new, open'],
      ['{set: {case.status: "{key}-{1}"}}', 'case.status', 'one of new, open'],
      ['{set: {case.status: "open{key}"}}', 'case.status', 'one of new, open'],
      ['{set: {interaction.direction: "{key}put"}}', 'interaction.direction', 'one of in, out'],
      ['{set: {interaction.kind: ".{key}"}}', 'interaction.kind', 'auto_reply'],
    ].map(([actions = '', field = '', words = '']) => [
      actions,
      `rules[0].then.set.${field}`,
      words,
      'each that',
    ]),
    ['{set: {case.language: english}}', 'rules[0].then.set.case.language', 'ISO 639-1', 'correct'],
    [
      '{set: {interaction.country_code: UK}}',
      'rules[0].then.set.interaction.country_code',
      '3166',
      'correct',
    ],
    ['{set: {case.priority: "11"}}', 'rules[0].then.set.case.priority', '1 to 10', 'correct'],
    ['{set: {customer.email: joe}}', 'rules[0].then.set.customer.email', 'no usable', 'correct'],
    ['{set: {case.status: [open, closed]}}', 'rules[0].then.set.case.status', 'has one value', 'write one'],
    ['{set: {case.status: {a: b}}}', 'rules[0].then.set.case.status', 'a map of options', 'list'],
    ['{set: [a]}', 'rules[0].then.set', 'must be a map, and is a list', 'write it like'],
    ['{add: {case.status: open}}', 'rules[0].then.add.case.status', 'has one value', 'set'],
    ['{remove: {case.priority: "1"}}', 'rules[0].then.remove.case.priority', 'has one value', 'clear'],
    ['{clear: [case.status]}', 'rules[0].then.clear[0]', 'never empty', 'take it out'],
    ['{clear: [case.prio]}', 'rules[0].then.clear[0]', 'no field', 'use one of'],
    ['{}', 'rules[0].then', 'without effect', '`skip`'],
    ['{stop: false}', 'rules[0].then', 'without effect', '`skip`'],
    ...['no', 'Off', 'n', '0'].map((no) => [
      `{skip: ${no}}`,
      'rules[0].then.skip',
      'neither `true` nor a reason',
      'take it out',
    ]),
    [
      '{set: {"case.custom_fields.*": x}}',
      'rules[0].then.set.case.custom_fields.*',
      'place of a key',
      'write the key',
    ],
    ['{clear: ["customer.custom_fields.*"]}', 'rules[0].then.clear[0]', 'place of a key', 'write the key'],
    [
      `{set: {case.custom_fields.${'k'.repeat(256)}: x}}`,
      `rules[0].then.set.case.custom_fields.${'k'.repeat(256)}`,
      'key is longer than 255',
      'shorter',
    ],
    [
      `{add: {case.labels: [${Array.from({ length: 101 }, (_, i) => `l${i}`)}]}}`,
      'rules[0].then.add.case.labels',
      'the first 100 labels',
      'write 100 at most',
    ],
    [
      '{set: {case.custom_fields.a: x, case.custom_fields.A: y}}',
      'rules[0].then.set.case.custom_fields.A',
      'the same field as case.custom_fields.a',
      'take one',
    ],
    ['{skip: "false"}', 'rules[0].then.skip', 'neither `true` nor a reason', 'take it out'],
    ['{skip: true, add: {case.labels: a}}', 'rules[0].then.add', 'no effect beside `skip`', 'take one'],
    ['{skip: true, stop: true}', 'rules[0].then.stop', 'no effect beside `skip`', 'take one'],
    [
      '{set: {case.subject: a}, clear: [case.subject]}',
      'rules[0].then.set.case.subject',
      'cleared',
      'take one',
    ],
    [
      '{add: {case.labels: a}, remove: {case.labels: a}}',
      'rules[0].then.remove.case.labels',
      'again',
      'take one',
    ],
    [
      '{set: {case.subject: "{kye}"}}',
      'rules[0].then.set.case.subject',
      'no pattern',
      'did you mean `{key}`?',
    ],
    ['{set: {case.subject: "{3}"}}', 'rules[0].then.set.case.subject', 'no pattern', 'write `{{`'],
    ['{set: {case.subject: "{ x"}}', 'rules[0].then.set.case.subject', 'begins no group', '`{{`'],
  ])('%s', (actions, path, message, cure) => expectProblem(doing(actions), path, message, cure));

  it('fields below their owner, as a map in a map', async () => {
    expect(await problems(doing('{set: {case: {status: closed}}}'))).toEqual([
      expect.stringMatching(/^rules\[0\]\.then\.set\.case: must be a text or a list of texts/),
      expect.stringMatching(/^rules\[0\]\.then\.set\.case: no field .* by its whole name, e\.g\. `case\./),
    ]);
  });

  it.each([
    ['a price without a group', doing('{set: {case.subject: "$1"}}', '{part: subject, contains: a}')],
    ['one beside more digits', doing('{set: {case.subject: "$12"}}')],
    ['a number that no group has', doing('{set: {case.subject: "$3"}}')],
  ])('%s is a text', async (_, text) => expect(await problems(text)).toEqual([]));

  it.each([
    [
      'under any',
      '{any: [{part: subject, matches: "(?<key>a)"}, {trusted: true}]}',
      '{key}',
      'under `any` or `not`',
    ],
    ['under not', '{not: {part: subject, matches: "(?<key>a)"}}', '{key}', 'under `any` or `not`'],
    [
      'a number of two patterns',
      '{all: [{part: subject, matches: "(a)"}, {part: from, matches: "(b)"}]}',
      '{1}',
      'several patterns have a group',
    ],
    ['without a pattern', '{trusted: true}', '{key}', 'no pattern of this rule'],
  ])('a group %s', (_, condition, group, message) =>
    expectProblem(doing(`{set: {case.subject: "${group}"}}`, condition), 'case.subject', message, ''),
  );

  it.each([
    [
      'sure and under any',
      '{part: subject, matches: "(?<k>a)"}, {any: [{part: to, matches: "(?<k>b)"}, {trusted: true}]}',
      'all[1].any[0].matches',
    ],
    [
      'under not and sure',
      '{not: {part: subject, matches: "(?<k>a)"}}, {part: to, matches: "(?<k>b)"}',
      'all[1].matches',
    ],
  ])('one name %s', (_, list, place) =>
    expectProblem(
      doing('{stop: true}', `{all: [${list}]}`),
      `rules[0].when.${place}`,
      'has a group `k`',
      'another name',
    ),
  );

  it.each([
    [
      'a group',
      doing('{set: {case.subject: "${TOKEN}"}}'),
      { TOKEN: 'a{canary}' },
      'a group that no pattern',
    ],
    [
      'a name in a pattern',
      doing('{set: {case.subject: "{canari}"}}', '{part: subject, matches: "${P}"}'),
      { P: '(?<canary>x)' },
      'a group that no pattern',
    ],
    [
      'a rule',
      'rules: [{name: "${N}", then: {skip: true}}, {name: b, then: {skip: true}}]',
      { N: 'canary' },
      'the rule rules[0] skips',
    ],
  ])('%s from outside is not printed', async (_, text, env, message) => {
    const [problem, ...more] = await problems(text, env as NodeJS.ProcessEnv);
    expect(more).toEqual([]);
    expect(problem).toContain(message);
    expect(problem).not.toContain('canary');
  });

  it('one name in two patterns', () =>
    expectProblem(
      doing('{stop: true}', '{all: [{part: subject, matches: "(?<k>a)"}, {part: from, matches: "(?<k>b)"}]}'),
      'rules[0].when.all[1].matches',
      'another pattern of this rule has a group `k`',
      'another name',
    ));
});
