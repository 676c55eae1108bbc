import { expect, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { seenUids } from '../support/imap-client.ts';
import { rows } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { changingAnswers } from './answers.ts';
import { withEvidence } from './evidence.ts';
import { chance } from './random.ts';
import { scaled } from './scaled.ts';
import {
  inScene,
  interactionsOf,
  leftOver,
  mailOf,
  NOTHING_LEFT,
  person,
  pollToEnd,
  tryPoll,
} from './scene.ts';
import { useTally } from './tally.ts';

const database = useDatabase();

const ROUNDS = scaled({ short: 8, long: 60 });
/** Mail that lies there at first, and how much comes with each round. */
const AT_FIRST = 30;
const EACH_ROUND = 2;

/** What servers have been seen to do, and answer OK. */
const ODDITIES = {
  'no row with the size': (row: string) => (row.includes('RFC822.SIZE') ? '' : row),
  'no size in the row': (row: string) => row.replace(/RFC822\.SIZE \d+ /, ''),
  'no row with the body': (row: string) => (row.includes('BODY[]') ? '' : row),
  'BODY[] NIL': (row: string) => row.replace(/BODY\[\] \{\d+\}\r\n[\s\S]*(?=\)\r\n$)/, 'BODY[] NIL'),
  'an empty body': (row: string) => row.replace(/BODY\[\] \{\d+\}\r\n[\s\S]*(?=\)\r\n$)/, 'BODY[] {0}\r\n'),
  'none of it': (row: string) => (/RFC822\.SIZE|BODY\[\]/.test(row) ? '' : row),
} as const;

const tally = useTally('FETCH answers OK, and has not all that was asked for');

test.each([['unseen'], ['new']])(
  `select %s: for random messages the server hands out nothing, poll after poll (seed ${SEED})`,
  async (select) => {
    await withEvidence('odd-fetches', ({ note }) =>
      inScene('INBOX', { select, batch: { messages: '7' } }, async (scene) => {
        const random = chance(SEED);
        const acting = person(scene);
        let number = 0;
        const deliver = async (count: number) => {
          const subjects = Array.from({ length: count }, () => `mail ${++number}`);
          await acting.append(...subjects.map((subject) => mailOf(scene, subject)));
        };
        await deliver(AT_FIRST);
        const recorded = () => interactionsOf(database.db, scene);
        const readByPerson = new Set<number>();
        for (let round = 0; round < ROUNDS; round += 1) {
          const harmed = new Map(
            Array.from({ length: number }, (_, index) => index + 1)
              .filter(() => random.happens(0.5))
              .map((uid) => [uid, random.pick(Object.values(ODDITIES))]),
          );
          scene.proxy.tap(
            changingAnswers((answer) => {
              const uid = Number(/^\* \d+ FETCH \(.*?UID (\d+)/.exec(answer)?.[1]);
              return harmed.get(uid)?.(answer) ?? answer;
            }),
          );
          const report = await tryPoll(database.db, scene);
          note(`round ${round}: ${JSON.stringify(report)}`);
          if (report instanceof Error) throw report;
          expect(report).toMatchObject({ quarantined: 0, duplicates: 0, left: 0, problem: undefined });
          const before = Object.keys(await recorded()).length - report.recorded;
          const open = number - before;
          expect(report.recorded + report.notReady).toBe(open);
          await expectMarked(scene, readByPerson);
          // Of what this poll has found a person reads some: those are recorded all the same.
          const read = Array.from({ length: number }, (_, index) => index + 1).filter(() =>
            random.happens(0.2),
          );
          if (read.length > 0) await acting.read(read.join());
          for (const uid of read) readByPerson.add(uid);
          await deliver(EACH_ROUND);
        }
        const mendedAt = performance.now();
        await pollToEnd(database.db, scene);
        const interactions = await recorded();
        tally({
          messages: number,
          lost: number - Object.keys(interactions).length,
          doubled: Object.values(interactions).filter((count) => count > 1).length,
          untilPollingMs: performance.now() - mendedAt,
        });
        expect(interactions).toEqual(
          Object.fromEntries(Array.from({ length: number }, (_, index) => [`mail ${index + 1}`, 1])),
        );
        expect(await leftOver(database.db, scene)).toEqual(NOTHING_LEFT);
      }),
    );
  },
);

/** Marked is what is recorded, and nothing else but what a person has read. */
async function expectMarked(
  { user, mailbox }: { user: string; mailbox: { name: string } },
  readByPerson: ReadonlySet<number>,
): Promise<void> {
  const receipts = await rows<{ uid: number }>(
    database.db,
    `select r.uid from receipts r join folders f on f.id = r.folder_id join mailboxes m on m.id = f.mailbox_id
     where m.name = ?`,
    [mailbox.name],
  );
  const seen = new Set([...receipts.map(({ uid }) => uid), ...readByPerson]);
  expect(await seenUids(user)).toEqual([...seen].sort((a, b) => a - b));
}
