import type { AlertConfig, Condition } from '../config/schema.ts';
import type { OwnHeaders } from '../observe/own-headers.ts';
import type { MailboxHealth, Unhealthy } from '../observe/standing.ts';
import { counted } from '../terminal/words.ts';
import type { QuarantineCount } from './book.ts';
import { observeOwnMail } from './own-mail.ts';
import type { Details, Observation } from './state.ts';

/** Why something fails, since when, and how to mend it where that is known. */
type Trouble = Pick<Unhealthy, 'since' | 'why' | 'cure'>;

/** What this daemon knows of a mailbox. */
export interface MailboxFacts {
  readonly health: MailboxHealth;
  /** Why and since when the login is rejected, from the first time on; undefined where it is not. */
  readonly rejected: Trouble | undefined;
  /** What was noted of own mail since the last look. */
  readonly ownHeaders: readonly OwnHeaders[];
}

/** What is looked at beside it. */
export interface Beside {
  readonly on: AlertConfig['on'];
  /** Undefined where the database cannot be asked. */
  readonly quarantine: ReadonlyMap<string, QuarantineCount> | undefined;
  /** Mailboxes of which another daemon has had a good poll since they fail here. */
  readonly goodElsewhere: ReadonlySet<string>;
  readonly now: number;
}

const UNKNOWN: Observation = { is: 'unknown' };
const CLEAR: Observation = { is: 'clear' };

/** How a condition of a mailbox stands, as far as this daemon sees it. */
export function observe(
  condition: Condition,
  facts: MailboxFacts,
  details: Details,
  beside: Beside,
): Observation {
  switch (condition) {
    case 'stale':
    case 'credentials':
      return observePolls(condition, facts, beside);
    case 'quarantine':
      return observeQuarantine(facts.health.name, beside);
    case 'headers_not_applied':
      return observeOwnMail(details, facts.ownHeaders, beside.now);
  }
}

/**
 * Only a good poll ends either of them: a mailbox that was not reached and now rejects the login is not well again. A
 * rejected login is `credentials` alone, where that is told.
 */
function observePolls(
  condition: 'stale' | 'credentials',
  { health, rejected }: MailboxFacts,
  { on, goodElsewhere }: Beside,
): Observation {
  const { name, tried, failingSince, unhealthy, heldBy, overdueMs } = health;
  if (goodElsewhere.has(name)) return CLEAR;
  if (heldBy !== undefined) return UNKNOWN;
  if (failingSince === undefined) return tried && overdueMs === 0 ? CLEAR : UNKNOWN;
  if (condition === 'credentials') {
    return rejected ? standing(rejected) : UNKNOWN;
  }
  const isOthers = rejected !== undefined && on.has('credentials');
  return unhealthy === undefined || isOthers ? UNKNOWN : standing(unhealthy);
}

function standing({ since, why, cure }: Trouble): Observation {
  return { is: 'standing', since: since.getTime(), why: cure === undefined ? why : `${why} → ${cure}` };
}

function observeQuarantine(mailbox: string, { quarantine, now }: Beside): Observation {
  if (quarantine === undefined) return UNKNOWN;
  const count = quarantine.get(mailbox);
  if (count === undefined) return CLEAR;
  const { open, fresh, oldestMs } = count;
  const why = `${counted(open, 'mail waits', 'mails wait')} in the quarantine, ${fresh === open && open > 0 ? (open === 1 ? 'a new one' : 'all of them new') : `${fresh} new`}`;
  return { is: 'standing', since: now - oldestMs, why };
}
