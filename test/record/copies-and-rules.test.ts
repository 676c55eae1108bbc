// biome-ignore-all lint/suspicious/noThenProperty: it is what operators write, and no promise.
import { describe, expect, it } from 'vitest';
import type { RuleConfig } from '../../src/rules/rule.ts';
import { useDatabase } from '../support/database.ts';
import { storyOn } from './stored-story.ts';
import type { Told } from './story.ts';

/* A trusted copy of a mail that rules have acted on already: they do not do it again, over what was said since. */

const story = storyOn(useDatabase());

const rules: RuleConfig[] = [
  {
    name: 'urgent',
    when: { part: 'subject', contains: 'urgent' },
    then: {
      set: {
        ...{ 'case.status': ['open'], 'case.priority': ['9'], 'customer.company': ['Old'] },
        ...{ 'case.custom_fields.state': ['hot'] },
      },
      add: { 'case.labels': ['urgent'], 'case.custom_fields.topics': ['fire'] },
    },
  },
  {
    name: 'calm',
    when: { part: 'subject', contains: 'calm' },
    then: {
      set: {
        ...{ 'case.status': ['resolved'], 'case.priority': ['1'], 'customer.company': ['New'] },
        ...{ 'case.custom_fields.state': ['cold'] },
      },
      remove: { 'case.labels': ['urgent'], 'case.custom_fields.topics': ['fire'] },
    },
  },
  { name: 'ours', when: { trusted: true }, then: { add: { 'case.labels': ['ours'] } } },
];

const ann = { From: 'Ann <ann@asker.example>', Date: 'Mon, 09 Nov 2026 08:15:00 +0000' };
const first: Told = { ...ann, 'Message-ID': '<first@x>', Subject: 'urgent', 'x-desk-case-language': 'sv' };
const later: Told = { ...ann, 'Message-ID': '<later@x>', 'In-Reply-To': '<first@x>', Subject: 'calm' };
const copyOf = (told: Told): Told => ({ ...told, '@trusted': 'yes' });
const some = (mails: readonly Told[]) => story(mails, { trust: 'some', rules });

describe('a trusted copy of a mail that rules have acted on', () => {
  it('applies its headers and what rules say of trusted mail, and undoes nothing that was said since', async () => {
    const told = await some([first, later, copyOf(first)]);
    expect([...told.plan.cases]).toMatchObject([
      {
        ...{ status: 'resolved', priority: 1, language: 'sv', labels: ['ours'] },
        custom_fields: { state: 'cold' },
      },
    ]);
    expect([...told.plan.customers]).toMatchObject([{ company: 'New' }]);
    expect(told.events.slice(-2)).toEqual(['language: null -> sv', 'labels: null -> ours']);
  });

  it('keeps what was applied of both', async () => {
    const told = await some([first, later, copyOf(first)]);
    const { applied } = told.plan.interactions[0]?.incoming.directives ?? {};
    expect(applied?.map(({ by, field }) => `${by}: ${field}`).sort()).toEqual([
      'rule ours: case.labels',
      'rule urgent: case.custom_fields.state',
      'rule urgent: case.custom_fields.topics',
      'rule urgent: case.labels',
      'rule urgent: case.priority',
      'rule urgent: case.status',
      'rule urgent: customer.company',
      'x-desk-case-language: case.language',
    ]);
  });

  it('takes nothing away again that came since', async () => {
    const told = await some([
      { ...first, Subject: 'urgent' },
      later,
      { ...first, 'Message-ID': '<third@x>', 'In-Reply-To': '<first@x>' },
      copyOf(later),
    ]);
    expect([...told.plan.cases]).toMatchObject([
      { status: 'open', priority: 9, labels: ['urgent', 'ours'], custom_fields: { topics: 'fire' } },
    ]);
  });

  it('does all of it to another case that its header names', async () => {
    const other = { ...copyOf(ann), 'Message-ID': '<other@x>', 'x-desk-case-external-id': 'E' };
    const named = { ...first, 'x-desk-case-external-id': 'E' };
    const told = await some([other, named, copyOf(named)]);
    const [into] = [...told.plan.cases].filter(({ external_id }) => external_id === 'E');
    expect(into).toMatchObject({ priority: 9, labels: ['ours', 'urgent'] });
  });

  it('stays in the case that a rule has named, and is no outsider’s any more', async () => {
    const byNumber: RuleConfig = {
      name: 'number',
      when: { part: 'subject', matches: '#(?<no>\\d+)' },
      then: { set: { 'case.external_id': ['no-{no}'] } },
    };
    const eve = { From: 'eve@evil.example', 'Message-ID': '<eve@x>', Date: ann.Date, Subject: '#1' };
    const told = await story([{ ...ann, Subject: '#1' }, eve, copyOf(eve)], {
      ...{ trust: 'some', rules: [byNumber] },
    });
    expect(told.mails[1]).toMatchObject({ case: 0, outsider: false });
  });
});
