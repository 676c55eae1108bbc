import { expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { SEED } from '../support/seed.ts';
import { killing, WAITING } from './killed.ts';
import type { Lives, Moment } from './lives.ts';
import type { MailSource } from './mail-source.ts';
import { type Chance, chance } from './random.ts';
import { scaled } from './scaled.ts';

const database = useDatabase();

const KILLS = scaled({ short: 6, long: 100 });

/** Mails that a daemon is watched with: enough for most of what a mail can have in it. */
const LOOKED_AT = 60;

/** A step that came so often in one life comes with each batch, so it is there a second time and a third. */
const WITH_EACH_BATCH = 8;

const timeout = scaled({ short: 120_000, long: 1_800_000 });

/** Where it hurts: what was done and not heard of, what was said and not done. */
const NASTIEST = [
  'after postgres commit after insert receipts',
  'before postgres commit after insert receipts',
  'before imap UID STORE',
  'after imap UID STORE',
  'before postgres insert interactions',
  'after imap UID FETCH bodies',
];

const name = `killed between two steps ${KILLS} times or more, each message is recorded once (FUZZ_SEED=${SEED})`;

it(name, { timeout }, () =>
  killing('killed between two steps', database, async (lives, source) => {
    const luck = chance(SEED);
    const moments = scaled({ short: nastiest, long: everyStep });
    const plan = await moments(lives, source, luck);
    for (const moment of plan) await lives.killAt(moment);
    return plan.length;
  }),
);

async function nastiest(_lives: Lives, source: MailSource, luck: Chance): Promise<Moment[]> {
  await source.deliver(WAITING);
  return luck.shuffle(NASTIEST).map((key) => momentOf(key, luck.between(1, 3)));
}

/** Each step that a daemon was seen to do, from both sides, and then chance. */
async function everyStep(lives: Lives, source: MailSource, luck: Chance): Promise<Moment[]> {
  // The first life makes the rows that are made once, and steps are those that come each time.
  await lives.killAt({ after: 'polling', ms: 500 });
  await source.deliver(LOOKED_AT);
  const seen = await lives.drain();
  await source.deliver(WAITING);
  const steps = [...seen.keys()];
  expect(steps).toEqual(expect.arrayContaining(NASTIEST));
  const occurrence = (key: string) => ((seen.get(key) ?? 0) >= WITH_EACH_BATCH ? luck.between(1, 3) : 1);
  const again = Array.from({ length: Math.max(0, KILLS - steps.length) }, () => luck.pick(steps));
  return luck.shuffle([...steps, ...again]).map((key) => momentOf(key, occurrence(key)));
}

function momentOf(key: string, occurrence: number): Moment {
  const [side = '', ...name] = key.split(' ');
  return { side: side === 'after' ? 'after' : 'before', name: name.join(' '), occurrence };
}
