import { describe, expect, it } from 'vitest';
import type {
  CaseOfInteraction,
  Customer,
  CustomerEvent,
  CustomerHistory,
} from '../../src/history/customer.ts';
import type { Interaction } from '../../src/history/interactions.ts';
import { printCustomerHistory } from '../../src/history/print-customer.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { aCustomer, anInteraction } from './examples.ts';

const PLAIN = { width: 100, colours: false };

type Shown = Interaction & { readonly case: CaseOfInteraction };

function interaction(given: Partial<Shown> = {}): Shown {
  const inCase = { id: 3, external_id: null, status: 'open' as const, subject: 'Where is my lamp?' };
  return { ...anInteraction({ customer_id: 1 }), case: inCase, ...given };
}

function history(given: Partial<CustomerHistory> = {}, customer: Partial<Customer> = {}): CustomerHistory {
  return {
    customer: aCustomer({ id: 1, created_at: new Date(0), ...customer }),
    events: [],
    totals: {
      inbound: 1,
      outbound: 0,
      first_received_at: new Date('2026-11-09T08:15:59Z'),
      last_received_at: new Date('2026-11-09T08:15:59Z'),
      matching: 1,
      cases: [{ status: 'open', cases: 1, latest: [3] }],
    },
    left_out: 0,
    interactions: [interaction()],
    ...given,
  };
}

const order = { id: 12, external_id: 'ORDER-10423', status: 'resolved' as const, subject: 'Your order' };

describe('printCustomerHistory', () => {
  it('shows who it is, what is open, and all mail in one stream', () => {
    const shown = history(
      {
        totals: {
          inbound: 1_204,
          outbound: 2,
          first_received_at: new Date('2025-01-31T10:00:00Z'),
          last_received_at: new Date('2026-11-09T09:00:00Z'),
          matching: 1_206,
          cases: [
            { status: 'open', cases: 2, latest: [3, 2] },
            { status: 'closed', cases: 1_000, latest: [12, 11, 9, 8, 7] },
          ],
        },
        left_out: 1_203,
        interactions: [
          interaction({
            id: 8,
            direction: 'out',
            subject: 'Your order',
            excerpt: 'It is on its way.',
            case: order,
          }),
          interaction(),
          interaction({
            kind: 'auto_reply',
            outsider: true,
            sender_auth: 'fail',
            subject: null,
            excerpt: '',
            city: 'São Paulo',
            country_code: 'BR',
            ip_address: '2001:db8::1',
            attachments: [
              {
                id: 7,
                file_name: 'a.png',
                content_type: 'image/png',
                size_bytes: 209,
                left_in_mailbox: false,
              },
            ],
          }),
        ],
      },
      {
        addresses: ['joe@example.com', 'joe@example.org'],
        company: 'Lamps Ltd',
        phone: '+46 40 1',
        external_id: 'C-1',
        language: 'sv',
        custom_fields: { tier: 'gold' },
        merged_from: [
          { id: 4, external_id: 'C-0' },
          { id: 5, external_id: null },
        ],
      },
    );
    expect(printCustomerHistory(shown, PLAIN)).toBe(`\
Joe Customer  joe@example.com
  also: joe@example.org
  company: Lamps Ltd
  phone: +46 40 1
  external id: C-1
  language: sv
  tier: gold
  merged from: 4 (external id C-0), 5
  1,206 interactions (1,204 in, 2 out), 2025-01-31 10:00 to 2026-11-09 09:00 UTC
  open: cases 3 and 2
  closed: 1,000 cases, the latest 12, 11, 9, 8 and 7

… 1,203 older ones left out; see them with --limit 1206 or --until 2026-11-09T08:16:00Z

2026-11-09 08:15  → out  Your order
                         case 12 · ORDER-10423 · resolved  It is on its way.
2026-11-09 08:15  ← in   Where is my lamp?
                         case 3 · open                     I ordered it a week ago.
2026-11-09 08:15  ← in   [auto_reply] [outsider] (no subject)
                         case 3 · open
                         from joe@example.com, who had no part in the case before
                         From (joe@example.com) is known to be forged
                         from São Paulo, BR · 2001:db8::1
                         attachment 7: a.png (image/png, 209 bytes)`);
  });

  it('says what people did with the customer, an act a line', () => {
    let id = 0;
    const event = (field: string, old: string | null, value: string | null, day = 1): CustomerEvent => {
      id += 1;
      return {
        id,
        at: new Date(Date.UTC(2026, 10, day, 9)),
        field,
        old,
        new: value,
        actor: 'Ann',
        replayed: false,
        reason: null,
      };
    };
    const merge = [
      event('merged', null, '12'),
      event('first_name', null, 'Joe'),
      event('custom_fields.tier', null, 'gold'),
      event('address', null, 'joe@home.example'),
    ];
    const many = Array.from({ length: 8 }, (_, i) => event('address', null, `a${i}@x.example`, 2));
    const lines = (events: CustomerEvent[]) =>
      printCustomerHistory(history({ events }), { ...PLAIN, width: 200 });
    expect(lines([...merge, ...many])).toContain(`\
  merged: customer 12 into this one with first_name Joe, tier gold and joe@home.example, by Ann, 2026-11-01 09:00
  changed: a0@x.example, a1@x.example, a2@x.example, a3@x.example, a4@x.example and 3 more, by Ann, 2026-11-02 09:00
`);
    expect(lines([event('merged', null, '4'), event('phone', '1', null, 3)])).toContain(`\
  merged: customer 4 into this one, by Ann, 2026-11-01 09:00
  changed: phone 1 → nothing, by Ann, 2026-11-03 09:00
`);
    const acts = Array.from({ length: 7 }, (_, day) => event('merged', null, String(day + 20), day + 1));
    expect(lines(acts)).toMatch(/\n {2}earlier: 2 more by hand\n {2}merged: customer 22 into/);
  });

  it('puts everything below each other where the terminal is narrow', () => {
    const shown = history({ interactions: [interaction({ case: order, direction: 'out' })] });
    expect(printCustomerHistory(shown, { width: 40, colours: false })).toBe(`\
Joe Customer  joe@example.com
  1 interaction (1 in, 0 out),
  2026-11-09 08:15 UTC
  open: case 3

2026-11-09 08:15  → out
  Where is my lamp?
  case 12 · ORDER-10423 · resolved
  I ordered it a week ago.`);
  });

  it('names no --limit that would be refused', () => {
    const text = printCustomerHistory(history({ left_out: 10_000 }), PLAIN);
    expect(text).toContain('… 10,000 older ones left out; see them with --until 2026-11-09T08:16:00Z');
  });

  it('shows texts in full where they were read, and then not their beginnings', () => {
    const shown = history({
      interactions: [
        interaction({ body_text: 'Hello,\r\n\r\n  where is it?\n\n\n' }),
        interaction({ body_text: null, excerpt: 'Only HTML' }),
      ],
    });
    const text = printCustomerHistory(shown, PLAIN);
    expect(text).toContain(`case 3 · open

                         Hello,

                           where is it?

2026`);
    expect(text).toMatch(/case 3 · open\n\n {25}Only HTML\n$/);
    expect(text).not.toContain('a week ago');
  });

  it('says where there is nothing', () => {
    expect(printCustomerHistory(history({ interactions: [] }), PLAIN)).toMatch(/\n\nNothing in that time\.$/);
    const totals = {
      inbound: 0,
      outbound: 0,
      first_received_at: null,
      last_received_at: null,
      matching: 0,
      cases: [],
    };
    expect(printCustomerHistory(history({ interactions: [], totals }), PLAIN)).toBe(
      'Joe Customer  joe@example.com\n\nNo mail of theirs is recorded.',
    );
  });

  it.each([
    [{ first_name: null, last_name: null }, 'joe@example.com'],
    [{ addresses: [] }, 'Joe Customer'],
    [{ first_name: null, last_name: null, addresses: [] }, 'Without an address'],
    [{ first_name: '遥', last_name: '佐々木' }, '佐々木 遥  joe@example.com'],
  ])('begins with what there is of a name: %j', (customer, expected) => {
    expect(printCustomerHistory(history({}, customer), PLAIN).split('\n')[0]).toBe(expected);
  });

  const wide = '光のランプ🇸🇪😀 '.repeat(30).trim();
  const evil = 'a\u001b[2Jb\u202ec\nd\u009b1m';

  function awkward(text: string): CustomerHistory {
    const mail = {
      subject: text,
      excerpt: text,
      from_address: text,
      outsider: true,
      city: text,
      attachments: [{ id: 1, file_name: text, content_type: text, size_bytes: 1, left_in_mailbox: false }],
      case: { ...order, external_id: text },
    };
    return history(
      {
        left_out: 3,
        events: [
          {
            id: 1,
            at: new Date(0),
            field: 'merged',
            old: null,
            new: '4',
            actor: text,
            replayed: false,
            reason: null,
          },
          {
            id: 2,
            at: new Date(0),
            field: text,
            old: text,
            new: text,
            actor: text,
            replayed: false,
            reason: null,
          },
        ],
        interactions: [interaction(mail), interaction({ ...mail, body_text: `${text}\n${text}` })],
      },
      {
        first_name: text,
        last_name: text,
        company: text,
        phone: text,
        external_id: text,
        language: text,
        custom_fields: { [text]: text },
        addresses: [text, text],
        merged_from: [{ id: 2, external_id: text }],
      },
    );
  }

  it.each([40, 72, 80, 120])('fits into %i columns, wide characters counted', (width) => {
    for (const text of [wide, 'x'.repeat(500), 'word '.repeat(100)]) {
      for (const line of printCustomerHistory(awkward(text), { width, colours: false }).split('\n')) {
        expect(widthOf(line), line).toBeLessThanOrEqual(width);
      }
    }
    expect(printCustomerHistory(awkward(wide), { width, colours: false })).toContain('光のランプ🇸🇪😀');
  });

  it.each([40, 100])('lets no text of a mail move the cursor, at %i columns', (width) => {
    const text = printCustomerHistory(awkward(evil), { width, colours: false });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text).not.toMatch(/^d/m);
  });

  it('colours where asked to, and says the same without', () => {
    const shown = awkward('Lamp');
    const coloured = printCustomerHistory(shown, { width: 100, colours: true });
    expect(coloured).toContain('\u001b[32mresolved\u001b[39m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what colours are made of.
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(printCustomerHistory(shown, PLAIN));
  });
});
