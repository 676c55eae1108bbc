// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { describe, expect, it } from 'vitest';
import type { RuleConfig } from '../../src/rules/rule.ts';
import { useDatabase } from '../support/database.ts';
import { storyOn } from './stored-story.ts';
import type { Told } from './story.ts';

/* What a rule takes out of an untrusted mail says whose mail it is, and nobody is known by it. */

const story = storyOn(useDatabase());

const rules: RuleConfig[] = [
  {
    name: 'number',
    when: { part: 'subject', matches: 'customer no (?<no>\\d+)' },
    then: { set: { 'customer.external_id': ['C-{no}'] } },
  },
  {
    name: 'for',
    when: { part: 'subject', matches: 'for (?<address>\\S+@\\S+)' },
    then: { set: { 'customer.email': ['{address}'] } },
  },
];

const shop: Told = {
  ...{ From: 'shop@example.com', To: 'joe@joe.example', 'Message-ID': '<order@example.com>' },
  ...{ Subject: 'Order', '@trusted': 'yes', 'x-desk-customer-external-id': 'C-17' },
};
const eve = { From: 'Eve <eve@evil.example>' };
const answer = { 'In-Reply-To': '<order@example.com>' };
const some = (mails: readonly Told[]) => story(mails, { trust: 'some', rules });

describe('an untrusted mail that names a customer by a rule', () => {
  it.each<[name: string, subject: string]>([
    ['his external id', 'customer no 17'],
    ['his address', 'for joe@joe.example'],
  ])('is his by %s, and in his case an outsider’s', async (_, Subject) => {
    const told = await some([shop, { ...eve, ...answer, Subject }]);
    expect(told.mails[1]).toEqual({ case: 0, customer: 'joe@joe.example', outsider: true });
  });

  it('adds its address to nobody: what comes from there later is a stranger’s', async () => {
    const told = await some([shop, { ...eve, Subject: 'customer no 17' }, { ...eve, ...answer }]);
    expect(told.mails[1]).toMatchObject({ customer: 'joe@joe.example' });
    expect(told.mails[2]).toEqual({ case: 0, customer: 'eve@evil.example', outsider: true });
    expect([...told.plan.customers].map(({ first_name }) => first_name)).toEqual([null, 'Eve']);
  });

  it.each<[name: string, before: Told[]]>([
    ['nobody yet', []],
    ['known by the address', [eve]],
  ])('takes no id before its owner comes, of whom is %s', async (_, before) => {
    const told = await some([...before, { ...eve, Subject: 'customer no 17' }, shop]);
    expect(told.mails.at(-1)).toMatchObject({ customer: 'joe@joe.example' });
    expect(told.refused).toEqual([expect.stringMatching(/^rule number: nobody has this id yet/)]);
  });

  it('is no outsider’s where the customer himself wrote it', async () => {
    const told = await some([shop, { From: 'joe@joe.example', ...answer, Subject: 'customer no 17' }]);
    expect(told.mails[1]).toEqual({ case: 0, customer: 'joe@joe.example', outsider: false });
  });

  it('which is trusted does all of it', async () => {
    const mails = [shop, { ...eve, Subject: 'customer no 17', '@trusted': 'yes' }, { ...eve, ...answer }];
    expect((await some(mails)).mails[2]).toEqual({ case: 0, customer: 'joe@joe.example', outsider: false });
  });
});
