import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { brokenInvariants } from '../fuzz/invariants.ts';
import { useDatabase } from '../support/database.ts';
import { SEED } from '../support/seed.ts';
import { withEvidence } from './evidence.ts';
import { createMutator, type Deeds, type Mutator } from './mutator.ts';
import { type Chance, chance } from './random.ts';
import { scaled } from './scaled.ts';
import {
  ELSEWHERE,
  inScene,
  interactionsOf,
  leftOver,
  NOTHING_LEFT,
  PROCESSED,
  pollToEnd,
  type Scene,
  subjectsIn,
  tryPoll,
} from './scene.ts';
import { useTally } from './tally.ts';
import { watchPolls } from './watched-poll.ts';

const database = useDatabase();

const FOLDER = 'Support';
const DEEDS = scaled({ short: 25, long: 500 });
/** The longest rest between two deeds, in milliseconds. */
const REST_MS = 40;

const ALL: [name: string, options: Record<string, unknown>][] = [
  ['unseen, flag', {}],
  ['new, delete', { select: 'new', processed: { delete: true } }],
  ['keyword, keyword and move', { select: 'keyword', processed: { keyword: 'done', move: PROCESSED } }],
  ['unseen, move', { processed: { move: PROCESSED } }],
  ['unseen, nothing marked', { processed: 'none' }],
  ['keyword', { select: 'keyword' }],
  ['new, nothing marked', { select: 'new', processed: 'none' }],
];

const tally = useTally('a person works at random in the folder, connections cut at random');

test.each(ALL.slice(0, scaled({ short: 3, long: ALL.length })))(
  `%s: whatever a person does, each mail that stays is recorded once (seed ${SEED})`,
  async (_, options) => {
    await withEvidence('mutations', ({ note }) =>
      inScene(FOLDER, { batch: { messages: '3' }, ...options }, async (scene) => {
        const mutator = createMutator(scene, chance(SEED), note);
        const polls = watchPolls(mutator, chance(SEED + 1));
        scene.proxy.tap(polls.tap);
        let isOver = false;
        let good = 0;
        const mutating = mutate(mutator, chance(SEED + 2), () => good > 0).finally(() => {
          isOver = true;
        });
        const polling = (async () => {
          while (!isOver) {
            const outcome = await tryPoll(database.db, scene);
            polls.ended();
            if (!(outcome instanceof Error)) good += 1;
            note(`poll: ${outcome instanceof Error ? outcome.message : JSON.stringify(outcome)}`);
          }
        })();
        await Promise.all([mutating, polling]);
        const endedAt = performance.now();
        await pollToEnd(database.db, scene);
        const untilPollingMs = performance.now() - endedAt;
        note(`${good} good polls, ${polls.cuts()} cuts, ${JSON.stringify(mutator.deeds.counts)}`);
        expect(good).toBeGreaterThan(0);

        const { lost, doubled } = await judge(scene, mutator.deeds, options);
        tally({
          messages: mutator.deeds.subjects.length,
          lost: lost.length,
          doubled: doubled.length,
          untilPollingMs,
        });
        expect({ lost, doubled }).toEqual({ lost: [], doubled: [] });
        expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
        expect(await brokenInvariants(database.db, { id: 0, uid: 0 })).toEqual([]);
      }),
    );
  },
);

/** @param isEnough whether a poll was good: on a slow machine, all of the first may have been cut */
async function mutate({ step }: Mutator, random: Chance, isEnough: () => boolean): Promise<void> {
  for (let i = 0; i < DEEDS || (!isEnough() && i < 20 * DEEDS); i += 1) {
    await step();
    await sleep(random.between(0, REST_MS));
  }
}

/** What should have been recorded and is not, or is gone from the mailbox unrecorded; and what was recorded twice. */
async function judge(scene: Scene, deeds: Deeds, { select = 'unseen' }: Record<string, unknown>) {
  const interactions = await interactionsOf(database.db, scene);
  const there = new Set<string | undefined>();
  for (const path of [FOLDER, ELSEWHERE, PROCESSED]) {
    for (const subject of await subjectsIn(scene, path)) there.add(subject);
  }
  // What a person read before any poll had found it is no mail for `unseen`.
  const isFindable = (subject: string) =>
    select !== 'unseen' || deeds.found.has(subject) || deeds.unread.has(subject);
  const missing = deeds.subjects.filter((subject) => interactions[subject] === undefined);
  const lost = missing.filter((subject) =>
    deeds.taken.has(subject)
      ? deeds.movedAway.has(subject) && !there.has(subject)
      : isFindable(subject) || !there.has(subject),
  );
  const doubled = Object.keys(interactions).filter((subject) => (interactions[subject] ?? 0) > 1);
  return { lost, doubled };
}
