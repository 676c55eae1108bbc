import { describe, expect, it } from 'vitest';
import { printReplay } from '../../src/replay/print.ts';
import type { ReplayReport, ToldCase, ToldChange } from '../../src/replay/report.ts';
import { widthOf } from '../../src/terminal/width.ts';

const PLAIN = { width: 100, colours: false };

function change(field: string, old: string | null, value: string | null, by = ['rule vip']): ToldChange {
  return { field, old, new: value, by, interaction_id: 5 };
}

function aCase(given: Partial<ToldCase> = {}): ToldCase {
  const row = { case_id: 3, external_id: 'ORDER-7', subject: 'Broken lamp' };
  return { ...row, changes: [], interactions: [], withheld: [], ...given };
}

function report(given: Partial<ReplayReport> = {}): ReplayReport {
  const none = { known: 0, unmatched: 0, changed: 0, rerecorded: 0, cannot: 0, remaining: 0, left_out: 0 };
  return { dry_run: true, mails: 40, looked_at: 40, ...none, cases: [], customers: [], left: [], ...given };
}

const print = (given: Partial<ReplayReport>, width = 100) => printReplay(report(given), { ...PLAIN, width });

describe('printReplay', () => {
  it('tells case by case what would change, and by what', () => {
    expect(
      print({
        changed: 12,
        cases: [
          aCase({
            changes: [change('priority', null, '8'), change('labels', 'a', 'a, vip', ['rule a', 'rule vip'])],
            interactions: [
              change('direction', 'in', 'out', ['x-desk-interaction-direction']),
              change('customer_id', '2', 'new'),
              change('case_id', '3', '1', ['rule jira']),
            ],
            withheld: [
              {
                ...{ by: 'rule vip', field: 'case.status', value: 'resolved', how: null },
                ...{ reason: 'a person set it last', interaction_id: 5 },
              },
            ],
          }),
          aCase({ case_id: null, external_id: 'ABC-1', changes: [change('status', null, 'closed', [])] }),
        ],
        customers: [{ customer_id: 7, changes: [change('company', 'Lamps', 'Lamps Ltd')] }],
        left: [{ reason: 'its bytes are not kept', interactions: 22, interaction_ids: [1, 2] }],
        cannot: 22,
        rerecorded: 1,
      }),
    ).toBe(`case 3 · ORDER-7 · Broken lamp
  priority: (empty) → 8  rule vip, interaction 5
  labels: a → a, vip  rule a, rule vip, interaction 5
  interaction 5: direction: in → out  x-desk-interaction-direction
  interaction 5: customer 2 → a new customer  rule vip
  interaction 5: case 3 → case 1  rule jira
  left: rule vip: case.status resolved (interaction 5): a person set it last

a new case · ABC-1 · Broken lamp
  status: (empty) → closed  interaction 5

customer 7
  company: Lamps → Lamps Ltd  rule vip, interaction 5

22 mails left as they are: its bytes are not kept (interaction 1, 2 and 20 more)

40 mails: 12 would change (2 cases, 1 customer), 1 only in what is noted of why, 5 as today's rules
have it, 22 left as said above. Nothing was changed: the same command with --apply does it.`);
  });

  it.each([
    [{ mails: 0, looked_at: 0 }, 'No recorded mail is meant.'],
    [{ mails: 1, looked_at: 1 }, '1 mail: nothing to change.'],
    [{ known: 40, looked_at: 0 }, '40 mails: nothing to change; all were held against these rules before.'],
    [
      {
        dry_run: false,
        changed: 1,
        remaining: 30,
        looked_at: 10,
        cases: [aCase({ changes: [change('status', 'new', 'open')] })],
      },
      /1 was changed \(1 case\), 9 as today's rules have it, 30 not looked at. The same command\ngoes on.$/,
    ],
    [
      {
        dry_run: false,
        changed: 38,
        known: 2,
        customers: [{ customer_id: 1, changes: [change('phone', '1', '2')] }],
      },
      /40 mails: 38 were changed \(1 customer\), 2 held against these rules before.$/,
    ],
  ])('sums up %j', (given, expected) => {
    if (typeof expected === 'string') expect(print(given)).toBe(expected);
    else expect(print(given)).toMatch(expected);
  });

  it('is harmless, and within the terminal', () => {
    const evil = 'a\u001b]0;owned\u0007 \u202Eb '.repeat(50);
    const one = change(`custom_fields.${evil}`, evil, evil, [evil]);
    const withheld = [{ by: evil, field: evil, value: evil, how: 'added', reason: evil, interaction_id: 1 }];
    const given = {
      cases: [aCase({ external_id: evil, subject: evil, changes: [one], interactions: [one], withheld })],
      customers: [{ customer_id: null, changes: [one] }],
      left: [{ reason: evil, interactions: 1, interaction_ids: [1] }],
      left_out: 3,
    };
    for (const width of [40, 80, 200]) {
      const shown = print(given, width);
      for (const sign of ['\u001b', '\u0007', '\u202E']) expect(shown).not.toContain(sign);
      for (const line of shown.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }
  });
});
