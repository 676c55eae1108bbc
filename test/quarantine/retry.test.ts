import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { Judges } from '../../src/judge/judges.ts';
import { dropEntries } from '../../src/quarantine/drop.ts';
import { retryEntries } from '../../src/quarantine/retry.ts';
import type { Retried } from '../../src/quarantine/retry-entry.ts';
import { TABLES } from '../record/stored-story.ts';
import { useDatabase } from '../support/database.ts';
import { withClient } from '../support/imap-client.ts';
import { mailboxSection, writeConfig } from '../support/mailcase.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';
import { entriesOf, from, makeAnew, receiptsOf, setTrap } from './trap.ts';

const database = useDatabase();
const ANN = { actor: 'Ann Agent', dryRun: false };
const BEN = { actor: 'Ben Agent', dryRun: false };
let users = 0;

beforeEach(async () => {
  await database.db.raw(`truncate ${TABLES} restart identity cascade`);
});

async function configFor(user: string, more: Record<string, unknown> = {}): Promise<Config> {
  const written = await writeConfig({
    database: { url: database.url },
    mailboxes: [mailboxSection(user, more)],
  });
  const { config } = await written.load();
  await written.remove();
  return config;
}

function newUser(): string {
  users += 1;
  return `retry${users}@example.com`;
}

async function retry(config: Config, ids: readonly number[], setting = ANN, by = judges): Promise<Retried[]> {
  const retried: Retried[] = [];
  const log = pino({ level: 'silent' });
  await retryEntries({ db: database.db, config, judges: by, log, ...setting }, ids, (each) =>
    retried.push(each),
  );
  return retried;
}

const pollOf = async ({ mailboxes: [mailbox] }: Config) => {
  if (!mailbox) throw new Error('no mailbox');
  return poll(database.db, mailbox);
};

const interactions = () => rows(database.db, 'select subject from interactions order by id');

describe('at the same moment', () => {
  test('two people try all again: each mail is one interaction, and both are told', async () => {
    const user = newUser();
    const config = await configFor(user);
    const release = await setTrap(database);
    const subjects = ['Trap 1', 'Trap 2', 'Trap 3', 'Trap 4', 'Trap 5', 'Trap 6'];
    await withClient(user, async (client) => {
      for (const subject of subjects) await client.append('INBOX', from(user, subject));
    });
    await pollOf(config);
    await release();
    const ids = [1, 2, 3, 4, 5, 6];
    const [ann, ben] = await Promise.all([retry(config, ids), retry(config, ids, BEN)]);
    expect(await interactions()).toHaveLength(6);
    for (const [index, id] of ids.entries()) {
      const outcomes = [ann[index], ben[index]].map((each) => (each?.id === id ? each.outcome : 'lost'));
      expect(outcomes.sort()).toEqual(['recorded', 'resolved']);
    }
    expect(await entriesOf(database, user)).toMatchObject(
      ids.map(() => ({ resolution: 'recorded', attempts: 2 })),
    );
  });

  test('one retries what another drops: one of the two happens, and the receipt says which', async () => {
    const user = newUser();
    const config = await configFor(user);
    const release = await setTrap(database);
    const ids = [1, 2, 3, 4, 5, 6];
    await withClient(user, async (client) => {
      for (const id of ids) await client.append('INBOX', from(user, `Trap ${id}`));
    });
    await pollOf(config);
    await release();
    const drops = [...ids].reverse().map((id) => dropEntries(database.db, [id], BEN));
    const [retried, ...dropped] = await Promise.all([retry(config, ids), ...drops]);
    const droppedIds = dropped
      .flat()
      .filter(({ outcome }) => outcome === 'dropped')
      .map(({ id }) => id);
    const recordedIds = retried.filter(({ outcome }) => outcome === 'recorded').map(({ id }) => id);
    expect([...droppedIds, ...recordedIds].sort()).toEqual(ids);
    expect(await interactions()).toHaveLength(recordedIds.length);
    const receipts = await receiptsOf(database, user);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(
      ids.map((id) => (droppedIds.includes(id) ? 'skipped' : 'recorded')),
    );
  });

  test('a poll meets the same mail under another UID: it is one interaction', async () => {
    const user = newUser();
    const config = await configFor(user, { folders: ['Shop'], select: 'new', start: 'all' });
    const mails = [1, 2, 3, 4, 5, 6].map((id) => from(user, `Trap ${id}`));
    const release = await setTrap(database);
    await makeAnew(user, 'Shop', mails);
    await pollOf(config);
    await makeAnew(user, 'Shop', mails);
    await release();
    const [retried, report] = await Promise.all([retry(config, [1, 2, 3, 4, 5, 6]), pollOf(config)]);
    expect(report.quarantined).toBe(0);
    expect(report.recorded + report.duplicates).toBe(6);
    expect(retried.every(({ outcome }) => outcome === 'recorded' || outcome === 'duplicate')).toBe(true);
    expect(await interactions()).toHaveLength(6);
    expect(retried.filter(({ outcome }) => outcome === 'recorded').length + report.recorded).toBe(6);
  });
});

test('all numbers have to be there before one is tried', async () => {
  const user = newUser();
  const config = await configFor(user);
  const release = await setTrap(database);
  await withClient(user, (client) => client.append('INBOX', from(user, 'Trap')));
  await pollOf(config);
  await release();
  await expect(retry(config, [1, 99])).rejects.toThrow('there is no entry 99 in quarantine');
  expect(await interactions()).toEqual([]);
});

test('an answer that is retried with what it answers lies in its case, whatever the order of the numbers', async () => {
  const user = newUser();
  const config = await configFor(user);
  const release = await setTrap(database);
  const answer = from(user, 'Trap answer', { 'In-Reply-To': '<question@x.example>' });
  const question = from(user, 'Trap question', { 'Message-ID': '<question@x.example>' });
  await withClient(user, async (client) => {
    await client.append('INBOX', answer, [], new Date('2026-11-09T10:00:00Z'));
    await client.append('INBOX', question, [], new Date('2026-11-09T08:00:00Z'));
  });
  await pollOf(config);
  await release();
  await retry(config, [1, 2]);
  expect(await rows(database.db, 'select count(distinct case_id) as cases from interactions')).toEqual([
    { cases: 1 },
  ]);
});

test('what was known of From when it came is kept; the twin of what was dropped is skipped', async () => {
  const user = newUser();
  const config = await configFor(user);
  const release = await setTrap(database);
  const twin = from(user, 'Trap twin');
  await withClient(user, async (client) => {
    for (const each of [from(user, 'Trap forged'), twin, twin]) await client.append('INBOX', each);
  });
  await pollOf(config);
  await database.db.raw(`update quarantine set sender_auth = 'fail' where id = 1`);
  await release();
  await dropEntries(database.db, [2], BEN);
  expect(await retry(config, [1, 3])).toMatchObject([
    { id: 1, outcome: 'recorded' },
    { id: 3, outcome: 'skipped', interaction_id: null },
  ]);
  expect(await rows(database.db, 'select subject, sender_auth from interactions')).toEqual([
    { subject: 'Trap forged', sender_auth: 'fail' },
  ]);
  expect((await receiptsOf(database, user)).map(({ outcome }) => outcome)).toEqual([
    'recorded',
    'skipped',
    'skipped',
  ]);
});

test('a mail that fails to be read is a failure of the stage parse, in a dry run one that leaves no trace', async () => {
  const user = newUser();
  const config = await configFor(user);
  const release = await setTrap(database);
  await withClient(user, (client) => client.append('INBOX', from(user, 'Trap')));
  await pollOf(config);
  await release();
  const unparsable = 'Subject: x\r\n\r\nplease exit';
  const misbehaving = new Judges(
    { limits: { ...RECORDING.limits, parse_time: 5_000 } },
    new URL('../judge/misbehaving-worker.ts', import.meta.url),
  );
  await database.db.raw(
    'update quarantine set content = ?, sha256 = sha256(?)',
    [unparsable, unparsable].map((each) => Buffer.from(each)),
  );
  const before = await entriesOf(database, user);
  expect(await retry(config, [1], { ...ANN, dryRun: true }, misbehaving)).toMatchObject([
    { outcome: 'failed', stage: 'parse' },
  ]);
  expect(await entriesOf(database, user)).toEqual(before);
  expect(await retry(config, [1], ANN, misbehaving)).toMatchObject([{ outcome: 'failed', stage: 'parse' }]);
  await misbehaving.close();
  expect(await entriesOf(database, user)).toMatchObject([{ stage: 'parse', attempts: 2, resolved_at: null }]);
  expect(await receiptsOf(database, user)).toMatchObject([{ outcome: 'quarantined', has_key: true }]);
});
