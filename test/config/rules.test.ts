// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the notation that operators write.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigProblems } from '../../src/config/problems.ts';
import type { Config } from '../../src/config/schema.ts';

/* What is wrong with mapping and rules is said when they are loaded: all at once, each at its place and with its cure. */

const BEGIN = `database: {url: postgres://mailcase@localhost/mailcase}
mailboxes:
  - name: support
    trust: all
    folders: [INBOX, Archive]
    imap: {host: imap.example.com, user: support@example.com, password: hunter2!}
  - name: sales
    imap: {host: imap.example.com, user: sales@example.com, password: hunter2!}
`;

async function load(text: string, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-rules-'));
  try {
    const file = join(folder, 'mailcase.yaml');
    await writeFile(file, BEGIN + text);
    return (await loadConfig(file, env)).config;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `path: message → cure`, in the order of the file. */
async function problems(text: string, env?: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    await load(text, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    return error.problems.map(({ path, message, cure }) => `${path}: ${message} → ${cure}`);
  }
}

async function expectProblem(text: string, path: string, message: string, cure: string) {
  const found = await problems(text);
  expect(found).toEqual([expect.stringContaining(`${path}: `)]);
  expect(found[0]).toContain(message);
  expect(found[0]?.split(' → ')[1]).toContain(cure);
}

const when = (condition: string) => `rules:\n  - {name: a, when: ${condition}, then: {stop: true}}\n`;
const then = (actions: string, condition = '{part: subject, matches: "(?<key>[A-Z]+)-([0-9]+)"}') =>
  `rules:\n  - {name: a, when: ${condition}, then: ${actions}}\n`;
const map = (entry: string) => `headers: {map: [${entry}]}\n`;

describe('what loads', () => {
  it.each([
    ['no rule', 'rules: []'],
    ['rules without content', 'rules:'],
    ['without when', 'rules: [{name: a, then: {skip: true}}]'],
    ['a field without a value, which is absent', then('{set: {case.status: closed, case.subject: }}')],
    ['one text for a list', then('{add: {case.labels: vip}}')],
    ['groups by name and number', then('{set: {case.external_id: "{key} {1} {2} {0} {{x}"}}')],
    [
      'groups that can be such words',
      then('{set: {case.status: "{key}", interaction.direction: " O{key}", interaction.kind: "{key}_{1}"}}'),
    ],
    ['a custom field as a list', then('{add: {customer.custom_fields.topics: [a, b]}}')],
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
      then(
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
    const { rules } = await load(then('{set: {case.subject: "${NAME}"}}'), { NAME: 'a: b' });
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

describe('what no mailbox can give', () => {
  const mailboxes = (support: string, sales: string, host = 'imap.example.com') => `mailboxes:
  - {name: support, ${support}imap: {host: ${host}, user: support@example.com, password: hunter2!}}
  - {name: sales, ${sales}imap: {host: imap.example.com, user: sales@example.com, password: hunter2!}}
`;
  const found = async (begin: string, condition: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'mailcase-rules-'));
    const file = join(folder, 'mailcase.yaml');
    await writeFile(file, `${BEGIN.split('\n')[0]}\n${begin}${when(condition)}`);
    const problem = await loadConfig(file, {}).catch((error: unknown) => error);
    await rm(folder, { recursive: true });
    return problem instanceof ConfigProblems
      ? problem.problems.map(({ path, message, cure }) => `${path}: ${message} → ${cure}`)
      : [];
  };
  const [ALL, RESULTS, VERIFY] = [
    'trust: all, ',
    'authentication: {authserv_id: mx.example.com}, ',
    'authentication: {verify: true}, ',
  ];
  const DKIM = `trust: {dkim: {domains: [example.com]}}, ${VERIFY}`;
  const HMAC = `trust: {hmac: {keys: [{id: k, secret: ${'s'.repeat(32)}}]}}, `;
  const PASS = '{sender_auth: pass}';
  const FAIL = '{sender_auth: fail}';
  const UNTRUSTED = '{trusted: false}';

  it.each<[condition: string, begin: string, path: string, message: string, cure: string]>([
    ['{any: [{trusted: true}]}', mailboxes('', ''), 'any[0].trusted', 'no mailbox trusts anybody', '`trust`'],
    ['{not: {trusted: false}}', mailboxes('', ''), 'not.trusted', 'no mailbox trusts anybody', '`trust`'],
    [UNTRUSTED, mailboxes(ALL, ALL), 'trusted', 'all mailboxes trust everybody', 'take the rule out'],
    ['{not: {trusted: true}}', mailboxes(ALL, ALL), 'not.trusted', 'trust everybody', 'take the rule out'],
    [
      `{all: [{mailbox: support}, ${UNTRUSTED}]}`,
      mailboxes(ALL, ''),
      'all[1].trusted',
      'the mailbox support trusts everybody',
      'take the rule out',
    ],
    [
      `{any: [{kind: list}, {all: [{mailbox: sales}, {trusted: true}]}]}`,
      mailboxes(ALL, ''),
      'any[1].all[1].trusted',
      'the mailbox sales trusts nobody',
      '`trust`',
    ],
    [PASS, mailboxes(ALL, ''), 'sender_auth', 'no mailbox knows who wrote a mail', 'authserv_id: …}'],
    [FAIL, mailboxes(ALL, ''), 'sender_auth', 'knows of a mail that it is forged', 'dkim: {domains'],
    [FAIL, mailboxes(VERIFY, ''), 'sender_auth', 'knows of a mail that it is forged', 'dkim: {domains'],
    [
      `{all: [{mailbox: sales}, ${PASS}]}`,
      mailboxes(RESULTS, ''),
      'all[1].sender_auth',
      'the mailbox sales does not know who wrote a mail',
      'verify: true',
    ],
  ])('%s', async (condition, begin, path, message, cure) => {
    expect(await found(begin, condition)).toEqual([
      expect.stringContaining(`rules[0].when.${path}: never holds: `),
    ]);
    const [problem = ''] = await found(begin, condition);
    expect(problem).toContain(message);
    expect(problem.split(' → ')[1]).toContain(cure);
  });

  it.each([
    [UNTRUSTED, mailboxes(ALL, '')],
    ['{not: {trusted: true}}', mailboxes('', '')],
    ['{any: [{all: [{mailbox: support}, {trusted: true}]}, {mailbox: sales}]}', mailboxes(ALL, '')],
    ['{not: {all: [{trusted: false}, {kind: mail}]}}', mailboxes('', '')],
    ['{sender_auth: none}', mailboxes('', '')],
    [`{not: ${FAIL}}`, mailboxes('', '')],
    ...[PASS, FAIL].flatMap((condition) => [
      [condition, mailboxes('', '', 'imap.gmail.com')],
      [condition, mailboxes('', RESULTS)],
      [condition, mailboxes('', DKIM)],
    ]),
    [PASS, mailboxes('', VERIFY)],
    [PASS, mailboxes('', HMAC)],
  ])('%s, where one can: %s', async (condition, begin) =>
    expect(await found(begin ?? '', condition ?? '')).toEqual([]),
  );
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
  ])('%s', (actions, path, message, cure) => expectProblem(then(actions), path, message, cure));

  it('fields below their owner, as a map in a map', async () => {
    expect(await problems(then('{set: {case: {status: closed}}}'))).toEqual([
      expect.stringMatching(/^rules\[0\]\.then\.set\.case: must be a text or a list of texts/),
      expect.stringMatching(/^rules\[0\]\.then\.set\.case: no field .* by its whole name, e\.g\. `case\./),
    ]);
  });

  it.each([
    ['a price without a group', then('{set: {case.subject: "$1"}}', '{part: subject, contains: a}')],
    ['one beside more digits', then('{set: {case.subject: "$12"}}')],
    ['a number that no group has', then('{set: {case.subject: "$3"}}')],
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
    expectProblem(then(`{set: {case.subject: "${group}"}}`, condition), 'case.subject', message, ''),
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
      then('{stop: true}', `{all: [${list}]}`),
      `rules[0].when.${place}`,
      'has a group `k`',
      'another name',
    ),
  );

  it.each([
    ['a group', then('{set: {case.subject: "${TOKEN}"}}'), { TOKEN: 'a{canary}' }, 'a group that no pattern'],
    [
      'a name in a pattern',
      then('{set: {case.subject: "{canari}"}}', '{part: subject, matches: "${P}"}'),
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
      then('{stop: true}', '{all: [{part: subject, matches: "(?<k>a)"}, {part: from, matches: "(?<k>b)"}]}'),
      'rules[0].when.all[1].matches',
      'another pattern of this rule has a group `k`',
      'another name',
    ));
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

describe('what can never be', () => {
  const SPAM = '{header: X-Spam-Flag, equals: "yes"}';
  it.each([
    ['{all: [{trusted: true}, {trusted: false}]}', 'rules[0].when.all[1]', '`when.all[0]`'],
    ['{all: [{direction: in}, {all: [{direction: out}]}]}', 'rules[0].when.all[1].all[0]', '`when.all[0]`'],
    ['{all: [{kind: mail}, {kind: list}]}', 'rules[0].when.all[1]', '`when.all[0]`'],
    ['{all: [{mailbox: support}, {mailbox: sales}]}', 'rules[0].when.all[1]', '`when.all[0]`'],
    [`{all: [${SPAM}, {not: ${SPAM}}]}`, 'rules[0].when.all[1].not', '`when.all[0]`'],
    ['{all: [{header: X-A, exists: false}, {header: X-A, contains: b}]}', 'rules[0].when.all[1]', 'all[0]'],
    ['{all: [{part: subject, equals: a}, {part: subject, equals: b}]}', 'rules[0].when.all[1]', 'all[0]'],
    [
      '{all: [{part: subject, equals: ab}, {part: subject, starts_with: b}]}',
      'rules[0].when.all[1]',
      'all[0]',
    ],
    ...[
      '{part: subject, equals: abc}, {not: {part: subject, starts_with: AB}}',
      '{not: {header: X-A, contains: b}}, {header: X-A, equals: abc}',
      '{header: X-A, one_of: [abc, abd]}, {not: {header: X-A, starts_with: ab}}',
      '{header: X-A, equals: "a  b"}, {not: {header: X-A, one_of: [c, A b]}}',
      '{header: X-A, ends_with: abc}, {not: {header: X-A, ends_with: bc}}',
      '{part: to, ends_with: "@a.test"}, {not: {part: to, contains: a.test}}',
      '{part: body, matches: a}, {not: {part: body, exists: true}}',
      '{part: from, ends_with: "@a.test"}, {part: from, ends_with: "@b.test"}',
      '{part: from, equals: joe@a.test}, {part: from, one_of: [ann@a.test, eve@a.test]}',
      '{part: subject, starts_with: "[a]"}, {part: subject, starts_with: "[b]"}',
    ].map((both) => [
      `{all: [${both}]}`,
      `rules[0].when.all[1]${/, \{not/.test(both) ? '.not' : ''}`,
      'all[0]',
    ]),
    ['{all: [{size: {over: 2MB}}, {size: {under: 1MB}}]}', 'rules[0].when.all[1]', 'all[0]'],
    [
      '{any: [{all: [{kind: mail}, {kind: list}]}, {trusted: true}]}',
      'rules[0].when.any[0].all[1]',
      'any[0].all[0]',
    ],
  ])('%s', (condition, path, message) =>
    expectProblem(when(condition), path, `can never hold together with`, '').then(async () =>
      expect((await problems(when(condition)))[0]).toContain(message),
    ),
  );

  it.each([
    [
      'one that stops at all',
      '{name: a, then: {set: {case.status: open}, stop: true}}',
      '{name: b, then: {skip: true}}',
    ],
    ['one that skips all', '{name: a, then: {skip: true}}', `{name: b, when: ${SPAM}, then: {stop: true}}`],
    [
      'the same',
      `{name: a, when: ${SPAM}, then: {skip: true}}`,
      `{name: b, when: ${SPAM}, then: {stop: true}}`,
    ],
    [
      'a narrower one',
      `{name: a, when: ${SPAM}, then: {skip: true}}`,
      `{name: b, when: {all: [{trusted: true}, ${SPAM}]}, then: {stop: true}}`,
    ],
  ])('a rule after %s', (_, first, second) =>
    expectProblem(
      `rules:\n  - ${first}\n  - ${second}\n`,
      'rules[1].name',
      'never runs: the rule a (rules[0])',
      'move it before',
    ),
  );

  const rulesOf = (...conditions: string[]) =>
    `rules:\n${conditions
      .map((each, i) =>
        each.startsWith('then')
          ? `  - {name: r${i}, ${each}}\n`
          : `  - {name: r${i}, when: ${each}, then: {stop: true}}\n`,
      )
      .join('')}`;
  const TURN = 'then: {set: {interaction.direction: in}}';

  it.each([
    ['{part: subject, contains: x}', '{part: subject, contains: xy}'],
    ['{part: subject, contains: X}', '{part: subject, starts_with: xy}'],
    ['{part: subject, starts_with: x}', '{part: subject, equals: xy}'],
    ['{header: X-A, ends_with: y}', '{header: X-A, one_of: [xy, yy]}'],
    ['{header: X-A, exists: true}', '{header: X-A, matches: "a+"}'],
    ['{part: from, ends_with: "@a.test"}', '{all: [{trusted: true}, {part: from, equals: joe@a.test}]}'],
    ['{part: from, one_of: [a@a.test, b@a.test]}', '{part: from, equals: b@a.test}'],
    ['{any: [{kind: list}, {part: subject, contains: x}]}', '{part: subject, contains: xy}'],
    [
      '{all: [{part: subject, contains: x}, {mailbox: sales}]}',
      '{all: [{mailbox: sales}, {kind: mail}, {part: subject, contains: xy}]}',
    ],
    [
      '{all: [{mailbox: sales}, {not: {part: subject, contains: xy}}]}',
      '{all: [{not: {part: subject, contains: x}}, {mailbox: sales}]}',
    ],
    ['{not: {part: subject, contains: x}}', '{not: {part: subject, contains: x}}'],
    ['{direction: in}', '{all: [{kind: mail}, {direction: in}]}'],
    ['{part: subject, contains: x}', '{any: [{part: subject, contains: xy}, {part: subject, equals: x}]}'],
  ])('%s, then %s', (first, second) =>
    expectProblem(
      rulesOf(first, second),
      'rules[1].name',
      'never runs: the rule r0 (rules[0])',
      'before that one',
    ),
  );

  it.each([
    [['{direction: in}', '{direction: out}', '{trusted: true}']],
    [['{trusted: true}', '{kind: list}', '{trusted: false}', 'then: {skip: true}']],
    [['{header: X-A, exists: true}', '{header: X-A, exists: false}', '{kind: mail}']],
    [['{part: subject, contains: x}', '{not: {part: subject, contains: x}}', '{kind: mail}']],
    [['{any: [{sender_auth: none}, {kind: list}]}', '{not: {sender_auth: none}}', '{kind: mail}']],
    [['{kind: list}', '{kind: bounce}', '{any: [{kind: bounce}, {kind: list}]}']],
  ])('%j', async (conditions) => {
    const last = conditions.length - 1;
    await expectProblem(
      rulesOf(...conditions),
      `rules[${last}].name`,
      `never runs: the rules before it, down to r${last - 1} (rules[${last - 1}])`,
      'move it before them',
    );
  });

  it.each([
    [['{part: subject, contains: xy}', '{part: subject, contains: x}']],
    [['{part: subject, contains: x}', '{part: body, contains: xy}']],
    [['{part: subject, starts_with: x}', '{part: subject, ends_with: x}']],
    [['{header: X-A, one_of: [a, b]}', '{header: X-A, one_of: [b, c]}']],
    [['{all: [{part: subject, contains: x}, {mailbox: sales}]}', '{part: subject, contains: x}']],
    [['{direction: in}', TURN, '{direction: in}']],
    [['{direction: in}', TURN, '{direction: out}', '{kind: mail}']],
    [['{direction: in}', 'then: {clear: [case.priority]}', '{direction: out}']],
    [['{all: [{direction: in}, {mailbox: sales}]}', TURN, '{all: [{mailbox: sales}, {direction: in}]}']],
    [['{not: {part: subject, contains: x}}', '{not: {part: subject, contains: xy}}']],
    [['{kind: list}', '{any: [{kind: bounce}, {kind: list}]}']],
  ])('%j, of which each has its mail', async (conditions) =>
    expect(await problems(rulesOf(...conditions))).toEqual([]),
  );

  it('of a thousand rules, in a moment', async () => {
    const long = Array.from({ length: 20 }, (_, i) => `customer-${i}@shop.example`);
    const rules = Array.from(
      { length: 1000 },
      (_, i) =>
        `  - {name: r${i}, when: {part: from, one_of: [${long}, a${i}@b.example]}, then: {stop: true}}`,
    );
    const anyOf = Array.from({ length: 1000 }, (_, i) => {
      const branches = Array.from({ length: 10 }, (_, j) => `{part: subject, contains: w${i * 10 + j}.}`);
      return `  - {name: s${i}, when: {all: [{any: [${branches}]}, {part: body, contains: w${i}.}]}, then: {stop: true}}`;
    });
    for (const some of [rules, anyOf]) {
      const begun = process.cpuUsage();
      await load(`rules:\n${some.join('\n')}\n`);
      const { user, system } = process.cpuUsage(begun);
      expect((user + system) / 1_000).toBeLessThan(6_000);
    }
  });

  it('two of one name', () =>
    expectProblem(
      'rules: [{name: a, when: {trusted: true}, then: {skip: true}}, {name: A, then: {skip: true}}]',
      'rules[1].name',
      'another rule has this name',
      'its own name',
    ));
});

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
    const folder = await mkdtemp(join(tmpdir(), 'mailcase-rules-'));
    const file = join(folder, 'mailcase.yaml');
    await writeFile(
      file,
      BEGIN.replace('trust: all', trust) + map('{header: X-Our-Secret, sets: case.subject}'),
    );
    await expect(loadConfig(file, {})).rejects.toThrow('the header field of a secret or a signature');
    await rm(folder, { recursive: true });
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
