// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { ownMatcher } from '../../src/message/addresses.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { noDirectives } from '../../src/rules/directives.ts';
import { Facts, type RuleSetting } from '../../src/rules/facts.ts';
import type { Condition } from '../../src/rules/rule.ts';
import { compileRules, type Rules } from '../../src/rules/rules.ts';

/*
 * What rules cost one message: `tsx test/bench/rules.ts`. None of them matches, so that all are tried; the best of twenty
 * rounds counts, since the machine has other work. And patterns that would hang other engines.
 */

const TEXT = 'Hello there, some text. '.repeat(150);

const message = await parseMessage(
  Buffer.from(
    `From: Ann <ann@asker.example>\r\nTo: support@example.com\r\nSubject: Re: [JIRA] (ABC-123) my order is broken\r\nX-Spam-Flag: NO\r\nMessage-ID: <a@b>\r\n\r\n${TEXT}`,
  ),
);

const setting: RuleSetting = {
  isOwn: ownMatcher(['example.com']),
  role: 'inbox',
  senderAuth: 'none',
  mailbox: 'support',
  folder: 'INBOX',
  sizeBytes: TEXT.length,
};

const CONDITIONS: readonly ((n: number) => Condition)[] = [
  (n) => ({ part: 'subject', matches: `\\[PROJECT${n}\\] \\((?<key>[A-Z]+-\\d+)\\)` }),
  (n) => ({ part: 'from', ends_with: `@vip${n}.example` }),
  (n) => ({ header: 'x-spam-flag', equals: `yes${n}` }),
  (n) => ({ all: [{ part: 'body', contains: `nowhere${n}` }, { trusted: true }] }),
];

function rulesOf(count: number, condition: (n: number) => Condition): Rules {
  return compileRules(
    Array.from({ length: count }, (_, n) => ({
      name: `r${n}`,
      when: condition(n),
      then: { set: { 'case.external_id': ['x'] } },
    })),
  );
}

function run(rules: Rules) {
  const directives = noDirectives();
  rules.run(new Facts(message, { trusted: false, senderAuth: 'none' }, setting, directives));
  return directives;
}

function best(rules: Rules, times: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 20; round += 1) {
    const start = performance.now();
    for (let time = 0; time < times; time += 1) run(rules);
    least = Math.min(least, (performance.now() - start) / times);
  }
  return least * 1000;
}

for (const count of [0, 1, 10, 100, 1000]) {
  const rules = rulesOf(count, (n) => (CONDITIONS[n % CONDITIONS.length] ?? (() => ({})))(n));
  process.stdout.write(`${String(count).padStart(5)} rules  ${best(rules, 100).toFixed(1)} µs a message\n`);
}
const nasty = rulesOf(100, () => ({ part: 'body', matches: '(?:[a-zA-Z .,]{0,20}){0,20}[0-9]' }));
const start = performance.now();
const { refused } = run(nasty);
const took = (performance.now() - start).toFixed(0);
process.stdout.write(
  `100 nasty patterns on ${TEXT.length} characters: ${took} ms, ${refused.length} of them not tried\n`,
);
