import { Logins } from '../auth/logins.ts';
import type { Config } from '../config/schema.ts';
import { endingWith } from '../db/ending.ts';
import { MailcaseError } from '../errors.ts';
import { Judges } from '../judge/judges.ts';
import type { Log } from '../observe/log.ts';
import { Leases } from '../scheduler/leases.ts';
import { within } from '../waiting.ts';
import type { DaemonParts } from './parts.ts';

/** What the polls of all mailboxes share. */
export interface SharedParts extends DaemonParts {
  readonly judges: Judges;
  readonly logins: Logins;
  readonly leases: Leases;
  /** Aborted when polls should end after the batch in hand. */
  readonly stopping: AbortSignal;
  /** Aborted when they should end at once. */
  readonly cutting: AbortSignal;
  /** How loud a poll is that found nothing to do. */
  readonly idleLevel: 'debug' | 'info';
}

/** After the connections are cut, what hangs has this long to notice, in milliseconds. */
const CUT_GRACE_MS = 5_000;

/** A database that does not answer keeps the end no longer than this, in milliseconds; leases end by themselves too. */
const GIVE_BACK_MS = 3_000;

export function shareParts(
  parts: DaemonParts,
  signals: Pick<SharedParts, 'stopping' | 'cutting'>,
  idleLevel: SharedParts['idleLevel'],
): SharedParts {
  const { config, db, log } = parts;
  const leases = new Leases(db, config.lease, {
    onLost: (mailbox) => log.warn({ mailbox }, 'another daemon has taken the mailbox over'),
    onFailed: (error) => log.warn({ err: error }, 'leases could not be renewed'),
    onRenewedAgain: () => log.info('leases are renewed again'),
    onNotEnded: (holder, error) =>
      log.debug({ holder, err: error }, 'the database sessions of another daemon could not be ended'),
  });
  const logins = new Logins({
    ...{ config, db },
    say: (mailbox, level, message, fields) => log[level]({ mailbox, ...fields }, message),
  });
  return { ...parts, ...signals, judges: new Judges(config), logins, leases, idleLevel };
}

/** Ends what the polls have shared, once they have ended. */
export async function closeShared({ judges, logins, leases, log }: SharedParts): Promise<void> {
  await judges.close();
  await logins.close();
  try {
    await endingWith(AbortSignal.timeout(GIVE_BACK_MS), () => leases.close());
  } catch (error) {
    log.warn({ err: error }, 'leases could not be given back, they end by themselves');
  }
}

/** Waits for polls that were told to stop; what takes longer than stop_timeout is cut off. @returns whether all ended */
export async function endOrCut(
  polls: Promise<unknown>,
  { stop_timeout }: Pick<Config, 'stop_timeout'>,
  cutting: AbortController,
  log: Log,
): Promise<boolean> {
  if (await within(polls, stop_timeout)) return true;
  log.warn({ stopTimeoutMs: stop_timeout }, 'a batch did not end in time and is cut off');
  cutting.abort(new MailcaseError('stopped', 'the poll was cut off by the stop'));
  return within(polls, CUT_GRACE_MS);
}
