import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/explanation.ts';
import { printExplanation } from '../../src/explain/print.ts';
import { widthOf } from '../../src/terminal/width.ts';

const NEW: Explanation = {
  mailbox: 'support',
  folder: 'INBOX',
  role: 'inbox',
  message: {
    message_id: 'a@x',
    subject: '照明',
    from: 'ann@asker.example',
    to: ['support@example.com'],
    cc: [],
    received_at: new Date('2026-11-09T08:15:00Z'),
    size_bytes: 1536,
    attachments: 1,
    cut: ['attachments: 1 left in the mailbox'],
  },
  outcome: 'recorded',
  selection: null,
  error: null,
  put_off: null,
  duplicate_of: null,
  decided: [
    { what: 'direction', value: 'in', why: 'From is not own' },
    { what: 'customer', value: 'ann@asker.example', why: 'inbound: From; known by this address' },
    { what: 'case', value: 'case 7', why: 'In-Reply-To names <q@x>' },
    { what: 'status', value: 'open', why: 'an inbound mail reopens a pending or resolved case' },
  ],
  headers: {
    applied: [],
    refused: [{ by: 'flood', value: '', reason: 'too many' }],
  },
  rules: { matched: [], applied: [], refused: [] },
  customer: {
    id: 3,
    first_name: 'Ann',
    last_name: null,
    company: null,
    phone: null,
    external_id: null,
    language: null,
    custom_fields: {},
  },
  case: {
    ...{ id: 7, external_id: null, subject: 'Lamp', status: 'open', priority: null, language: null },
    ...{ labels: [], custom_fields: {}, follow_up_of: null },
  },
  changes: [{ field: 'status', old: 'pending', new: 'open', reason: 'x' }],
};

const ORIGINAL = { interaction_id: 12, case_id: 7, moved: false, received_at: new Date(0) };

const outcomeOf = (more: Partial<Explanation>) =>
  printExplanation({ ...NEW, ...more }, { width: 300, colours: false }).split('\n\n')[1];

describe('printExplanation', () => {
  it('tells a reply', () => {
    expect(printExplanation(NEW, { width: 100, colours: false })).toBe(`\
照明
  from ann@asker.example to support@example.com
  received 2026-11-09 08:15, 1.5 KB, 1 attachment
  cut: attachments: 1 left in the mailbox

Polled from support, it is recorded as inbound mail of customer 3, Ann, in case 7 (then open).

Why
  direction  in: From is not own
  customer   ann@asker.example: inbound: From; known by this address
  case       case 7: In-Reply-To names <q@x>
  status     open: an inbound mail reopens a pending or resolved case

Headers
  flood
    refused: too many

Rules
  none matches

What changes in the case
  status: pending → open`);
  });

  it.each<[name: string, more: Partial<Explanation>, said: string]>([
    [
      'a copy',
      { outcome: 'duplicate', duplicate_of: ORIGINAL, case: null, changes: [] },
      'It is recorded already, as interaction 12 of case 7, and changes nothing more. This is how that was decided.',
    ],
    [
      'a copy of what was recorded by an old version',
      { outcome: 'duplicate', duplicate_of: ORIGINAL, case: null, changes: [], decided: [] },
      'It is recorded already, as interaction 12 of case 7, and changes nothing more.',
    ],
    [
      'a copy of what was moved since',
      { outcome: 'duplicate', duplicate_of: { ...ORIGINAL, moved: true }, case: null, changes: [] },
      'It is recorded already, as interaction 12 of case 7, and changes nothing more. This is how that was decided, before a person brought it into case 7 (`mailcase case 7 --why` says who).',
    ],
    [
      'a trusted copy',
      { outcome: 'duplicate', duplicate_of: ORIGINAL },
      'It is a trusted copy of interaction 12 of case 7, and applies its headers to it.',
    ],
    [
      'no mail',
      { outcome: 'quarantined', error: 'parse: broken' },
      'It cannot be recorded, and goes to quarantine: parse: broken',
    ],
    [
      'what no poll takes',
      { selection: { taken: false, why: 'somebody has read it', waiting_before: 0 } },
      'Polled from support, it is recorded as inbound mail of customer 3, Ann, in case 7 (then open).\nBut no poll takes it: somebody has read it.',
    ],
    [
      'what stands behind others',
      { selection: { taken: true, why: 'the next poll takes it', waiting_before: 2 } },
      'Polled from support, it is recorded as inbound mail of customer 3, Ann, in case 7 (then open).\nNow: the next poll takes it, behind 2 other messages: if it answers one of them, it will be in their case.',
    ],
    [
      'a follow-up of nobody',
      {
        customer: null,
        case: { ...NEW.case, id: null, external_id: 'A', follow_up_of: 4 } as Explanation['case'],
      },
      'Polled from support, it is recorded as inbound mail of nobody, in a new case (A, follow-up of case 4, then open).',
    ],
  ])('tells %s', (_, more, said) => {
    expect(outcomeOf(more)).toBe(said);
  });

  it.each([40, 60, 100])('fits %i columns', (width) => {
    const long = {
      ...NEW.message,
      subject: '照明'.repeat(60),
      to: Array(30).fill('someone@example.com') as string[],
    };
    const lines = printExplanation({ ...NEW, message: long }, { width, colours: false }).split('\n');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
  });

  it('colours for a terminal', () => {
    expect(printExplanation(NEW, { width: 100, colours: true })).toContain('\x1b[1mWhy\x1b[22m');
  });
});
