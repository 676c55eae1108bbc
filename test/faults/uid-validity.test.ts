import { describe, expect, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { withClient } from '../support/imap-client.ts';
import { atStep, type Step } from './interventions.ts';
import { scaled } from './scaled.ts';
import {
  inScene,
  interactionsOf,
  leftOver,
  mailOf,
  NOTHING_LEFT,
  PROCESSED,
  person,
  pollToEnd,
  type Scene,
  subjectsIn,
  tryPoll,
} from './scene.ts';
import { useTally } from './tally.ts';

const database = useDatabase();

const FOLDER = 'Support';
/** What lies in the folder at first, by UID. */
const BEFORE = ['a', 'b', 'c'];
/** What lies in it when it has been made anew: the same mail under other UIDs, and mail that is new under those UIDs. */
const AFTER = ['new in place of a', 'c', 'new in place of c', 'b', 'a'];
const ALL = [...new Set([...BEFORE, ...AFTER])];

interface Configured {
  readonly name: string;
  readonly options: Record<string, unknown>;
  readonly steps: readonly Step[];
}

const STEPS: Step[] = ['search', 'sizes', 'bodies', 'mark', 'end'];

const DELETING: Configured = {
  name: 'new, delete',
  options: { select: 'new', processed: { delete: true } },
  steps: [...STEPS, 'expunge'],
};

const CONFIGURED: readonly Configured[] = [
  DELETING,
  {
    name: 'unseen, flag and move',
    options: { processed: { flag: '\\Seen', move: PROCESSED } },
    steps: scaled<Step[]>({ short: ['bodies', 'mark'], long: STEPS }),
  },
  ...scaled<Configured[]>({
    short: [],
    long: [
      { name: 'unseen, flag', options: {}, steps: STEPS },
      { name: 'keyword', options: { select: 'keyword' }, steps: STEPS },
      { name: 'unseen, delete', options: { processed: { delete: true } }, steps: [...STEPS, 'expunge'] },
      { name: 'small batches', options: { batch: { messages: '1' } }, steps: STEPS },
      { name: 'nothing marked', options: { processed: 'none' }, steps: ['search', 'sizes', 'bodies', 'end'] },
    ],
  }),
];

const tally = useTally('the folder is made anew with the same mail (UIDVALIDITY), in a poll and between');

describe.each(CONFIGURED)('the folder is made anew, $name', ({ options, steps }) => {
  test.each(steps)('in the middle of a poll, at %s', async (step) => {
    await inScene(FOLDER, options, async (scene) => {
      const mails = mailsOf(scene);
      await person(scene).append(...mails(BEFORE));
      const before = await uidValidityOf(scene);
      let madeAt = 0;
      const intervention = atStep(step, async () => {
        await person(scene).remake(...mails(AFTER));
        madeAt = performance.now();
      });
      scene.proxy.tap(intervention.tap);
      await tryPoll(database.db, scene);
      expect(intervention.isDone()).toBe(true);
      expect(await uidValidityOf(scene)).not.toBe(before);
      // Whatever the poll still did under the old UIDVALIDITY, what it has not recorded lies in the folder.
      await expectNoneLost(scene);
      await pollToEnd(database.db, scene);
      tally({ ...(await countsOf(scene)), untilPollingMs: performance.now() - madeAt });
      await expectOnce(scene, options);
    });
  });

  test('between polls, twice, and when one was cut off', async () => {
    await inScene(FOLDER, options, async (scene) => {
      const mails = mailsOf(scene);
      await person(scene).append(...mails(BEFORE));
      scene.proxy.tap(atStep('bodies', async () => {}, 'cut').tap);
      expect(await tryPoll(database.db, scene)).toBeInstanceOf(Error);
      await person(scene).remake(...mails(BEFORE));
      await pollToEnd(database.db, scene);
      const madeAt = performance.now();
      await person(scene).remake(...mails(AFTER));
      await expectNoneLost(scene);
      await pollToEnd(database.db, scene);
      tally({ ...(await countsOf(scene)), untilPollingMs: performance.now() - madeAt });
      await expectOnce(scene, options);
    });
  });
});

/** Each subject's mail, the same one each time. */
function mailsOf(scene: Scene): (subjects: readonly string[]) => string[] {
  const made = new Map(ALL.map((subject) => [subject, mailOf(scene, subject)]));
  return (subjects) => subjects.map((subject) => made.get(subject) ?? '');
}

const uidValidityOf = ({ user }: Scene) =>
  withClient(
    user,
    async ({ mailbox }) => {
      if (!mailbox) throw new Error('no folder is open');
      return Number(mailbox.uidValidity);
    },
    { path: FOLDER, readOnly: true },
  );

async function expectNoneLost(scene: Scene): Promise<void> {
  const recorded = Object.keys(await interactionsOf(database.db, scene));
  const kept = [...recorded, ...(await subjectsIn(scene, FOLDER)), ...(await subjectsIn(scene, PROCESSED))];
  expect(kept).toEqual(expect.arrayContaining(AFTER));
}

async function countsOf(scene: Scene) {
  const interactions = await interactionsOf(database.db, scene);
  const numbers = ALL.map((subject) => interactions[subject] ?? 0);
  return {
    messages: BEFORE.length + AFTER.length,
    lost: numbers.filter((number) => number === 0).length,
    doubled: numbers.filter((number) => number > 1).length,
  };
}

async function expectOnce(scene: Scene, { processed }: Record<string, unknown>): Promise<void> {
  expect(await interactionsOf(database.db, scene)).toEqual(
    Object.fromEntries(ALL.map((subject) => [subject, 1])),
  );
  expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
  const isLeaving = typeof processed === 'object' && processed !== null && !('keyword' in processed);
  expect(await subjectsIn(scene, FOLDER)).toEqual(isLeaving ? [] : AFTER);
  if (isLeaving && 'move' in processed) {
    // With what the poll had moved before the folder was made anew.
    expect(await subjectsIn(scene, PROCESSED)).toEqual(expect.arrayContaining(AFTER));
  }
}
