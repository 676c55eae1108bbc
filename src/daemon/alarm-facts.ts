import type { MailboxFacts } from '../alert/observe.ts';
import { errorText } from '../db/refusal.ts';
import { kindOf } from '../errors.ts';
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
    rejected: isRejected ? { since: failingSince, why: options.mask(errorText(lastError)) } : undefined,
    ownHeaders: polls.takeOwnHeaders(),
  };
}
