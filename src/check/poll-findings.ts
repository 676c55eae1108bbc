import type { Config, MailboxConfig } from '../config/schema.ts';
import { formatDuration } from '../config/units.ts';
import type { ErrorKind } from '../errors.ts';
import type { FoundMailbox } from '../record/polls.ts';
import { isUnhealthy } from '../scheduler/health.ts';
import { firstTimeBetween } from '../scheduler/missed.ts';
import { counted, readableTime } from '../terminal/words.ts';
import type { Finding, Section } from './finding.ts';

const KIND_WORDS: Readonly<Record<ErrorKind, string>> = {
  credentials: 'the login is rejected',
  throttled: 'the server asks to be left alone',
  network: 'the server is not reached, or in trouble',
  other: 'an error',
};

/** How the daemon's polls went, as the database has it. */
export function pollFindings(
  section: Section,
  { schedule }: Pick<MailboxConfig, 'schedule'>,
  config: Pick<Config, 'unhealthy' | 'backoff'>,
  found: FoundMailbox | undefined,
  now: Date,
): Finding[] {
  if (found === undefined) return [section.ok('never_polled', 'not polled yet')];
  const { lastPolledAt, lastError, polledBy } = found;
  const when =
    lastPolledAt === null ? 'no poll went well yet' : `last polled ${readableTime(lastPolledAt)} UTC`;
  const last = polledBy === null ? when : `${when}; it is ${polledBy}'s to poll`;
  if (lastError !== null) return [failingFinding(section, config, found, lastError, last)];
  const missed = missedSince(schedule, config.unhealthy.after, found, now);
  if (missed === undefined) return [section.ok('last_poll', last)];
  return [
    section.warning(
      'polls_missed',
      `${last}; by its schedule it should have been polled at ${readableTime(missed)} UTC`,
      polledBy === null
        ? 'start `mailcase run`, or see why it does not run; where a timer calls `mailcase run --once`, give `schedule` the times of that timer'
        : 'a long poll may be under way: `kill -USR2` lets the daemon say in its log what it does',
    ),
  ];
}

function failingFinding(
  section: Section,
  { unhealthy, backoff }: Pick<Config, 'unhealthy' | 'backoff'>,
  { failing, errorKind }: FoundMailbox,
  lastError: string,
  last: string,
): Finding {
  if (failing === undefined || !isUnhealthy(failing, unhealthy)) {
    return section.warning(
      'last_poll_failed',
      `${last}; the last attempt failed: ${lastError}`,
      'what stands below says whether it is still so; the next good poll takes the error away',
    );
  }
  const kind = errorKind ?? 'other';
  const failures = counted(failing.failures, 'poll');
  return section.problem(
    'mailbox_unhealthy',
    `unhealthy since ${readableTime(failing.since)} UTC (${KIND_WORDS[kind]}; ${failures} failed): ${lastError}`,
    cureOf(kind, backoff),
    [last],
  );
}

function cureOf(kind: ErrorKind, { credentials, longest }: Config['backoff']): string {
  switch (kind) {
    case 'credentials':
      return `mend the login, as stands below if it is still rejected; the daemon tries again at once when it is reloaded (SIGHUP), else each ${formatDuration(credentials)}`;
    case 'throttled':
      return 'the daemon waits as long as the server says; if it stays so, poll less often, and see what else reads the mailbox';
    case 'network':
      return `what stands below says whether it is still so; the daemon tries again each ${formatDuration(longest)} at least`;
    default:
      return 'mend what the error says; the next good poll takes it away';
  }
}

/**
 * When the first poll should have been that did not come for longer than `unhealthy.after`: nobody polls. A poll that is
 * due only once a day is not missed before.
 */
function missedSince(
  schedule: string,
  afterMs: number,
  { lastPolledAt, lastPolledMs }: FoundMailbox,
  now: Date,
): Date | undefined {
  if (lastPolledAt === null || lastPolledMs === null) return undefined;
  // By the database's clock it was so long ago; the schedule goes by this machine's.
  const polled = new Date(now.getTime() - Math.max(0, lastPolledMs));
  return firstTimeBetween(schedule, polled, new Date(now.getTime() - afterMs));
}
