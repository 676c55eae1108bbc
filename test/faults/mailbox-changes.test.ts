import { describe, expect, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { atStep, type Step } from './interventions.ts';
import { scaled } from './scaled.ts';
import {
  ELSEWHERE,
  flagsOf,
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

/** What a person does to a message each, named by its subject; two are left alone, before these and behind them. */
const ACTS = ['read', 'flag', 'unread', 'expunge', 'moveAway'] as const;
const MAILS = ['first', ...ACTS, 'last'] as const;
/** Comes while the poll is at the step. */
const LATE = 'late';

type Mail = (typeof MAILS)[number] | typeof LATE;

interface Configured {
  readonly name: string;
  readonly options: Record<string, unknown>;
  readonly steps: readonly Step[];
}

const MARKED: Step[] = ['search', 'sizes', 'bodies', 'mark', 'end'];
const SHADOW: Step[] = ['search', 'sizes', 'bodies', 'end'];

const CONFIGURED: readonly Configured[] = [
  { name: 'unseen, flag', options: {}, steps: MARKED },
  {
    name: 'new, delete',
    options: { select: 'new', processed: { delete: true } },
    steps: [...MARKED, 'expunge'],
  },
  ...scaled<Configured[]>({
    short: [],
    long: [
      {
        name: 'unseen, flag and move',
        options: { processed: { flag: '\\Seen', move: PROCESSED } },
        steps: MARKED,
      },
      { name: 'keyword', options: { select: 'keyword' }, steps: MARKED },
      { name: 'unseen, small batches', options: { batch: { messages: '2' } }, steps: MARKED },
      { name: 'unseen, nothing marked', options: { processed: 'none' }, steps: SHADOW },
      { name: 'new, nothing marked', options: { select: 'new', processed: 'none' }, steps: SHADOW },
      {
        name: 'what people sent',
        options: { folders: [{ path: 'INBOX', role: 'sent' }], select: 'new' },
        steps: SHADOW,
      },
    ],
  }),
];

/** How often a mail may be recorded: once, but where a person hid or took it away before a poll could have it. */
function allowed(mail: Mail, step: Step, { options }: Configured): number[] {
  const isGone = mail === 'expunge' || mail === 'moveAway';
  const isHidden = mail === 'read' && step === 'search' && options.select === undefined;
  const isFetched = ['mark', 'expunge', 'end'].includes(step) && options.batch === undefined;
  return isHidden || (isGone && !isFetched) ? [0, 1] : [1];
}

/** All that a person does, at once. */
async function meddle(scene: Scene): Promise<void> {
  const acting = person(scene);
  for (const act of ACTS) await acting[act](String(MAILS.indexOf(act) + 1));
  await acting.append(mailOf(scene, LATE));
}

const AT = 'a person reads, flags, expunges, moves away, mail comes:';
const tallies: Readonly<Record<Step, ReturnType<typeof useTally>>> = {
  search: useTally(`${AT} before the search`),
  sizes: useTally(`${AT} before sizes are asked for`),
  bodies: useTally(`${AT} before bodies are asked for`),
  mark: useTally(`${AT} before marking`),
  expunge: useTally(`${AT} before UID EXPUNGE`),
  end: useTally(`${AT} before logging out`),
};

describe.each(CONFIGURED)('$name', (configured) => {
  describe.each(configured.steps)('at %s', (step) => {
    test.each(['pass', 'cut'] as const)(
      'a person reads, flags, expunges, moves, and mail comes: %s',
      async (fate) => {
        await inScene('INBOX', configured.options, async (scene) => {
          await person(scene).append(...MAILS.map((subject) => mailOf(scene, subject)));
          let meddledAt = 0;
          const intervention = atStep(
            step,
            async () => {
              await meddle(scene);
              meddledAt = performance.now();
            },
            fate,
          );
          scene.proxy.tap(intervention.tap);
          const outcome = await tryPoll(database.db, scene);
          expect(intervention.isDone()).toBe(true);
          // Mail that goes or is read is no error; only a line that was cut is.
          if (fate === 'pass' || step === 'end') expect(outcome).toMatchObject({ problem: undefined });
          else expect(outcome).toBeInstanceOf(Error);
          await pollToEnd(database.db, scene);
          const untilPollingMs = performance.now() - meddledAt;

          const interactions = await interactionsOf(database.db, scene);
          const subjects: Mail[] = [...MAILS, LATE];
          const wrong = subjects.filter(
            (subject) => !allowed(subject, step, configured).includes(interactions[subject] ?? 0),
          );
          const doubled = subjects.filter((subject) => (interactions[subject] ?? 0) > 1);
          tallies[step]({
            messages: subjects.length,
            lost: wrong.length - doubled.length,
            doubled: doubled.length,
            untilPollingMs,
          });
          expect(wrong).toEqual([]);
          expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
          await expectFolders(scene, configured, step, interactions);
        });
      },
    );
  });
});

/** What is where in the end: nothing of a person's deeds is undone, and nothing is gone that was not recorded. */
async function expectFolders(
  scene: Scene,
  { options }: Configured,
  step: Step,
  interactions: Record<string, number>,
): Promise<void> {
  const here = await subjectsIn(scene, scene.path);
  const there = [...here, ...(await subjectsIn(scene, ELSEWHERE)), ...(await subjectsIn(scene, PROCESSED))];
  for (const subject of [...MAILS, LATE]) {
    if (subject !== 'expunge' && interactions[subject] === undefined) expect(there).toContain(subject);
  }
  expect(there.filter((subject, index) => there.indexOf(subject) !== index)).toEqual([]);
  if (options.processed === undefined && options.select === undefined) {
    const isUnseen = ({ flags }: { flags: string[] }) => !flags.includes('\\Seen');
    const unseen = (await flagsOf(scene)).filter(isUnseen).map(({ uid }) => MAILS[uid - 1]);
    // Made unseen after it was marked, it stays so.
    expect(unseen).toEqual(step === 'end' ? ['unread'] : []);
  }
}
