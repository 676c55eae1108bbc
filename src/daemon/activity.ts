import { errorText } from '../db/refusal.ts';
import { doingText } from '../observe/progress.ts';
import type { MailboxRunner } from '../scheduler/mailbox-runner.ts';
import { type HealthOptions, unhealthyOf } from './health.ts';
import type { Station } from './station.ts';

/** What a mailbox is doing, as fields of the log. Times are in milliseconds. */
export function activityOf(station: Station, options: HealthOptions): Record<string, unknown> {
  const { polls, runner, schedule, mailbox } = station;
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
    ...(polls.watching().length > 0 && { waitsForMailIn: polls.watching() }),
    lastGoodAt,
    failingSince,
    ...(failingSince !== undefined && { failures, lastError: errorText(lastError) }),
    unhealthy: unhealthyOf(station, options),
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
  const { pollingMs, restsUntil, failures, heldBy } = runner.state();
  if (pollingMs > 0) return 'polling';
  if (restsUntil !== undefined)
    return failures > 0 ? 'resting after a failure' : 'resting, as the server asks';
  return heldBy === undefined ? 'waiting for its schedule' : 'standing by for another daemon';
}
