import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { Logins } from '../../src/auth/logins.ts';
import { importMail } from '../../src/import-mail.ts';
import { Progress } from '../../src/observe/progress.ts';
import { createOnce, Suspects } from '../../src/poll-context.ts';
import { deliverTo, entriesOf, from, makeAnew, receiptsOf, setTrap, type Trap } from '../quarantine/trap.ts';
import { useDatabase } from '../support/database.ts';
import { contentOf, seenUids, withClient } from '../support/imap-client.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';

const database = useDatabase();

let users = 0;
function newUser(): string {
  users += 1;
  return `quarantine${users}@example.com`;
}

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});

async function trap(options: Trap = {}): Promise<() => Promise<unknown>> {
  const release = await setTrap(database, options);
  undo.push(release);
  return release;
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a mail that the database refuses', () => {
  test.each<[string, number, number[]]>([
    ['one in the middle of 50', 50, [23]],
    ['the first and the last of 50', 50, [0, 49]],
    ['several, side by side and apart', 50, [3, 4, 5, 30, 41]],
    ['one alone', 1, [0]],
    ['all of three, while others could be recorded', 3, [0, 1, 2]],
  ])('%s: it alone is quarantined, the others are recorded, all are marked', async (_, count, traps) => {
    const user = newUser();
    await trap();
    await deliverTo(user, ...range(count).map((n) => (traps.includes(n) ? `Trap ${n}` : `Good ${n}`)));
    expect(await poll(database.db, await loadMailbox(user))).toMatchObject({
      found: count,
      recorded: count - traps.length,
      quarantined: traps.length,
    });
    expect(await seenUids(user)).toEqual(range(count).map((n) => n + 1));
    const receipts = await receiptsOf(database, user);
    const quarantined = receipts.filter(({ outcome }) => outcome === 'quarantined');
    expect(quarantined.map(({ uid }) => uid - 1)).toEqual(traps);
    expect(quarantined.every(({ marked, has_key }) => marked && has_key)).toBe(true);
    for (const entry of await entriesOf(database, user)) {
      expect(entry).toMatchObject({
        ...{ stage: 'store', error: 'the database refused: not this one', attempts: 1, imported: false },
        ...{ trusted: false, trust_reason: 'the mailbox trusts nobody (trust: none)', sender_auth: 'none' },
        ...{ received_at: expect.any(Date), is_whole: true, resolved_at: null },
      });
      expect(entry.size_bytes).toBe((entry.content as Buffer).length);
    }
  });

  test.each([
    ['53100', 'disk_full'],
    ['25006', 'read_only_sql_transaction'],
    ['40001', 'serialization_failure'],
    ['40P01', 'deadlock_detected'],
    ['57014', 'query_canceled'],
    ['XX001', 'data_corrupted'],
  ])('%s, %s: nothing is quarantined or marked, and the next poll records all', async (code) => {
    const user = newUser();
    const release = await trap({ code });
    await deliverTo(user, 'Good 1', 'Trap', 'Good 2');
    const mailbox = await loadMailbox(user);
    await expect(poll(database.db, mailbox)).rejects.toThrow();
    expect(await receiptsOf(database, user)).toEqual([]);
    expect(await seenUids(user)).toEqual([]);
    await release();
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 3, quarantined: 0 });
    expect(await seenUids(user)).toEqual([1, 2, 3]);
  });

  test.each([1, 12])(
    'what refuses every mail is no fault of theirs: %i wait for it to end',
    async (count) => {
      const user = newUser();
      const release = await trap({ when: 'true', message: 'nobody gets in' });
      await deliverTo(user, ...range(count).map((n) => `Waiting ${n}`));
      const mailbox = await loadMailbox(user);
      await expect(poll(database.db, mailbox)).rejects.toMatchObject({
        code: 'recording_broken',
        message: expect.stringMatching(
          /not even one made to try it, .*: the database refused: nobody gets in$/,
        ),
      });
      expect(await receiptsOf(database, user)).toEqual([]);
      expect(await seenUids(user)).toEqual([]);
      await release();
      expect(await poll(database.db, mailbox)).toMatchObject({ recorded: count, quarantined: 0 });
      expect(await rows(database.db, `select * from customers where last_name = 'Control'`)).toEqual([]);
    },
  );

  test('processed: it is never moved or deleted, but goes to set_aside', async () => {
    await trap();
    const [moving, deleting, aside] = [newUser(), newUser(), newUser()];
    const pollOf = async (user: string, processed: object) =>
      poll(database.db, await loadMailbox(user, { name: user.split('@')[0], processed }));
    for (const user of [moving, deleting, aside]) {
      await withClient(user, async (client) => {
        await client.mailboxCreate('Done');
        await client.mailboxCreate('Aside');
      });
      await deliverTo(user, 'Good', 'Trap');
    }
    await pollOf(moving, { flag: '\\Flagged', move: 'Done' });
    expect(await contentOf(moving)).toEqual([{ uid: 2, flags: ['\\Flagged'] }]);
    expect(await contentOf(moving, { path: 'Done' })).toHaveLength(1);
    await pollOf(deleting, { delete: true });
    expect(await contentOf(deleting)).toEqual([{ uid: 2, flags: [] }]);
    await pollOf(aside, { flag: '\\Seen', move: 'Done', set_aside: 'Aside' });
    expect(await contentOf(aside)).toEqual([]);
    expect(await contentOf(aside, { path: 'Aside' })).toEqual([{ uid: 1, flags: ['\\Seen'] }]);
  });
});

test('no secret stands in any column, not in an error that quotes one either', async () => {
  const user = newUser();
  const secret = 'canary-secret-0123456789';
  await trap({ message: `refused: X-Shop-Key: ${secret}, ${Buffer.from(secret).toString('base64')}` });
  await withClient(user, (client) =>
    client.append('INBOX', from(user, 'Trap', { 'X-Shop-Key': secret, 'X-Other': `says ${secret}` })),
  );
  const mailbox = await loadMailbox(user, { trust: { secret: { header: 'X-Shop-Key', value: secret } } });
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  expect(await poll(database.db, mailbox, { log })).toMatchObject({ quarantined: 1 });
  const [entry] = await entriesOf<{ content: Buffer; error: string; trusted: boolean; id: number }>(
    database,
    user,
  );
  expect(entry).toMatchObject({ trusted: true, trust_reason: 'the value of x-shop-key is the right one' });
  expect(entry?.error).toMatch(/^the database refused: refused: X-Shop-Key: \*+/);
  const kept = await rows<{ row: string }>(
    database.db,
    `select concat(to_jsonb(q)::text, encode(q.content, 'escape'), to_jsonb(r)::text) as row
     from quarantine q join receipts r using (folder_id, uid_validity, uid)`,
  );
  const forms = [secret, Buffer.from(secret).toString('base64').slice(4, -4)];
  expect(kept.some(({ row }) => row.includes('X-Shop-Key'))).toBe(true);
  for (const form of forms) for (const { row } of kept) expect(row).not.toContain(form);
  const line = lines.find((each) => each.includes('message quarantined'));
  expect(line).toContain(`mailcase quarantine retry ${entry?.id}`);
  for (const form of forms) expect(line).not.toContain(form);
});

test('UIDVALIDITY changes while it waits: its entry moves on, and no second one is made', async () => {
  const user = newUser();
  const release = await trap();
  const mails = [from(user, 'Trap A'), from(user, 'Trap B'), from(user, 'Good')];
  const mailbox = await loadMailbox(user, { folders: ['Shop'], select: 'new', start: 'all' });
  await makeAnew(user, 'Shop', mails);
  expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, quarantined: 2 });
  const before = await entriesOf(database, user);
  await makeAnew(user, 'Shop', [mails[2] ?? '', mails[0] ?? '', mails[1] ?? '']);
  expect(await poll(database.db, mailbox)).toMatchObject({ duplicates: 1, quarantined: 2 });
  const after = await entriesOf(database, user);
  expect(after.map(({ id, uid, attempts }) => ({ id, uid, attempts }))).toEqual(
    before.map(({ id }, index) => ({ id, uid: index + 2, attempts: 2 })),
  );
  expect(after[0]?.uid_validity).not.toBe(before[0]?.uid_validity);
  await release();
});

test('two that have the very same bytes are two entries as long as both lie there', async () => {
  const user = newUser();
  await trap();
  const twin = from(user, 'Trap twin');
  await withClient(user, async (client) => {
    await client.append('INBOX', twin);
    await client.append('INBOX', twin);
  });
  expect(await poll(database.db, await loadMailbox(user))).toMatchObject({ quarantined: 2 });
  expect((await entriesOf(database, user)).map(({ uid }) => uid)).toEqual([1, 2]);
});

test('an import that meets one notes that it was an import', async () => {
  const user = newUser();
  await trap();
  await withClient(user, (client) => client.append('INBOX', from(user, 'Trap old'), ['\\Seen']));
  const never = new AbortController().signal;
  const report = await importMail(
    {
      ...{ db: database.db, mailbox: await loadMailbox(user), recording: RECORDING, judges },
      ...{ log: pino({ level: 'silent' }), once: createOnce(), suspects: new Suspects() },
      logins: new Logins({ config: { token_key: undefined }, db: database.db }),
      ...{ progress: new Progress(), stopping: never, cutting: never },
    },
    { folders: [], since: undefined, until: undefined, limit: undefined, status: 'closed' },
    { onProgress: () => {}, onWaiting: () => {} },
  );
  expect(report).toMatchObject({ recorded: 0, quarantined: 1 });
  expect(await entriesOf(database, user)).toMatchObject([{ imported: true, import_status: 'closed' }]);
  expect(await receiptsOf(database, user)).toMatchObject([{ outcome: 'quarantined', marked: true }]);
});
