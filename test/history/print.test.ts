import { describe, expect, it } from 'vitest';
import { printHistory, printRefusals, printTotals } from '../../src/history/print.ts';
import type {
  History,
  HistoryCase,
  HistoryCustomer,
  HistoryInteraction,
} from '../../src/history/timeline.ts';

const PLAIN = { width: 80, colours: false };

function interaction(given: Partial<HistoryInteraction> = {}): HistoryInteraction {
  return {
    id: 1,
    customerId: 1,
    caseId: 1,
    direction: 'in',
    kind: 'mail',
    outsider: false,
    receivedAt: new Date('2026-11-09T08:15:59Z'),
    subject: 'Where is my lamp?',
    fromName: null,
    fromAddress: 'joe@example.com',
    city: null,
    countryCode: null,
    ipAddress: null,
    cut: [],
    attachments: [],
    refused: [],
    ...given,
  };
}

function supportCase(given: Partial<HistoryCase> = {}): HistoryCase {
  return {
    id: 1,
    externalId: null,
    subject: 'Where is my lamp?',
    status: 'new',
    priority: null,
    language: null,
    labels: [],
    customFields: {},
    followUpOf: null,
    interactions: [interaction()],
    ...given,
  };
}

function customer(given: Partial<HistoryCustomer> = {}): HistoryCustomer {
  return {
    id: 1,
    firstName: 'Joe',
    lastName: 'Customer',
    company: null,
    phone: null,
    externalId: null,
    customFields: {},
    addresses: ['joe@example.com'],
    cases: [supportCase()],
    ...given,
  };
}

const TOTALS = { mails: 1, customers: 1, cases: 1, inbound: 1, outbound: 0, quarantined: 0 };

function historyOf(...customers: HistoryCustomer[]): History {
  return { customers, withoutCustomer: [], totals: TOTALS };
}

describe('printHistory', () => {
  it('shows everything there is to a customer and a case', () => {
    const full = customer({
      company: 'Café Norrsken AB',
      phone: '+46 40 628 04 12',
      externalId: 'C-20077',
      customFields: { tier: 'gold' },
      addresses: ['joe@example.com', 'joe@example.org'],
      cases: [
        supportCase({
          id: 7,
          externalId: 'ORDER-1',
          subject: 'Set by a header',
          status: 'resolved',
          priority: 8,
          language: 'pt-BR',
          labels: ['order', 'lamps'],
          customFields: { total: '128.00 EUR' },
          followUpOf: 3,
          interactions: [
            interaction({ direction: 'out', subject: 'Your order' }),
            interaction({
              kind: 'auto_reply',
              outsider: true,
              subject: null,
              city: 'São Paulo',
              countryCode: 'BR',
              ipAddress: '2001:db8::1',
              attachments: [
                { id: 7, fileName: 'a.png', contentType: 'image/png', sizeBytes: 209, leftInMailbox: false },
                {
                  id: 8,
                  fileName: null,
                  contentType: 'text/plain',
                  sizeBytes: 3 * 1024 * 1024,
                  leftInMailbox: true,
                },
              ],
              cut: ['attachments: 1 left in the mailbox'],
            }),
          ],
        }),
      ],
    });
    expect(printHistory(historyOf(full), PLAIN)).toBe(`\
Joe Customer  joe@example.com, joe@example.org
  company: Café Norrsken AB
  phone: +46 40 628 04 12
  external id: C-20077
  tier: gold
  case 7 · ORDER-1 · resolved · follow-up of case 3
    subject: Set by a header
    labels: order, lamps
    language: pt-BR
    priority: 8
    total: 128.00 EUR
    2026-11-09 08:15  → out  Your order
    2026-11-09 08:15  ← in   [auto_reply] [outsider] (no subject)
                             from São Paulo, BR · 2001:db8::1
                             attachment 7: a.png (image/png, 209 bytes)
                             attachment 8, left in the mailbox: without a name …
                             cut: attachments: 1 left in the mailbox`);
  });

  it('leaves out what is empty', () => {
    expect(printHistory(historyOf(customer({ firstName: null, lastName: null })), PLAIN)).toBe(`\
joe@example.com
  case 1 · new
    2026-11-09 08:15  ← in   Where is my lamp?`);
  });

  it('writes names in their own order', () => {
    const haruka = customer({ firstName: '遥', lastName: '佐々木' });
    expect(printHistory(historyOf(haruka), PLAIN)).toContain('佐々木 遥  joe@example.com');
  });

  it('shows the cases of nobody last', () => {
    const history = { ...historyOf(customer()), withoutCustomer: [supportCase({ id: 9 })] };
    expect(printHistory(history, PLAIN)).toMatch(/\n\nWithout a customer\n {2}case 9 · new\n/);
  });

  it('cuts subjects to the width', () => {
    const long = customer({
      cases: [supportCase({ interactions: [interaction({ subject: '光'.repeat(90) })] })],
    });
    const line = printHistory(historyOf(long), PLAIN).split('\n').at(-1) ?? '';
    expect(line).toBe(`    2026-11-09 08:15  ← in   ${'光'.repeat(25)}…`);
  });

  it('wraps long fields, and cuts what is beyond measure', () => {
    const note = customer({
      customFields: { note: 'keep upright '.repeat(10).trim(), huge: 'x'.repeat(1e6) },
    });
    const text = printHistory(historyOf(note), PLAIN);
    expect(text).toContain(`  note: keep upright keep upright`);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(text).toMatch(/x…$/m);
  });

  it('lets no text of a mail move the cursor', () => {
    const evil = 'a\u001b[2Jb\u202ec\nd';
    const text = printHistory(
      historyOf(
        customer({
          firstName: evil,
          lastName: evil,
          company: evil,
          phone: evil,
          externalId: evil,
          customFields: { [evil]: evil },
          addresses: [evil],
          cases: [
            supportCase({
              externalId: evil,
              subject: `${evil}!`,
              labels: [evil],
              customFields: { [evil]: evil },
              interactions: [
                interaction({
                  subject: evil,
                  city: evil,
                  attachments: [
                    { id: 1, fileName: evil, contentType: evil, sizeBytes: 1, leftInMailbox: false },
                  ],
                }),
              ],
            }),
          ],
        }),
      ),
      PLAIN,
    );
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text.split('\n')).toHaveLength(12);
  });

  it('colours where asked to, and only then', () => {
    expect(printHistory(historyOf(customer()), { width: 80, colours: true })).toContain(
      '\u001b[1mJoe Customer',
    );
    expect(printHistory(historyOf(customer()), PLAIN)).not.toContain('\u001b');
  });
});

describe('printRefusals', () => {
  it('groups by mail, in order of time, and by reason', () => {
    const forged = interaction({
      id: 2,
      receivedAt: new Date('2026-11-12T22:58:00Z'),
      fromName: 'Mallory',
      fromAddress: 'mallory@example.net',
      subject: 'Your order',
      refused: [
        { by: 'x-desk-case-status', value: 'closed', reason: 'not trusted' },
        { by: 'x-desk-case-labels', value: 're\u202Efund', reason: 'not trusted' },
      ],
    });
    const earlier = interaction({
      refused: [{ by: 'x-desk-case-language', value: 'english', reason: 'no code' }],
    });
    const history = historyOf(
      customer({ cases: [supportCase({ interactions: [forged] })] }),
      customer({ cases: [supportCase({ interactions: [earlier, interaction({ id: 3 })] })] }),
    );
    expect(printRefusals(history, PLAIN)).toBe(`\
2026-11-09 08:15  ← in   joe@example.com: Where is my lamp?
  no code
    x-desk-case-language: english

2026-11-12 22:58  ← in   Mallory <mallory@example.net>: Your order
  not trusted
    x-desk-case-status: closed
    x-desk-case-labels: re\uFFFDfund`);
  });

  it('is empty when all was applied', () => {
    expect(printRefusals(historyOf(customer()), PLAIN)).toBe('');
  });
});

describe('printTotals', () => {
  it.each([
    [TOTALS, '1 mail → 1 customer, 1 case, 1 interaction (1 in, 0 out)'],
    [
      { mails: 17, customers: 11, cases: 12, inbound: 10, outbound: 6, quarantined: 1 },
      '17 mails → 11 customers, 12 cases, 16 interactions (10 in, 6 out), 1 in quarantine',
    ],
  ])('%#', (totals, expected) => {
    expect(printTotals(totals)).toBe(expected);
  });
});
