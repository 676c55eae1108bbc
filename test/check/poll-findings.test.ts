import { expect, it } from 'vitest';
import { sectionOf } from '../../src/check/finding.ts';
import { pollFindings } from '../../src/check/poll-findings.ts';
import type { ErrorKind } from '../../src/errors.ts';
import type { FoundMailbox } from '../../src/record/polls.ts';

const MINUTE = 60_000;
const NOW = new Date('2026-11-28T14:30:00Z');
const CONFIG = {
  unhealthy: { polls: 5, after: 15 * MINUTE },
  backoff: { first: 10_000, longest: 15 * MINUTE, credentials: 15 * MINUTE, throttled: MINUTE },
};
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE);

function found(polledMinutesAgo: number | null, more: Partial<FoundMailbox> = {}): FoundMailbox {
  return {
    id: 1,
    lastPolledAt: polledMinutesAgo === null ? null : ago(polledMinutesAgo),
    lastPolledMs: polledMinutesAgo === null ? null : polledMinutesAgo * MINUTE,
    ...{ lastError: null, errorKind: null, failing: undefined, polledBy: null },
    ...more,
  };
}

const failing = (minutes: number, failures: number, errorKind: ErrorKind) => ({
  ...{ lastError: 'it said no', errorKind },
  failing: { failures, since: ago(minutes), forMs: minutes * MINUTE },
});

const SECONDS = '*/30 * * * * *';

it.each<[what: string, schedule: string, mailbox: FoundMailbox | undefined, code: string, level: string]>([
  ['never met', SECONDS, undefined, 'never_polled', 'ok'],
  ['met, and no poll has ended', SECONDS, found(null), 'last_poll', 'ok'],
  ['polled just now', SECONDS, found(0), 'last_poll', 'ok'],
  ['polled a while ago', SECONDS, found(14), 'last_poll', 'ok'],
  ['not polled any more', SECONDS, found(16), 'polls_missed', 'warning'],
  ['each hour, and 29 minutes ago', '0 * * * *', found(29), 'last_poll', 'ok'],
  ['each hour, at 13:00, it is 14:30, due at 14:00', '0 * * * *', found(90), 'polls_missed', 'warning'],
  ['each night', '0 3 * * *', found(60 * 10), 'last_poll', 'ok'],
  ['a hiccup', SECONDS, found(2, failing(1, 2, 'network')), 'last_poll_failed', 'warning'],
  ['failing often', SECONDS, found(2, failing(2, 5, 'network')), 'mailbox_unhealthy', 'problem'],
  ['failing for long', SECONDS, found(20, failing(15, 2, 'credentials')), 'mailbox_unhealthy', 'problem'],
  [
    'failing from the beginning',
    SECONDS,
    found(null, failing(20, 3, 'throttled')),
    'mailbox_unhealthy',
    'problem',
  ],
  ['an error of an older version', SECONDS, found(2, { lastError: 'x' }), 'last_poll_failed', 'warning'],
])('%s', (_what, schedule, mailbox, code, level) => {
  const findings = pollFindings(sectionOf('Mailbox support'), { schedule }, CONFIG, mailbox, NOW);
  expect(findings).toEqual([expect.objectContaining({ code, level })]);
});

it('says since when, why, how often, and what mends it', () => {
  const say = (mailbox: FoundMailbox) =>
    pollFindings(sectionOf('Mailbox support'), { schedule: SECONDS }, CONFIG, mailbox, NOW)[0];
  expect(say(found(25, failing(20, 3, 'credentials')))).toMatchObject({
    message: 'unhealthy since 2026-11-28 14:10 UTC (the login is rejected; 3 polls failed): it said no',
    cure: expect.stringMatching(/SIGHUP.*else each 15m/),
    details: ['last polled 2026-11-28 14:05 UTC'],
  });
  expect(say(found(25, failing(20, 3, 'throttled')))?.cure).toMatch(/as long as the server says/);
  expect(say(found(20))).toMatchObject({
    message:
      'last polled 2026-11-28 14:10 UTC; by its schedule it should have been polled at 2026-11-28 14:10 UTC',
    cure: expect.stringContaining('start `mailcase run`'),
  });
  expect(say(found(20, { polledBy: 'desk:1:a' }))?.cure).toMatch(/kill -USR2/);
});
