import { describe, expect, it } from 'vitest';
import { ConfigProblems } from '../../src/config/problems.ts';
import { doing, expectProblem, load, map, problems, when } from './rule-file.ts';

/* What is wrong with rules is said when they are loaded: all at once, each at its place and with its cure. */

describe('what loads', () => {
  it.each([
    ['no rule', 'rules: []'],
    ['rules without content', 'rules:'],
    ['without when', 'rules: [{name: a, then: {skip: true}}]'],
    ['a field without a value, which is absent', doing('{set: {case.status: closed, case.subject: }}')],
    ['one text for a list', doing('{add: {case.labels: vip}}')],
    ['groups by name and number', doing('{set: {case.external_id: "{key} {1} {2} {0} {{x}"}}')],
    [
      'groups that can be such words',
      doing('{set: {case.status: "{key}", interaction.direction: " O{key}", interaction.kind: "{key}_{1}"}}'),
    ],
    ['a custom field as a list', doing('{add: {customer.custom_fields.topics: [a, b]}}')],
    ['any header', when('{header: X-What-Ever, exists: true}')],
    [
      'a header like a mapped one',
      `${map('{header: X-Shop-Tag1, sets: case.subject}')}${when('{header: X-Shop-Tag2, exists: true}')}`,
    ],
    ...[
      'X-Spam-Flags',
      'X-Spam-Score2',
      'X-Spam-Bar',
      'X-Prioritised',
      'X-MS-Exchange-Organization-PCL',
      'X-Rspamd-Bar',
    ].map((header) => [`a header like ${header}`, when(`{header: ${header}, exists: true}`)]),
    ...[
      '{part: from, equals: " JOE@Bücher.Example "}',
      '{part: from_name, equals: Joe Doe}',
      '{part: from, ends_with: "@x.test "}',
      '{part: from, starts_with: " joe@"}',
      '{part: from, contains: shop}',
      '{header: From, equals: "Joe <joe@x.test>"}',
      '{part: message_id, contains: "<"}',
      '{part: list_id, equals: a.x.test}',
      '{part: body, contains: "a < b"}',
    ].map((condition) => [condition, when(condition)]),
    ['a header like a short one', when('{header: Fate, exists: true}')],
    ['a header that others spell so', when('{header: Organisation, contains: acme}')],
    ['a header that has nothing to do with a near one', when('{header: Reply-By, exists: true}')],
    ['a header under the prefix that sets nothing', when('{header: X-Desk-Colour, exists: true}')],
    [
      'under a prefix that all have',
      `headers: {prefix: x-}\n${when('{header: X-Spam-Flag, equals: "yes"}')}`,
    ],
    ['a folder that is imported once', when('{folder: Archive/2019}')],
    ['a folder of one mailbox, imported into another', when('{all: [{mailbox: sales}, {folder: Archive}]}')],
    ['a field whose name begins as a family does', map('{header: X-Ms, sets: case.subject}')],
    ["one of Desk's", when('{header: X-Desk-Case-Custom-Order, exists: true}')],
    ['names with blanks and letters', 'rules: [{name: Störung im Netz, then: {skip: true}}]'],
    ...[
      '{header: X-A, equals: abc}, {header: X-A, starts_with: b}',
      '{header: X-A, equals: abc}, {not: {header: X-A, starts_with: b}}',
      '{part: subject, contains: ab}, {not: {part: subject, starts_with: ab}}',
      '{part: subject, starts_with: ab}, {not: {part: subject, equals: ab}}',
      '{header: X-A, one_of: [abc, xyz]}, {not: {header: X-A, starts_with: ab}}',
      '{header: X-A, exists: true}, {not: {header: X-A, contains: ab}}',
      '{part: subject, equals: abc}, {not: {part: subject, matches: abc}}',
      '{part: subject, equals: abc}, {part: subject, matches: ABC}',
      '{part: to, ends_with: "@a.test"}, {part: to, ends_with: "@b.test"}',
      '{part: from, ends_with: "@bücher.test"}, {part: from, ends_with: "@xn--bcher-kva.test"}',
      '{part: subject, starts_with: "[a]"}, {part: subject, starts_with: "[a] b"}',
      '{part: subject, starts_with: a}, {part: subject, ends_with: b}',
    ].map((both) => [both, when(`{all: [${both}]}`)]),
    ['what narrows', when('{all: [{part: from, ends_with: "@a.example"}, {part: from, starts_with: ann}]}')],
    ['a stop before what it is not for', `${when('{trusted: true}')}  - {name: b, then: {skip: true}}\n`],
  ])('%s', async (_, text) => expect(await problems(text)).toEqual([]));

  it('as data, texts and lists alike', async () => {
    const { rules } = await load(
      doing(
        '{set: {case.status: closed, case.labels: [a, 7]}, add: {case.custom_fields.Tags: x}, clear: [case.priority]}',
      ),
    );
    expect(rules).toEqual([
      {
        name: 'a',
        when: { part: 'subject', matches: '(?<key>[A-Z]+)-([0-9]+)' },
        // biome-ignore lint/suspicious/noThenProperty: it is what operators write, and no promise.
        then: {
          set: { 'case.status': ['closed'], 'case.labels': ['a', '7'] },
          add: { 'case.custom_fields.Tags': ['x'] },
          clear: ['case.priority'],
        },
      },
    ]);
  });

  it('with values from the environment', async () => {
    const { rules } = await load(doing('{set: {case.subject: "${NAME}"}}'), { NAME: 'a: b' });
    expect(rules[0]?.then.set).toEqual({ 'case.subject': ['a: b'] });
  });
});

type Row = [condition: string, path: string, message: string, cure: string];

describe('conditions', () => {
  it.each<Row>([
    ['{prt: subject, equals: a}', 'rules[0].when.prt', 'unknown option', 'did you mean `part`?'],
    ['{part: subject, equal: a}', 'rules[0].when.equal', 'unknown option', 'did you mean `equals`?'],
    ['{header: X-A, regex: a}', 'rules[0].when.regex', 'unknown option', 'write `matches`'],
    ['{and: [{trusted: true}]}', 'rules[0].when.and', 'unknown option', 'write `all`'],
    [
      '{part: to, not_contains: a}',
      'rules[0].when.not_contains',
      'unknown option',
      'write `not: {…}` around',
    ],
    ['{attachment: true}', 'rules[0].when.attachment', 'unknown option', 'write `has_attachment`'],
    ['{constructor: a}', 'rules[0].when.constructor', 'unknown option', 'possible here'],
    ['[{trusted: true}, {kind: mail}]', 'rules[0].when', 'must be a map of options, and is a list', '`all`'],
    ['{not: [{trusted: true}]}', 'rules[0].when.not', 'must be a map of options, and is a list', '`all`'],
    ['trusted', 'rules[0].when', 'is a single value', 'write it like `when: {part: from'],
    ['{all: [trusted]}', 'rules[0].when.all[0]', 'is a single value', 'write it like `{part: from'],
    [
      '{kind: [list, bounce]}',
      'rules[0].when.kind',
      'must be a single value',
      '`any` with a condition for each',
    ],
    [
      '{part: to, contains: [a, b]}',
      'rules[0].when.contains',
      'must be a single value',
      '`any` with a condition',
    ],
    ['{size: 10MB}', 'rules[0].when.size', 'is a single value', 'write it like `size: {over: 10MB}`'],
    ['{size: {more: 10MB, over: 1MB}}', 'rules[0].when.size.more', 'unknown option', 'write `over`'],
    ['{header: "Subject:", contains: a}', 'rules[0].when.header', 'not the name of a header', 'X-Spam-Flag'],
    ['{subject: a}', 'rules[0].when.subject', 'unknown option', '{part: subject, equals: …}'],
    ['{part: subjct, equals: a}', 'rules[0].when.part', 'not one of', 'did you mean `subject`?'],
    ['{}', 'rules[0].when', 'an empty condition', 'name a `header`'],
    ['{equals: a}', 'rules[0].when', 'says not what to look at', 'name a `header`'],
    ['{part: subject}', 'rules[0].when', 'says not what to test', '`exists`'],
    [
      '{part: subject, equals: a, contains: b}',
      'rules[0].when',
      'several things',
      'all: [{part: …, equals: …}',
    ],
    [
      '{trusted: true, direction: in}',
      'rules[0].when',
      'several things',
      'all: [{trusted: …}, {direction: …}]',
    ],
    ['{trusted: true, equals: a}', 'rules[0].when', '`equals` is for', 'condition of its own'],
    ['{all: []}', 'rules[0].when.all', 'needs at least one entry', 'write it like'],
    ['{any: []}', 'rules[0].when.any', 'needs at least one entry', 'write it like'],
    ['{part: subject, one_of: []}', 'rules[0].when.one_of', 'needs at least one', 'write it like'],
    ['{kind: spam}', 'rules[0].when.kind', 'not one of', '`bounce`'],
    ['{direction: inn}', 'rules[0].when.direction', 'not one of', 'did you mean `in`?'],
    ['{trusted: maybe}', 'rules[0].when.trusted', 'true or false', 'write `true`'],
    ['{size: {over: 10 apples}}', 'rules[0].when.size.over', 'not a size', '16MB'],
    ['{size: {}}', 'rules[0].when.size', 'says not which size', 'over: 10MB'],
    ['{size: {over: 10MB, under: 1MB}}', 'rules[0].when.size', 'no mail is so large', 'raise `under`'],
    ['{mailbox: suport}', 'rules[0].when.mailbox', 'no mailbox of this name', 'did you mean `support`?'],
    ['{header: "X Y", exists: true}', 'rules[0].when.header', 'not the name of a header', 'X-Spam-Flag'],
    [
      '{header: X-Desk-Case-Statu, exists: true}',
      'rules[0].when.header',
      'nobody writes',
      'x-desk-case-status',
    ],
    ['{header: Sujbect, contains: a}', 'rules[0].when.header', 'nobody writes', 'did you mean `subject`?'],
    ['{header: Preceedence, exists: true}', 'rules[0].when.header', 'nobody writes', 'precedence'],
    ...[
      ['X-Spam-Falg', 'x-spam-flag'],
      ['X-Spam-Staus', 'x-spam-status'],
      ['X-Prioritty', 'x-priority'],
      ['X-Github-Raeson', 'x-github-reason'],
      ['X-Jira-Fingerprnt', 'x-jira-fingerprint'],
      ['X-Forefront-Anti-Spam-Report', 'x-forefront-antispam-report'],
      ['X-MS-Exchange-Organisation-SCL', 'x-ms-exchange-organization-scl'],
      ['Lisd-Id', 'list-id'],
    ].map(
      ([written, meant]): Row => [
        `{header: ${written}, exists: true}`,
        'rules[0].when.header',
        'nobody writes',
        `did you mean \`${meant}\`?`,
      ],
    ),
    ...[
      ['{part: from, equals: Joe Doe}', 'equals', 'it is no address', '`part: from_name`'],
      ['{part: from, equals: "Joe <joe@x.test>"}', 'equals', 'it is no address', 'address alone'],
      ['{part: from, equals: "<joe@x.test>"}', 'equals', 'it is no address', 'address alone'],
      ['{part: cc, equals: joe}', 'equals', 'it is no address', '`header: Cc`'],
      ['{part: to, equals: "@x.test"}', 'equals', 'it is no address', 'ends_with: "@example.com"'],
      ['{part: recipient, equals: x.test}', 'equals', 'it is no address', 'ends_with: "@example.com"'],
      ['{part: return_path, equals: <>}', 'equals', 'it is no address', '`exists: false`'],
      ['{part: reply_to, one_of: [a@x.test, Joe Doe]}', 'one_of[1]', 'it is no address', 'Reply-To'],
      ['{not: {part: from, equals: Joe Doe}}', 'not.equals', 'it is no address', '`part: from_name`'],
      ['{part: from, starts_with: "Joe "}', 'starts_with', 'neither white space', '`part: from_name`'],
      ['{part: delivered_to, contains: Joe D}', 'contains', 'neither white space', 'Delivered-To'],
      ['{part: to, ends_with: " @x.test"}', 'ends_with', 'neither white space', '`header: To`'],
      ['{part: to, ends_with: "@x.test>"}', 'ends_with', 'neither white space', '`header: To`'],
      ['{part: message_id, equals: <a@x.test>}', 'equals', 'without angle brackets', 'take the brackets'],
      ['{part: list_id, one_of: [<a.x.test>]}', 'one_of[0]', 'without angle brackets', 'take the brackets'],
    ].map(
      ([condition = '', option = '', message = '', cure = '']): Row => [
        condition,
        `rules[0].when.${option}`,
        message,
        cure,
      ],
    ),
    ['{all: [{any: [{not: {wen: 1}}]}]}', 'rules[0].when.all[0].any[0].not.wen', 'unknown option', 'when'],
    [
      '{all: [{mailbox: sales}, {trusted: true}]}',
      'rules[0].when.all[1].trusted',
      'trusts nobody',
      'set `trust`',
    ],
  ])('%s', (condition, path, message, cure) => expectProblem(when(condition), path, message, cure));
});

describe('patterns', () => {
  it.each([
    ['(a', 'not a pattern of RE2 (missing closing ))', 'single quotes'],
    ['a(?=b)', 'no lookahead', 'use `not`'],
    ['(?<!a)b', 'no lookahead and no lookbehind', 'use `not`'],
    ['(a)\\1', 'no backreferences', 'once more'],
    ['(?>a)', 'no atomic groups', 'nothing is tried twice'],
    ['a++', 'no possessive repeats', 'nothing is tried twice'],
    ['/a(b)/i', 'between slashes', '`(?i)`'],
    ['a{1001}', 'invalid repeat count', 'RE2'],
    ['(?:(?:a{0,20}){0,9}){0,5}x{0,900}', 'too large a pattern', 'smaller counts'],
    ['(?<a>x)(?<a>y)', 'duplicate capture group name', 'RE2'],
  ])('%s', async (pattern, message, cure) => {
    const condition = `{all: [{part: subject, matches: '${pattern}'}]}`;
    await expectProblem(when(condition), 'rules[0].when.all[0].matches', message, cure);
  });

  it('a long one', () =>
    expectProblem(
      when(`{part: subject, matches: '${'a'.repeat(1001)}'}`),
      'rules[0].when.matches',
      'longer than 1,000',
      'one_of',
    ));

  it('one from outside is not printed', async () => {
    const text = when('{part: subject, matches: "${PATTERN}"}');
    const [problem] = await problems(text, { PATTERN: 'canary(' });
    expect(problem).toContain('${PATTERN}');
    expect(problem).not.toContain('canary');
  });
});

describe('what stands at the wrong level, or is called so elsewhere', () => {
  const stop = 'then: {stop: true}';
  const alone: [rule: string, path: string, cure: string][] = [
    [`if: {trusted: true}, ${stop}`, 'if', 'write `when`'],
    [`conditions: [{trusted: true}], ${stop}`, 'conditions', 'write `when`'],
    [`part: subject, ${stop}`, 'part', '`part` belongs in `when`'],
    [`enabled: false, ${stop}`, 'enabled', 'put `#` before each of its lines'],
    [`else: {skip: true}, ${stop}`, 'else', 'a rule of its own'],
    [`case.status: closed, ${stop}`, 'case.status', 'write `then: {set: {case.status: …}}`'],
    [`order: 1, ${stop}`, 'order', 'possible here: name, when, then'],
  ];
  it.each(alone)('{%s}', (rule, path, cure) =>
    expectProblem(`rules: [{name: a, ${rule}}]`, `rules[0].${path}`, 'unknown option', cure),
  );

  it.each([
    ['set: {case.status: closed}', 'set', 'move it: `set` belongs in `then`'],
    ['stop: true', 'stop', 'move it: `stop` belongs in `then`'],
    ['actions: {stop: true}', 'actions', 'write `then`'],
    ['do: {stop: true}', 'do', 'write `then`'],
  ])('{%s}, and so nothing that the rule does', async (rule, path, cure) => {
    expect(await problems(`rules: [{name: a, ${rule}}]`)).toEqual([
      expect.stringContaining('rules[0].then: required, but missing'),
      `rules[0].${path}: unknown option → ${cure}`,
    ]);
  });

  it('a secret that YAML takes for a name is not printed', async () => {
    const found = await problems('rules: [{name: a, then: {stop: true, "password:hunter2!": 1}}]');
    expect(found).toEqual([expect.stringContaining('something that is no option')]);
    expect(found.join()).not.toContain('hunter2');
  });
});

it('says everything at once, each at its line', async () => {
  const text = `headers:
  map:
    - {header: Subject, sets: case.subjct}
rules:
  - name: one
    when:
      all:
        - {part: subject, matches: '(a'}
        - {mailbox: suport}
    then:
      set:
        case.status: done
        case.priorty: 3
  - name: one
    when: {trusted: maybe}
    then: {clear: [case.status]}
`;
  const error = await load(text).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigProblems)) throw error;
  expect(error.problems.map(({ line, path }) => `${(line ?? 0) - 9}: ${path}`)).toEqual([
    '2: headers.map[0].header',
    '2: headers.map[0].sets',
    '7: rules[0].when.all[0].matches',
    '8: rules[0].when.all[1].mailbox',
    '11: rules[0].then.set.case.status',
    '12: rules[0].then.set.case.priorty',
    '13: rules[1].name',
    '14: rules[1].when.trusted',
    '15: rules[1].then.clear[0]',
  ]);
});
