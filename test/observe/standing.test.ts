import { expect, it } from 'vitest';
import type { ErrorKind } from '../../src/errors.ts';
import { type MailboxHealth, standingLine } from '../../src/observe/standing.ts';

const NOW = new Date('2026-11-24T14:30:00Z');

function mailbox(name: string, more: Partial<MailboxHealth> = {}): MailboxHealth {
  return {
    name,
    tried: true,
    failingSince: undefined,
    unhealthy: undefined,
    overdueMs: 0,
    heldBy: undefined,
    ...more,
  };
}

const failing = (name: string, since: string) => mailbox(name, { failingSince: new Date(since) });

const ill = (name: string, kind: ErrorKind, why: string) => {
  const since = new Date('2026-11-24T14:05:00Z');
  return mailbox(name, {
    failingSince: since,
    unhealthy: { since, why, cure: undefined, kind, failures: 7 },
  });
};

it.each([
  ['1 mailbox, none failing', [mailbox('support')]],
  ['2 mailboxes, none failing', [mailbox('support'), mailbox('sales')]],
  [
    '2 mailboxes, 1 failing: support since 14:05 UTC',
    [failing('support', '2026-11-24T14:05:59Z'), mailbox('sales')],
  ],
  [
    '2 mailboxes, 2 failing: a since 14:05 UTC and b since 2026-11-23 23:59 UTC',
    [failing('a', '2026-11-24T14:05:00Z'), failing('b', '2026-11-23T23:59:00Z')],
  ],
  [
    '5 mailboxes, 5 failing: m1 since 14:05 UTC, m2 since 14:05 UTC, m3 since 14:05 UTC and 2 more',
    [1, 2, 3, 4, 5].map((number) => failing(`m${number}`, '2026-11-24T14:05:00Z')),
  ],
  ['2 mailboxes, 1 not polled yet: sales', [mailbox('support'), mailbox('sales', { tried: false })]],
  [
    '3 mailboxes, 1 failing: a since 14:05 UTC, 1 beyond poll_timeout: b, 1 not polled yet: c',
    [failing('a', '2026-11-24T14:05:00Z'), mailbox('b', { overdueMs: 1 }), mailbox('c', { tried: false })],
  ],
  [
    '2 mailboxes, none failing, 1 polled by another daemon: sales by desk-1:4711:a1b2c3',
    [mailbox('support'), mailbox('sales', { heldBy: 'desk-1:4711:a1b2c3' })],
  ],
  [
    '2 mailboxes, 1 failing: support since 14:05 UTC, 1 polled by another daemon: sales by b:1:c',
    [failing('support', '2026-11-24T14:05:00Z'), mailbox('sales', { heldBy: 'b:1:c' })],
  ],
  [
    '2 mailboxes, 1 unhealthy: a since 14:05 UTC (login rejected: it refused the login), 1 failing: b since 14:29 UTC',
    [ill('a', 'credentials', 'it refused the login'), failing('b', '2026-11-24T14:29:00Z')],
  ],
  [
    `1 mailbox, 1 unhealthy: a since 14:05 UTC (throttled: ${'x'.repeat(79)}…)`,
    [ill('a', 'throttled', 'x'.repeat(200))],
  ],
])('%s', (line, mailboxes) => {
  expect(standingLine(mailboxes, NOW)).toBe(line);
});
