import { describe, expect, it } from 'vitest';
import type { CaseHistory, CaseInteraction } from '../../src/history/case.ts';
import type { CaseEvent } from '../../src/history/case-rows.ts';
import { printCase } from '../../src/history/print-case.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { AT, aCase, aCustomer, anInteraction } from './examples.ts';

const PLAIN = { width: 100, colours: false };
const JOE = aCustomer();
const supportCase = aCase;

function interaction(given: Partial<CaseInteraction> = {}): CaseInteraction {
  const more = { applied: [], refused: [], decided: [], customer: JOE, recorded_in: null, placements: [] };
  return { ...anInteraction({ from_name: 'Joe' }), ...more, ...given };
}

function event(given: Partial<CaseEvent> = {}): CaseEvent {
  const row = { id: 1, at: AT, field: 'status', old: null, new: 'new' };
  return { ...row, interaction_id: 1, actor: null, replayed: false, reason: null, ...given };
}

function history(given: Partial<CaseHistory> = {}): CaseHistory {
  return {
    case: supportCase(),
    customer: JOE,
    inbound: 1,
    outbound: 0,
    interactions: [interaction()],
    changes: 1,
    events: [event()],
    ...given,
  };
}

const full = history({
  case: supportCase({
    external_id: 'ORDER-1',
    priority: 8,
    language: 'pt-BR',
    labels: ['order', 'lamps'],
    custom_fields: { total: '5 EUR' },
    follow_up_of: 1,
    opened_at: AT,
    first_resolved_at: AT,
    resolved_at: new Date('2026-11-10T09:00:00Z'),
    closed_at: new Date('2026-11-11T09:00:00Z'),
    followed_by: [8, 9],
    merged_from: [
      { id: 4, external_id: 'ORDER-2' },
      { id: 5, external_id: null },
    ],
  }),
  inbound: 12,
  outbound: 1_000,
  interactions: [
    interaction({
      decided: [{ what: 'case', value: '3', why: 'it answers interaction 9' }],
      refused: [
        { by: 'x-desk-case-status', value: 'closed', reason: 'not trusted' },
        { by: 'x-desk-case-labels', value: 'refund', reason: 'not trusted' },
      ],
      attachments: [
        { id: 5, file_name: 'a.png', content_type: 'image/png', size_bytes: 209, left_in_mailbox: true },
      ],
      cut: ['attachments: 1 left in the mailbox'],
    }),
    interaction({
      id: 2,
      direction: 'out',
      kind: 'list',
      excerpt: '',
      from_name: null,
      from_address: 'shop@example.com',
      to_addresses: ['ann@example.net'],
      recipients: 3,
      customer: { id: 8, first_name: null, last_name: null, addresses: ['ann@example.net'] },
    }),
    interaction({
      id: 3,
      from_name: null,
      from_address: null,
      to_addresses: [],
      recipients: 0,
      customer: null,
    }),
  ],
  changes: 40,
  events: [
    event(),
    event({ old: 'new', new: 'pending', reason: 'an outbound mail in a new case' }),
    event({ field: 'priority', old: '8', new: null, interaction_id: null, actor: 'ann' }),
    event({ field: 'interaction', old: '13', new: '3', interaction_id: 8, actor: 'ann' }),
    event({ field: 'outsider', old: 'true', new: 'false', interaction_id: 8, actor: 'ann' }),
  ],
  origins: [
    {
      field: 'custom_fields.total',
      value: '5 EUR',
      at: AT,
      interaction_id: 1,
      actor: null,
      reason: 'x-desk-case-custom-total',
    },
    { field: 'priority', value: '8', at: AT, interaction_id: null, actor: 'ann', reason: null },
    { field: 'subject', value: 'x', at: null, interaction_id: null, actor: null, reason: 'nothing says so' },
  ],
});

describe('printCase', () => {
  it('shows the case, its mails, its changes, and why', () => {
    expect(printCase(full, PLAIN)).toBe(`\
case 3 · ORDER-1 · open
  subject: Where is my lamp?
  customer: Joe Customer, joe@example.com, customer 7
  labels: order, lamps
  language: pt-BR
  priority: 8
  total: 5 EUR
  follow-up of: case 1
  followed by: case 8, case 9
  merged from: case 4 (ORDER-2), case 5
  times: began 2026-11-09 08:15, opened 2026-11-09 08:15, resolved 2026-11-10 09:00 (first
    2026-11-09 08:15), closed 2026-11-11 09:00 UTC

1,012 interactions (12 in, 1,000 out)
  … 1,009 older interactions left out; see them with --limit 1012
  2026-11-09 08:15  ← in   Where is my lamp?
                           interaction 1: Joe <joe@example.com> → support@example.com
                           I ordered it a week ago.
                           attachment 5, left in the mailbox: a.png (image/png, 209 bytes)
                           cut: attachments: 1 left in the mailbox
                           not applied: not trusted
                             x-desk-case-status: closed
                             x-desk-case-labels: refund
                           here because: it answers interaction 9
  2026-11-09 08:15  → out  [list] Where is my lamp?
                           interaction 2: shop@example.com → ann@example.net and 2 more (ann@exampl…
  2026-11-09 08:15  ← in   Where is my lamp?
                           interaction 3: nobody → nobody
                           I ordered it a week ago.

40 changes
  … 35 older changes left out; see them with --limit 40
  2026-11-09 08:15  status: new  by interaction 1, the case began with it
  2026-11-09 08:15  status: new → pending  by interaction 1, an outbound mail in a new case
  2026-11-09 08:15  priority: 8 → nothing  by ann
  2026-11-09 08:15  interaction 8: case 13 → case 3  by ann
  2026-11-09 08:15  interaction 8: outsider: true → false  by ann

Where each field came from
  total: 5 EUR
    interaction 1, 2026-11-09 08:15: x-desk-case-custom-total
  priority: 8
    ann, 2026-11-09 08:15
  subject: x
    nothing says so`);
  });

  it('says that changes are not in the order of their dates, where they are not', () => {
    const late = event({
      at: new Date('2026-11-09T09:00:00Z'),
      interaction_id: null,
      actor: 'ann',
      new: 'resolved',
    });
    const early = event({ old: 'resolved', new: 'open' });
    const printed = (events: CaseEvent[]) => printCase(history({ events, changes: 2 }), PLAIN);
    expect(printed([late, early])).toMatch(
      /\n2 changes\n {2}In the order in which they were made; .*\n.*09:00 {2}status: resolved {2}by ann\n.*08:15 {2}status: resolved → open/,
    );
    expect(printed([early, late])).not.toContain('In the order');
  });

  it('leaves out what is not there, and says why only where it was asked', () => {
    const { origins: _, ...withoutWhy } = full;
    expect(printCase(withoutWhy, PLAIN)).not.toMatch(/here because|Where each field/);
    expect(
      printCase(history({ customer: null, changes: 0, events: [], interactions: [], inbound: 0 }), PLAIN),
    ).toBe(`\
case 3 · open
  subject: Where is my lamp?
  customer: none
  times: began 2026-11-09 08:15 UTC

0 interactions (0 in, 0 out)`);
    expect(printCase(history({ case: supportCase({ merged_into: 2 }) }), PLAIN)).toContain(
      'merged into: case 2',
    );
  });

  it('names no --limit that would be refused', () => {
    expect(printCase(history({ outbound: 50_000, changes: 50_000 }), PLAIN)).toMatch(
      /… 50,000 older interactions left out\n[\s\S]*… 49,999 older changes left out\n/,
    );
  });

  it('puts everything below each other where the terminal is narrow', () => {
    expect(printCase(history(), { width: 40, colours: false })).toBe(`\
case 3 · open
  subject: Where is my lamp?
  customer: Joe Customer,
    joe@example.com, customer 7
  times: began 2026-11-09 08:15 UTC

1 interaction (1 in, 0 out)
  2026-11-09 08:15  ← in${' '}
    Where is my lamp?
    interaction 1: Joe <joe@example.com…
    I ordered it a week ago.

1 change
  2026-11-09 08:15
    status: new
    by interaction 1, the case began
    with it`);
  });

  const wide = '光のランプ🇸🇪😀 '.repeat(30).trim();
  const evil = 'a\u001b[2Jb\u202ec\nd\u009b1m';

  function awkward(text: string): CaseHistory {
    return {
      ...full,
      case: supportCase({
        external_id: text,
        subject: text,
        language: text,
        labels: [text, `${text}!`],
        custom_fields: { [text]: text },
        merged_from: [{ id: 1, external_id: text }],
      }),
      customer: { ...JOE, first_name: text, addresses: [text] },
      interactions: [
        interaction({
          subject: text,
          excerpt: text,
          from_name: text,
          from_address: text,
          to_addresses: [text],
          outsider: true,
          city: text,
          customer: { id: 8, first_name: text, last_name: text, addresses: [text] },
          attachments: [
            { id: 1, file_name: text, content_type: text, size_bytes: 1, left_in_mailbox: false },
          ],
          refused: [{ by: text, value: text, reason: text }],
          decided: [{ what: 'case', value: text, why: text }],
          placements: [{ how: 'moved', from: 8, into: 3, at: AT, actor: text }],
        }),
      ],
      events: [event({ field: text, old: text, new: text, reason: text, actor: text })],
      origins: [
        { field: `custom_fields.${text}`, value: text, at: AT, interaction_id: 1, actor: text, reason: text },
      ],
    };
  }

  it.each([40, 72, 80, 120])('fits into %i columns, wide characters counted', (width) => {
    for (const text of [wide, 'x'.repeat(500), 'word '.repeat(100)]) {
      for (const line of printCase(awkward(text), { width, colours: false }).split('\n')) {
        expect(widthOf(line), line).toBeLessThanOrEqual(width);
      }
    }
  });

  it.each([40, 100])('lets no text of a mail move the cursor, at %i columns', (width) => {
    const text = printCase(awkward(evil), { width, colours: false });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text).not.toMatch(/^d/m);
  });

  it('colours where asked to, and says the same without', () => {
    const coloured = printCase(full, { width: 100, colours: true });
    expect(coloured).toContain('\u001b[33mopen\u001b[39m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of.
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(printCase(full, PLAIN));
  });
});
