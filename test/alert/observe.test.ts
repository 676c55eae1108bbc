import { describe, expect, it } from 'vitest';
import { type Beside, type MailboxFacts, observe } from '../../src/alert/observe.ts';
import { observeOwnMail } from '../../src/alert/own-mail.ts';
import { CONDITIONS, type Condition } from '../../src/config/alert-schema.ts';
import { OwnHeadersNotes } from '../../src/observe/own-headers.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const since = new Date(NOW - 60_000);
const HEALTHY = {
  ...{ name: 'support', tried: true, failingSince: undefined, unhealthy: undefined },
  ...{ overdueMs: 0, heldBy: undefined },
} as MailboxFacts['health'];
const UNHEALTHY = {
  since,
  why: 'cannot connect',
  kind: 'network',
  failures: 5,
  cure: undefined,
} as NonNullable<MailboxFacts['health']['unhealthy']>;
const REJECTED = { since, why: 'login rejected', cure: 'mend the password' };

function facts(health: Partial<MailboxFacts['health']>, rejected?: MailboxFacts['rejected']): MailboxFacts {
  return { health: { ...HEALTHY, ...health }, rejected, ownHeaders: [] };
}

const ALL = new Set<Condition>(CONDITIONS);
const BESIDE: Beside = { on: ALL, quarantine: new Map(), goodElsewhere: new Set(), now: NOW };

describe('observe', () => {
  const failing = { failingSince: since };
  const ill = { failingSince: since, unhealthy: UNHEALTHY };
  it.each<[string, MailboxFacts, Partial<Beside>, string, string]>([
    ['was never polled', facts({ tried: false }), {}, 'unknown', 'unknown'],
    ['was polled', facts({}), {}, 'clear', 'clear'],
    ['is polled by another daemon', facts({ heldBy: 'other' }), {}, 'unknown', 'unknown'],
    ['hangs in a poll', facts({ overdueMs: 1 }), {}, 'unknown', 'unknown'],
    ['has failed a little', facts(failing), {}, 'unknown', 'unknown'],
    ['is unhealthy', facts(ill), {}, 'standing', 'unknown'],
    ['rejected the login just now', facts(failing, REJECTED), {}, 'unknown', 'standing'],
    ['rejects the login since long', facts(ill, REJECTED), {}, 'unknown', 'standing'],
    [
      'rejects the login, of which nobody wants to know',
      facts(ill, REJECTED),
      { on: new Set<Condition>(['stale']) },
      'standing',
      'standing',
    ],
    [
      'fails here, and another daemon polls it well',
      facts(ill),
      { goodElsewhere: new Set(['support']) },
      'clear',
      'clear',
    ],
  ])('a mailbox that %s', (_what, given, beside, stale, credentials) => {
    const at = { ...BESIDE, ...beside };
    expect(observe('stale', given, {}, at).is).toBe(stale);
    expect(observe('credentials', given, {}, at).is).toBe(credentials);
  });

  it('a failure is told with its cure, where one is known', () => {
    expect(observe('credentials', facts(failing, REJECTED), {}, BESIDE)).toMatchObject({
      why: 'login rejected → mend the password',
    });
    expect(observe('stale', facts(ill), {}, BESIDE)).toMatchObject({ why: 'cannot connect' });
  });

  it.each([
    [1, 1, '1 mail waits in the quarantine, a new one'],
    [3, 3, '3 mails wait in the quarantine, all of them new'],
    [3, 1, '3 mails wait in the quarantine, 1 new'],
    [3, 0, '3 mails wait in the quarantine, 0 new'],
  ])('%i in quarantine, %i of them new', (open, fresh, why) => {
    const quarantine = new Map([['support', { open, fresh, newest: 9, oldestMs: 5_000 }]]);
    expect(observe('quarantine', facts({}), {}, { ...BESIDE, quarantine })).toEqual({
      ...{ is: 'standing', since: NOW - 5_000, why },
    });
  });

  it('knows nothing of the quarantine without the database', () => {
    expect(observe('quarantine', facts({}), {}, BESIDE).is).toBe('clear');
    expect(observe('quarantine', facts({}), {}, { ...BESIDE, quarantine: undefined }).is).toBe('unknown');
  });
});

describe('observeOwnMail', () => {
  const at = new Date(NOW);
  const refused = (from: string, more = {}) => ({ from, reason: 'no signature', mails: 1, at, ...more });
  const applied = (from: string) => ({ from, reason: undefined, mails: 0, at });

  it('remembers no more senders than somebody may make up, and those that came last', () => {
    let details = {};
    for (let count = 0; count < 500; count += 1) {
      const mail = {
        from: `a${count}@example.com`,
        reason: 'no signature',
        mails: 1,
        at: new Date(NOW + count),
      };
      const observation = observeOwnMail(details, [mail], NOW + count);
      details = observation.is === 'unknown' ? {} : (observation.details ?? {});
    }
    const { senders } = details as { senders: Record<string, unknown> };
    expect(Object.keys(senders)).toHaveLength(50);
    expect(senders).toHaveProperty(['a499@example.com']);
  });

  it('stands for each sender until a mail of just that one was applied', () => {
    const first = observeOwnMail(
      {},
      [refused('shop@example.com'), refused('news@example.com', { mails: 2 })],
      NOW,
    );
    expect(first).toMatchObject({
      is: 'standing',
      why: 'x-headers of own mail are not applied: 1 mail from shop@example.com (no signature) and 2 mails from news@example.com (no signature)',
    });
    const details = first.is === 'unknown' ? {} : (first.details ?? {});
    const second = observeOwnMail(details, [applied('shop@example.com')], NOW);
    expect(second).toMatchObject({ is: 'standing', why: expect.not.stringContaining('shop@') });
    const rest = second.is === 'unknown' ? {} : (second.details ?? {});
    expect(observeOwnMail(rest, [applied('news@example.com')], NOW)).toEqual({ is: 'clear', details: {} });
  });

  it('ends after a quiet day', () => {
    const details = { senders: { 'a@example.com': { reason: 'x', mails: 1, at: NOW } } };
    expect(observeOwnMail(details, [], NOW + 86_400_000).is).toBe('standing');
    expect(observeOwnMail(details, [], NOW + 86_400_001).is).toBe('clear');
  });

  it('counts on, and names a few', () => {
    const details = { senders: { 'a@example.com': { reason: 'x', mails: 4, at: NOW } } };
    const more = ['a', 'b', 'c', 'd', 'e'].map((name) => refused(`${name}@example.com`));
    expect(observeOwnMail(details, more, NOW)).toMatchObject({
      why: expect.stringMatching(/: 5 mails from a@.* and 2 more$/),
    });
  });
});

describe('OwnHeadersNotes', () => {
  it('tells once, the last of each sender, and keeps no more than twenty', () => {
    const notes = new OwnHeadersNotes();
    notes.note('a@example.com', 'x');
    notes.note('a@example.com', 'y');
    notes.note('b@example.com', 'x');
    notes.note('b@example.com', undefined);
    expect(notes.take()).toMatchObject([
      { from: 'a@example.com', reason: 'y', mails: 2 },
      { from: 'b@example.com', reason: undefined, mails: 0 },
    ]);
    expect(notes.take()).toEqual([]);
    for (let n = 0; n < 30; n += 1) notes.note(`${n}@example.com`, 'x');
    expect(notes.take()).toHaveLength(20);
  });
});
