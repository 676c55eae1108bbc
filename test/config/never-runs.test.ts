import { describe, expect, it } from 'vitest';
import { expectProblem, load, problems, when } from './rule-file.ts';

/* Rules that can never run, and conditions that can never hold. */

describe('what no mailbox can give', () => {
  const mailboxes = (support: string, sales: string, host = 'imap.example.com') => `mailboxes:
  - {name: support, ${support}imap: {host: ${host}, user: support@example.com, password: hunter2!}}
  - {name: sales, ${sales}imap: {host: imap.example.com, user: sales@example.com, password: hunter2!}}
`;
  const found = (begin: string, condition: string) => problems(when(condition), {}, begin);
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
