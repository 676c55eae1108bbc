import { it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { SEED } from '../support/seed.ts';
import { killing, WAITING } from './killed.ts';
import { chance } from './random.ts';
import { scaled } from './scaled.ts';

const database = useDatabase();

const KILLS = scaled({ short: 4, long: 100 });

/** Longer than a start takes, and than many batches: in milliseconds. */
const LATEST_MS = { start: 900, polling: 1_000 };

const timeout = scaled({ short: 120_000, long: 1_800_000 });

it(`killed ${KILLS} times at random, each message is recorded once (FUZZ_SEED=${SEED})`, { timeout }, () =>
  killing('killed at random', database, async ({ killAt }, source) => {
    await source.deliver(WAITING);
    const luck = chance(SEED);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const after = luck.pick(['start', 'polling'] as const);
      await killAt({ after, ms: luck.between(0, LATEST_MS[after]) });
    }
    return KILLS;
  }),
);
