import type { MailboxFacts } from '../alert/observe.ts';
import { errorText } from '../db/refusal.ts';
import { cureOf, kindOf } from '../errors.ts';
import type { Unhealthy } from '../observe/standing.ts';
import { isUnhealthy } from '../scheduler/health.ts';
import { type HealthOptions, healthOf } from './health.ts';
import type { Station } from './station.ts';

/** What alarms go by. A rejected login is told at once: another try with it mends nothing. */
export function alarmFactsOf(station: Station, options: HealthOptions): MailboxFacts {
  const { polls, runner } = station;
  const { lastError } = runner.state();
  const health = healthOf(station, options);
  const { failingSince } = health;
  const isRejected = failingSince !== undefined && kindOf(lastError) === 'credentials';
  return {
    health,
    rejected: isRejected
      ? { since: failingSince, why: options.mask(errorText(lastError)), cure: cureOf(lastError) }
      : undefined,
    ownHeaders: polls.takeOwnHeaders(),
  };
}

/** The same for a daemon that has not reached its database yet, and so polls nothing. @param error why it is not reached */
export function waitingFacts(
  mailboxes: readonly string[],
  { since, failures, error }: { readonly since: Date; readonly failures: number; readonly error: unknown },
  { limits, mask }: HealthOptions,
): MailboxFacts[] {
  const forMs = Date.now() - since.getTime();
  const unhealthy: Unhealthy | undefined = isUnhealthy({ failures, forMs }, limits)
    ? {
        since,
        why: mask(`the database is not reached: ${errorText(error)}`),
        cure: cureOf(error),
        kind: 'other',
        failures,
      }
    : undefined;
  return mailboxes.map((name) => ({
    health: { name, tried: false, failingSince: since, unhealthy, overdueMs: 0, heldBy: undefined },
    rejected: undefined,
    ownHeaders: [],
  }));
}
