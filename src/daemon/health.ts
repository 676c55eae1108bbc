import { errorText } from '../db/refusal.ts';
import { cureOf, kindOf } from '../errors.ts';
import type { MailboxHealth, Unhealthy } from '../observe/standing.ts';
import type { Failing } from '../record/polls.ts';
import { type HealthLimits, isUnhealthy } from '../scheduler/health.ts';
import type { Station } from './station.ts';

export interface HealthOptions {
  readonly limits: HealthLimits;
  readonly mask: (text: string) => string;
}

/** How a mailbox stands. */
export function healthOf(station: Station, options: HealthOptions): MailboxHealth {
  const { mailbox, runner } = station;
  const { tried, pollingMs, heldBy } = runner.state();
  return {
    name: mailbox.name,
    tried,
    failingSince: failingOf(station)?.since,
    unhealthy: unhealthyOf(station, options),
    overdueMs: Math.max(0, pollingMs - mailbox.poll_timeout),
    heldBy,
  };
}

/** @returns undefined where it is well, fails since a short time only, or is another daemon's to poll */
export function unhealthyOf(station: Station, { limits, mask }: HealthOptions): Unhealthy | undefined {
  const failing = failingOf(station);
  if (failing === undefined || !isUnhealthy(failing, limits)) return undefined;
  const { lastError } = station.runner.state();
  return {
    since: failing.since,
    why: mask(errorText(lastError)),
    cure: cureOf(lastError),
    kind: kindOf(lastError),
    failures: failing.failures,
  };
}

/**
 * The failures that no good poll has followed: those that this process saw, and those before its start, of which the
 * database knows. Where it was the database that failed, this process knows more.
 */
export function failingOf({ polls, runner }: Station): Failing | undefined {
  const { failingSince, failingMs, failures } = runner.state();
  if (failingSince === undefined) return undefined;
  const known = polls.failing();
  const isOlder = known !== undefined && known.forMs > failingMs;
  return {
    failures: Math.max(failures, known?.failures ?? 0),
    since: isOlder ? known.since : failingSince,
    forMs: isOlder ? known.forMs : failingMs,
  };
}

/** How often is looked, in milliseconds: a mailbox becomes unhealthy by time as well, between two polls. */
const LOOK_MS = 1_000;

/** Says in the log when a mailbox becomes unhealthy, and when it is well again: a line each. */
export class HealthTeller {
  private readonly station: Station;
  private readonly options: HealthOptions;
  private readonly timer: NodeJS.Timeout;
  private said: Pick<Unhealthy, 'since' | 'failures'> | undefined;

  constructor(station: Station, options: HealthOptions) {
    this.station = station;
    this.options = options;
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  end(): void {
    clearInterval(this.timer);
  }

  look(): void {
    const unhealthy = unhealthyOf(this.station, this.options);
    if (unhealthy === undefined) {
      this.tellWell();
      return;
    }
    const { log } = this.station.polls;
    const { since, why, cure, kind, failures } = unhealthy;
    if (this.said === undefined) log.error({ since, failures, kind, why, cure }, 'the mailbox is unhealthy');
    this.said = { since, failures };
  }

  private tellWell(): void {
    const { polls, runner } = this.station;
    const ended = polls.takeEnded();
    // What was said before the start of this process has its end too.
    const was = this.said ?? (ended && isUnhealthy(ended, this.options.limits) ? ended : undefined);
    this.said = undefined;
    const { heldBy, failures } = runner.state();
    // Where another daemon polls it now, that one knows. A failure that is new is no end of the old ones.
    if (was === undefined || heldBy !== undefined || failures > 0) return;
    const counted = Math.max(was.failures, ended?.failures ?? 0);
    polls.log.info({ since: was.since, failures: counted }, 'the mailbox is well again');
  }
}
