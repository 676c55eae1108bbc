import type { MailboxConfig } from '../config/schema.ts';
import { errorText } from '../db/refusal.ts';
import { doingText } from '../observe/progress.ts';
import type { MailboxHealth } from '../observe/standing.ts';
import type { MailboxRunner } from '../scheduler/mailbox-runner.ts';
import type { Schedule } from '../scheduler/schedule.ts';
import type { MailboxPolls } from './mailbox-polls.ts';

/** One mailbox of a daemon, with what polls it. */
export interface Station {
  readonly mailbox: MailboxConfig;
  readonly polls: MailboxPolls;
  readonly runner: MailboxRunner;
  readonly schedule: Schedule;
}

/** How a mailbox stands. */
export function healthOf({ mailbox: { name, poll_timeout }, runner }: Station): MailboxHealth {
  const { tried, failingSince, pollingMs, heldBy } = runner.state();
  return {
    name,
    tried,
    failingSince,
    unhealthy: undefined,
    overdueMs: Math.max(0, pollingMs - poll_timeout),
    heldBy,
  };
}

/** What a mailbox is doing, as fields of the log. Times are in milliseconds. */
export function activityOf({ polls, runner, schedule, mailbox }: Station): Record<string, unknown> {
  const { pollingMs, failingSince, failures, lastError, lastGoodAt, restsUntil, heldBy } = runner.state();
  return {
    state: stateOf(runner),
    ...(pollingMs > 0 && {
      doing: polls.progress.now(),
      pollingMs: Math.round(pollingMs),
      pollTimeoutMs: mailbox.poll_timeout,
    }),
    // A tick while it rests is skipped.
    ...(restsUntil === undefined ? { nextTickMs: schedule.msToNext() } : { restsUntil }),
    lastGoodAt,
    failingSince,
    ...(failingSince !== undefined && { failures, lastError: errorText(lastError) }),
    holder: heldBy,
  };
}

/** `support: polling for 12.3 s, fetch 50 messages of INBOX (for 12.1 s)` */
export function activityText({ mailbox, polls, runner }: Station): string {
  const { pollingMs } = runner.state();
  const state = stateOf(runner);
  if (pollingMs === 0) return `${mailbox.name}: ${state}`;
  return `${mailbox.name}: ${state} for ${(pollingMs / 1000).toFixed(1)} s, ${doingText(polls.progress.now())}`;
}

function stateOf(runner: MailboxRunner): string {
  const { pollingMs, restsUntil, heldBy } = runner.state();
  if (pollingMs > 0) return 'polling';
  if (restsUntil !== undefined) return 'resting after a failure';
  return heldBy === undefined ? 'waiting for its schedule' : 'standing by for another daemon';
}
