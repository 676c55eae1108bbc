import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createDatabase, dropDatabase, type TestDatabase } from '../support/database.ts';
import { contentOf } from '../support/imap-client.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { type Evidence, withEvidence } from './evidence.ts';
import { noteFault } from './fault-table.ts';
import { type Fleet, type Member, startFleet } from './fleet.ts';
import { FAULT_MAILBOX } from './history.ts';
import { waitFor } from './log-watch.ts';
import { type MailSource, mailSource } from './mail-source.ts';
import { type Chance, chance } from './random.ts';
import { scaled } from './scaled.ts';
import { assertOnce, readState } from './state.ts';

const BOXES = ['one', 'two'];
const LEASE_MS = 1_000;

/** What comes to the lease: a poll each second, and what a poll takes; `npm test` runs beside other tests. In milliseconds. */
const SLACK_MS = scaled({ short: 15_000, long: 4_000 });

const FAULTS = ['SIGKILL', 'SIGSTOP', 'SIGTERM'] as const;
type Fault = (typeof FAULTS)[number];

const TAKEN_OVER = 'another daemon was not heard of any more, its mailbox is taken over';
const NOTICED = /another daemon has taken the mailbox over|standing by/;

const timeout = scaled({ short: 240_000, long: 3_600_000 });

const SIZES = scaled({
  short: [{ daemons: 2, rounds: 1 }],
  long: [2, 4].map((daemons) => ({ daemons, rounds: 15 })),
});

it.each(SIZES)(
  `$daemons daemons on the same mailboxes, killed, paused and stopped: another takes over (FUZZ_SEED=${SEED})`,
  { timeout },
  ({ daemons, rounds }) =>
    withEvidence(`daemons-${daemons}`, async (evidence) => {
      const database = await createDatabase(`daemons ${daemons}`);
      const fleet = startFleet(database.url, evidence);
      const scene = await begin(database, fleet, evidence, daemons);
      try {
        await assertOneEach(scene);
        const plan = Array.from({ length: rounds }, () => scene.luck.shuffle(FAULTS)).flat();
        for (const fault of plan) await disturb(scene, fault);
        await drain(scene);
        await assertOneEach(scene);
        for (const { running } of scene.members) running.child.kill('SIGTERM');
        for (const { running } of scene.members) expect(await running.finished).toMatchObject({ code: 0 });
        const state = await readState(database.db, {
          mails: scene.sources.flatMap(({ delivered }) => delivered),
        });
        const { messages, lost, doubled } = state;
        await noteFault({
          ...{ fault: `one of ${daemons} daemons killed, paused, stopped`, tried: plan.length },
          ...{ messages, lost, doubled, longestUntilPollingMs: Math.round(scene.longestMs) },
        });
        assertOnce(state);
        for (const [index, source] of scene.sources.entries()) {
          const content = await contentOf(scene.users[index] ?? '');
          expect(content).toHaveLength(source.delivered.length);
          expect(content.filter(({ flags }) => !flags.includes('\\Seen'))).toEqual([]);
        }
      } finally {
        await fleet.close();
        await database.db.destroy();
      }
      await dropDatabase(database.url);
    }),
);

interface Scene {
  readonly database: TestDatabase;
  readonly luck: Chance;
  readonly users: readonly string[];
  readonly sources: readonly MailSource[];
  readonly members: Member[];
  start(): Promise<void>;
  note(text: string): void;
  longestMs: number;
}

async function begin(
  database: TestDatabase,
  fleet: Fleet,
  { note }: Evidence,
  daemons: number,
): Promise<Scene> {
  const users = BOXES.map((box) => `${daemons}-daemons-${box}@example.com`);
  const sections = users.map((user, index) =>
    mailboxSection(user, { ...FAULT_MAILBOX, name: BOXES[index], batch: { messages: 3 } }),
  );
  const members: Member[] = [];
  let started = 0;
  const scene: Scene = {
    ...{ database, users, members, note, luck: chance(SEED), longestMs: 0 },
    sources: users.map((user, index) => mailSource(database.db, user, SEED + index)),
    start: async () => {
      started += 1;
      members.push(await fleet.start(`daemon ${started}`, sections));
    },
  };
  for (let i = 0; i < daemons; i += 1) await scene.start();
  await Promise.all(
    members.map(({ log }) =>
      log.until(({ msg }) => msg === 'poll done' || NOTICED.test(msg), 'a daemon has begun'),
    ),
  );
  return scene;
}

const isPollOf = (box: string) => (line: { msg: string; mailbox?: string }) =>
  line.msg === 'poll done' && line.mailbox === box;

/** While nobody is disturbed, each mailbox is polled by one daemon, again and again, and by no other. */
async function assertOneEach({ members }: Scene): Promise<void> {
  const since = performance.now();
  const polled = (box: string) =>
    members.map(({ log }) => log.lines.filter((line) => line.at > since && isPollOf(box)(line)).length);
  for (const box of BOXES) {
    await waitFor(
      () => (Math.max(...polled(box)) >= 3 ? true : undefined),
      `${box} is polled again and again`,
    );
    expect(polled(box).filter((count) => count > 0)).toHaveLength(1);
  }
}

/** Does something to a daemon that polls while mail is waiting, and sees who goes on. */
async function disturb(scene: Scene, fault: Fault): Promise<void> {
  const { members, luck, sources, note } = scene;
  for (const source of sources) await source.deliver(luck.between(3, 12));
  await sleep(luck.between(0, 1_500));
  const held = await holders(scene);
  const victim = luck.pick(members.filter((each) => held.some(({ holder }) => holder === each.holder())));
  const boxes = held.filter(({ holder }) => holder === victim.holder()).map(({ name }) => name);
  const at = performance.now();
  victim.running.child.kill(fault);
  note(`${fault} to ${victim.name}, which has ${boxes.join(' and ')}`);
  const isBlocking = fault === 'SIGSTOP' && (await isInTransaction(scene));
  const others = members.filter((each) => each !== victim);
  const took = await Promise.all(boxes.map((box) => nextPoll(others, box, at)));
  const longest = Math.max(...took.map((line) => line.at - at));
  note(`polled by another one after ${Math.round(longest)} ms${isBlocking ? ', past a transaction' : ''}`);
  scene.longestMs = Math.max(scene.longestMs, longest);
  expect(longest).toBeLessThan(LEASE_MS + SLACK_MS);
  if (fault === 'SIGTERM') expect(await victim.running.finished).toMatchObject({ code: 0 });
  if (fault === 'SIGSTOP') await goOn(scene, victim, others, boxes, at);
  else await replace(scene, victim);
}

function nextPoll(others: readonly Member[], box: string, at: number) {
  return waitFor(
    () => others.map(({ log }) => log.find(isPollOf(box), at)).find((line) => line !== undefined),
    `${box} is polled by another daemon`,
  );
}

async function replace(scene: Scene, victim: Member): Promise<void> {
  const { members } = scene;
  members.splice(members.indexOf(victim), 1);
  await victim.running.finished;
  await scene.start();
  await members
    .at(-1)
    ?.log.until(({ msg }) => msg === 'poll done' || NOTICED.test(msg), 'the new one has begun');
}

/** The one that was paused goes on, notices that others are at work now, and lets them. */
async function goOn(
  { luck }: Scene,
  victim: Member,
  others: readonly Member[],
  boxes: readonly string[],
  at: number,
): Promise<void> {
  for (const box of boxes) {
    const isTaken = ({ msg, mailbox }: { msg: string; mailbox?: string }) =>
      msg === TAKEN_OVER && mailbox === box;
    expect(others.some(({ log }) => log.find(isTaken, at) !== undefined)).toBe(true);
  }
  await sleep(luck.between(0, LEASE_MS));
  const resumedAt = performance.now();
  victim.running.child.kill('SIGCONT');
  for (const box of boxes) {
    await victim.log.until(
      ({ msg, mailbox }) => mailbox === box && NOTICED.test(msg),
      `the one that was paused notices that ${box} is polled by another one`,
      resumedAt,
    );
  }
}

/** Who has which mailbox. */
function holders({ database }: Scene): Promise<{ name: string; holder: string }[]> {
  return waitFor(async () => {
    const held = await rows<{ name: string; holder: string }>(
      database.db,
      'select name, lease_holder as holder from mailboxes where lease_holder is not null and leased_until > now()',
    );
    return held.length === BOXES.length ? held : undefined;
  }, 'each mailbox is had by a daemon');
}

/** Whether the paused daemon has left a transaction open: others are never idle in one for so long. */
async function isInTransaction({ database }: Scene): Promise<boolean> {
  await sleep(400);
  const found = await rows(
    database.db,
    `select pid from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'
       and state_change < now() - interval '300 milliseconds'`,
  );
  return found.length > 0;
}

async function drain({ database, sources }: Scene): Promise<void> {
  const delivered = sources.reduce((sum, source) => sum + source.delivered.length, 0);
  await waitFor(async () => {
    const marked = await rows(database.db, 'select uid from receipts where processed_at is not null');
    return marked.length === delivered ? true : undefined;
  }, 'all is recorded and marked');
}
