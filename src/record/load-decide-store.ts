import type { Transaction } from '../db/connect.ts';
import { errorMessage, MailcaseError } from '../errors.ts';
import { decide } from './decide.ts';
import type { Incoming } from './incoming.ts';
import { findLeftOut, type LeftOut, skippedBecause, skippedKey } from './left-out.ts';
import { loadView } from './load.ts';
import { takeNonces } from './nonces.ts';
import type { Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { storePlan } from './store.ts';

/** What messages have come to. */
export interface Recorded {
  readonly plan: Plan;
  /** Nothing is recorded of them: a rule says so, or somebody has dropped them before. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Records messages within a transaction: loads what they touch, decides, stores. Their receipts are the caller's.
 *
 * @param batch without receipts, in the order of the mailbox
 * @throws MailcaseError `message_unrecordable` where it cannot be decided what they come to
 */
export async function loadDecideStore(
  trx: Transaction,
  batch: readonly Incoming[],
  policy: Policy,
): Promise<Recorded> {
  // First of all that is locked, so that nobody waits for a nonce while others wait for his customers.
  const settled = await takeNonces(trx, batch);
  const before = await findLeftOut(trx, settled);
  const wanted = settled.filter((incoming) => !before.has(incoming));
  const open = wanted.filter((incoming) => skippedBecause(incoming) === undefined).map(withOwnDirectives);
  const plan = decideOrBlame(await loadView(trx, open, policy), open, policy);
  await storePlan(trx, plan, policy);
  const skipped = wanted.flatMap((incoming) => {
    const reason = skippedBecause(incoming);
    return reason === undefined ? [] : [{ ...incoming, dedupeKey: skippedKey(incoming), reason }];
  });
  const dropped = [...before].map(([incoming, reason]) => ({
    ...incoming,
    dedupeKey: reason === null ? incoming.dedupeKey : skippedKey(incoming),
    reason,
  }));
  return { plan, leftOut: [...dropped, ...skipped] };
}

/** Decisions add to the directives; an attempt that is run again must not find what the one before added. */
export function withOwnDirectives(incoming: Incoming): Incoming {
  const { directives } = incoming;
  return {
    ...incoming,
    directives: {
      ...directives,
      applied: [...directives.applied],
      refused: [...directives.refused],
      decided: [...directives.decided],
    },
  };
}

function decideOrBlame(...args: Parameters<typeof decide>): Plan {
  try {
    return decide(...args);
  } catch (error) {
    throw new MailcaseError('message_unrecordable', `cannot be decided: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}
