import type { Session } from './session.ts';
import { uidSets } from './uid-set.ts';

/** How many UIDs every server known takes in one command; Exchange answers more with BAD "Command Error. 10". */
const TAKEN_BY_ALL = 100;

/** A command that is refused for its length is tried again with so much less, until it is one UID. */
const SHRINK = 4;

/**
 * Runs a command for UIDs, in as many sets as the line's length and `uids_per_command` ask for. Where a server answers
 * BAD to a set of several, which says that it did nothing of it (RFC 9051, section 7.1), it is given fewer at a time, and
 * keeps getting so few where that helps.
 *
 * @param run throws or answers false where the server refuses
 * @param refused what is thrown where it answers false
 */
export async function inSets<T>(
  session: Session,
  uids: readonly number[],
  run: (set: string, uids: readonly number[]) => Promise<T | false | undefined>,
  refused: () => Error,
): Promise<T[]> {
  const { uidLimit } = session;
  const before = uidLimit.most;
  const outcomes: T[] = [];
  let left = uidSets(uids, before);
  for (let next = left.shift(); next; next = left.shift()) {
    const { set, uids: some } = next;
    const outcome = await attempt(() => run(set, some));
    if (!('failed' in outcome)) {
      outcomes.push(outcome.value);
    } else if (session.isRefusedAsBad() && next.uids.length > 1) {
      uidLimit.shrinkTo(fewerThan(next.uids.length), next.uids.length);
      left = uidSets(
        [next, ...left].flatMap((each) => each.uids),
        uidLimit.most,
      );
    } else {
      // It was not the number of them.
      if (next.uids.length === 1) uidLimit.most = before;
      throw outcome.failed ?? refused();
    }
  }
  return outcomes;
}

function fewerThan(count: number): number {
  return count > TAKEN_BY_ALL ? TAKEN_BY_ALL : Math.ceil(count / SHRINK);
}

async function attempt<T>(
  run: () => Promise<T | false | undefined>,
): Promise<{ readonly value: T } | { readonly failed: unknown }> {
  try {
    const value = await run();
    return value === false || value === undefined ? { failed: undefined } : { value };
  } catch (error) {
    return { failed: error };
  }
}
