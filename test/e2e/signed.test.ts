import { pino } from 'pino';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { Logins } from '../../src/auth/logins.ts';
import type { Config } from '../../src/config/schema.ts';
import { explainInMailbox } from '../../src/explain/in-mailbox.ts';
import { importMail } from '../../src/import-mail.ts';
import { Judges } from '../../src/judge/judges.ts';
import { Progress } from '../../src/observe/progress.ts';
import { createOnce, Suspects } from '../../src/poll-context.ts';
import { retryEntries } from '../../src/quarantine/retry.ts';
import type { Incoming } from '../../src/record/incoming.ts';
import { quarantine } from '../../src/record/quarantine.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { newNonce } from '../../src/trust/hmac.ts';
import { entriesOf, makeAnew, setTrap } from '../quarantine/trap.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox, mailboxSection, writeConfig } from '../support/mailcase.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';
import { HMAC, KEY, signed, unixNow } from '../support/signed.ts';

const database = useDatabase();
const server = inject('dovecot');
const TRUSTED = { trust: HMAC, own: ['example.com'] };
const USED = 'its signature was used for another mail already';
let users = 0;

/** A mailbox, and the orders of a customer that no other test has. */
function fresh() {
  users += 1;
  const user = `signed${users}@example.com`;
  const customer = `customer${users}@buyer.example`;
  const order = (
    name: string,
    body = `Order ${name} has left our house.`,
    more: Record<string, string> = {},
  ) =>
    mail(
      {
        ...{ From: 'The Shop <shop@example.com>', To: customer, Subject: `Order ${name}` },
        'x-desk-case-external-id': `${name}-${users}`,
        'x-desk-case-status': 'resolved',
        'x-desk-interaction-direction': 'out',
        ...more,
      },
      body,
    );
  return { user, customer, order, id: (name: string) => `${name}-${users}` };
}

interface ToldRow {
  readonly subject: string;
  readonly trusted: boolean;
  readonly direction: string;
  readonly external_id: string | null;
  readonly status: string;
  readonly why: string | null;
}

/** What lies in a mailbox, in the order in which it was recorded. */
const told = (user: string) =>
  rows<ToldRow>(
    database.db,
    `select i.subject, i.trusted, i.direction, c.external_id, c.status,
       (select d ->> 'why' from jsonb_array_elements(x.directives -> 'decided') d where d ->> 'what' = 'trust') as why
     from interactions i join cases c on c.id = i.case_id join folders f on f.id = i.folder_id
       join interaction_contents x on x.interaction_id = i.id
     where f.account = ? order by i.id`,
    [`${user}@127.0.0.1`],
  );

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});

const NONCE_PATTERN = /\bn=([^;]+)/;
const nonceIn = (source: string) => NONCE_PATTERN.exec(source)?.[1] ?? '';
const signatureLine = (source: string) => source.slice(0, source.indexOf('\r\n') + 2);

describe('a signed blind copy', () => {
  test('is trusted once: sent again with another text it is ordinary mail, and says why', async () => {
    const { user, order, id } = fresh();
    const mailbox = await loadMailbox(user, TRUSTED);
    const first = signed(order('A'));
    const again = `${signatureLine(first)}${order('A', 'Pay to another account.', { To: user, Subject: 'Bill' })}`;
    await deliver(server, user, [first]);
    await poll(database.db, mailbox);
    await deliver(server, user, [again]);
    const { folders } = mailbox;
    const asked = { mailbox, folder: folders[0] as (typeof folders)[number], recording: RECORDING, judges };
    const explained = await explainInMailbox(database.db, asked, 2);
    expect(explained).toMatchObject({ outcome: 'recorded', headers: { applied: [] } });
    expect(explained.decided[0]).toEqual({ what: 'trust', value: null, why: USED });
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, refused: 3 });
    expect(await told(user)).toEqual([
      {
        ...{ subject: 'Order A', trusted: true, direction: 'out', external_id: id('A'), status: 'resolved' },
        why: 'x-mailcase-signature is right, signed with 2026-11',
      },
      // From is own and nobody else is addressed: what the header says of the direction counts no more.
      { subject: 'Bill', trusted: false, direction: 'in', external_id: null, status: 'new', why: USED },
    ]);
    const refused = await rows<{ reason: string }>(
      database.db,
      `select jsonb_array_elements(directives -> 'refused') ->> 'reason' as reason from interaction_contents x
       join interactions i on i.id = x.interaction_id where i.subject = 'Bill'`,
    );
    expect(refused.map(({ reason }) => reason)).toEqual(Array(3).fill(`not trusted: ${USED}`));
    expect(
      await rows(database.db, 'select key_id from used_signatures where nonce = ?', [nonceIn(first)]),
    ).toEqual([{ key_id: '2026-11' }]);
  });

  test('with one header field changed, or none signed, it is ordinary mail', async () => {
    const { user, order } = fresh();
    const source = signed(order('A'));
    await deliver(server, user, [
      source.replace('status: resolved', 'status: closed'),
      order('B'),
      signed(order('C'), { at: unixNow() - 6 * 86_400 }),
    ]);
    await poll(database.db, await loadMailbox(user, TRUSTED));
    const [changed, unsigned, old] = await told(user);
    expect(changed).toMatchObject({ trusted: false, why: expect.stringContaining('does not fit') });
    expect(unsigned).toMatchObject({ trusted: false, why: 'the mail has no x-mailcase-signature' });
    expect(old).toMatchObject({ trusted: false, why: expect.stringContaining('older than max_age allows') });
    expect(await rows(database.db, 'select from used_signatures where nonce = ?', [nonceIn(source)])).toEqual(
      [],
    );
  });

  test('in two mailboxes is one interaction, whatever field carries the signature in the other', async () => {
    const { user, order } = fresh();
    const other = `other-${user}`;
    const here = await loadMailbox(user, TRUSTED);
    const there = await loadMailbox(other, {
      ...{ name: 'there', own: ['example.com'] },
      trust: { hmac: { header: 'x-desk-signature', keys: [KEY] } },
    });
    const both = new Judges({ ...RECORDING, mailboxes: [here, there] });
    undo.push(() => both.close());
    const source = signed(order('A'));
    // Signed for both: each signature is no part of what the other one signs, nor of the dedupe key.
    const twice = `${signatureLine(signed(order('A'))).replace('x-mailcase-', 'x-desk-')}`;
    await deliver(server, [user, other], [`${twice}${source}`]);
    const more = { judges: both };
    expect(await poll(database.db, here, more)).toMatchObject({ recorded: 1, refused: 0 });
    expect(await poll(database.db, there, more)).toMatchObject({ recorded: 0, duplicates: 1 });
    expect(await told(user)).toMatchObject([{ trusted: true }]);
  });

  test('signed twice is one mail', async () => {
    const { user, order } = fresh();
    const source = order('A');
    await deliver(server, user, [signed(source), signed(source)]);
    expect(await poll(database.db, await loadMailbox(user, TRUSTED))).toMatchObject({
      recorded: 1,
      duplicates: 1,
    });
  });

  test('twice in one batch is one mail; another one with its nonce in that batch is ordinary mail', async () => {
    const { user, order } = fresh();
    const nonce = newNonce();
    const source = signed(order('A'), { nonce });
    await deliver(server, user, [source, signed(order('B'), { nonce }), source, signed(order('C'))]);
    expect(await poll(database.db, await loadMailbox(user, TRUSTED))).toMatchObject({
      recorded: 3,
      duplicates: 1,
    });
    expect(await told(user)).toMatchObject([
      { subject: 'Order A', trusted: true },
      { subject: 'Order B', trusted: false, why: USED, external_id: null },
      { subject: 'Order C', trusted: true },
    ]);
  });

  test('applies its headers to an untrusted copy that came first, and a copy whose nonce is used does not', async () => {
    const { user, order, id } = fresh();
    const mailbox = await loadMailbox(user, TRUSTED);
    const nonce = newNonce();
    const [a, b] = [order('A'), order('B')];
    await deliver(server, user, [a, b]);
    await poll(database.db, mailbox);
    await deliver(server, user, [signed(a, { nonce }), signed(b, { nonce })]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, duplicates: 2 });
    expect(await told(user)).toMatchObject([
      { subject: 'Order A', trusted: true, external_id: id('A'), status: 'resolved' },
      { subject: 'Order B', trusted: false, external_id: null },
    ]);
  });

  test('read again under another UIDVALIDITY is a duplicate, and its nonce its own', async () => {
    const { user, order } = fresh();
    const mailbox = await loadMailbox(user, { ...TRUSTED, folders: ['Shop'], select: 'new', start: 'all' });
    const mails = [signed(order('A')), signed(order('B'))];
    await makeAnew(user, 'Shop', mails);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2 });
    await makeAnew(user, 'Shop', [...mails].reverse());
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, duplicates: 2 });
    expect(await told(user)).toMatchObject([{ trusted: true }, { trusted: true }]);
  });

  test('that is old is trusted in an import: its age goes by when it was received', async () => {
    const { user, order } = fresh();
    const received = new Date('2024-03-01T08:00:00Z');
    const source = signed(order('A'), { at: received.getTime() / 1000 - 60 });
    await withClient(user, (client) => client.append('INBOX', source, ['\\Seen'], received));
    const never = new AbortController().signal;
    const report = await importMail(
      {
        ...{ db: database.db, mailbox: await loadMailbox(user, TRUSTED), recording: RECORDING, judges },
        ...{ log: pino({ level: 'silent' }), once: createOnce(), suspects: new Suspects() },
        logins: new Logins({ config: { token_key: undefined }, db: database.db }),
        ...{ progress: new Progress(), stopping: never, cutting: never },
      },
      { folders: [], since: undefined, until: undefined, limit: undefined, status: 'closed' },
      { onProgress: () => {}, onWaiting: () => {} },
    );
    expect(report).toMatchObject({ recorded: 1 });
    expect(await told(user)).toMatchObject([{ trusted: true, status: 'resolved' }]);
  });

  test('trusted by a secret as well is trusted whoever has its nonce', async () => {
    const { user, order } = fresh();
    const secret = { header: 'x-our-secret', value: 'a-secret-of-the-shop' };
    const nonce = newNonce();
    const withSecret = (source: string) => `x-our-secret: ${secret.value}\r\n${source}`;
    await deliver(server, user, [
      withSecret(signed(order('A'), { nonce })),
      withSecret(signed(order('B'), { nonce })),
      signed(order('C'), { nonce }),
    ]);
    await poll(database.db, await loadMailbox(user, { trust: { ...HMAC, secret }, own: ['example.com'] }));
    expect(await told(user)).toMatchObject([
      { subject: 'Order A', trusted: true, why: 'the value of x-our-secret is the right one' },
      { subject: 'Order B', trusted: true },
      // The first one used it, though it did not need it.
      { subject: 'Order C', trusted: false, why: USED },
    ]);
  });
});

/** Reads mail as if it lay in a mailbox that was polled, and records nothing. */
async function readerOf(user: string): Promise<(source: string, uid: number) => Promise<Incoming>> {
  const mailbox = await loadMailbox(user, TRUSTED);
  await poll(database.db, mailbox);
  const [folder] = await rows<{ id: number; uid_validity: number }>(
    database.db,
    'select id, uid_validity from folders where account = ?',
    [`${user}@127.0.0.1`],
  );
  const place = { folderId: folder?.id ?? 0, uidValidity: folder?.uid_validity ?? 0 };
  const judge = judges.judgeFor(mailbox, { path: 'INBOX', role: 'inbox' }, RECORDING);
  return async (text, uid) => {
    const source = Buffer.from(text);
    const fetched = { uid, sizeBytes: source.length, receivedAt: new Date(), source };
    return (await judge(place, fetched)) as Incoming;
  };
}

describe('a signed mail in quarantine', () => {
  async function configFor(user: string): Promise<Config> {
    const written = await writeConfig({
      database: { url: database.url },
      mailboxes: [mailboxSection(user, TRUSTED)],
    });
    const { config } = await written.load();
    await written.remove();
    return config;
  }

  async function retry(config: Config, id: number) {
    const outcomes: string[] = [];
    const setting = { actor: 'Ann Agent', dryRun: false };
    const retrying = { db: database.db, config, judges, log: pino({ level: 'silent' }), ...setting };
    await retryEntries(retrying, [id], ({ outcome }) => outcomes.push(outcome));
    return outcomes;
  }

  test('keeps its nonce: nobody else can use it, in its batch or later, and it is trusted when it is tried again', async () => {
    const { user, order, id } = fresh();
    const config = await configFor(user);
    const [mailbox] = config.mailboxes;
    if (!mailbox) throw new Error('no mailbox');
    const release = await setTrap(database, { when: `new.subject = 'Order A'` });
    undo.push(release);
    const nonce = newNonce();
    await deliver(server, user, [signed(order('A'), { nonce }), signed(order('B'), { nonce })]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, quarantined: 1 });
    await deliver(server, user, [signed(order('C'), { nonce })]);
    await poll(database.db, mailbox);
    expect(await told(user)).toMatchObject([
      { subject: 'Order B', trusted: false, why: USED },
      { subject: 'Order C', trusted: false, why: USED },
    ]);
    await release();
    const [entry] = await entriesOf<{ id: number; trusted: boolean }>(database, user);
    expect(entry).toMatchObject({ trusted: true, stage: 'store' });
    expect(await retry(config, entry?.id ?? 0)).toEqual(['recorded']);
    expect((await told(user)).at(-1)).toMatchObject({
      ...{ subject: 'Order A', trusted: true, external_id: id('A'), status: 'resolved' },
    });
  });

  test('with the nonce of another mail is quarantined as what it is, and stays so', async () => {
    const { user, order } = fresh();
    const config = await configFor(user);
    const [mailbox] = config.mailboxes;
    if (!mailbox) throw new Error('no mailbox');
    const release = await setTrap(database, { when: `new.subject = 'Order B'` });
    undo.push(release);
    const nonce = newNonce();
    await deliver(server, user, [signed(order('A'), { nonce }), signed(order('B'), { nonce })]);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, quarantined: 1 });
    const [entry] = await entriesOf<{ id: number }>(database, user);
    expect(entry).toMatchObject({ trusted: false, trust_reason: USED });
    await release();
    expect(await retry(config, entry?.id ?? 0)).toEqual(['recorded']);
    expect((await told(user)).at(-1)).toMatchObject({
      subject: 'Order B',
      trusted: false,
      external_id: null,
    });
  });

  test('that cannot be read has it before what stands beside it in its batch, by the order of the mailbox', async () => {
    const { user, order } = fresh();
    const config = await configFor(user);
    const [mailbox] = config.mailboxes;
    if (!mailbox) throw new Error('no mailbox');
    const misbehaving = new Judges(RECORDING, new URL('../judge/misbehaving-worker.ts', import.meta.url));
    undo.push(() => misbehaving.close());
    const [first, second] = [newNonce(), newNonce()];
    await deliver(server, user, [
      signed(order('A', 'please throw'), { nonce: first }),
      signed(order('B'), { nonce: first }),
      signed(order('C'), { nonce: second }),
      signed(order('D', 'please throw'), { nonce: second }),
    ]);
    const report = await poll(database.db, mailbox, { judges: misbehaving });
    expect(report).toMatchObject({ recorded: 2, quarantined: 2 });
    expect(await told(user)).toMatchObject([
      { subject: 'Order B', trusted: false, why: USED },
      { subject: 'Order C', trusted: true },
    ]);
    const entries = await entriesOf<{ id: number }>(database, user);
    expect(entries).toMatchObject([
      { stage: 'parse', trusted: true },
      { stage: 'parse', trusted: false, trust_reason: USED },
    ]);
    for (const { id } of entries) expect(await retry(config, id)).toEqual(['recorded']);
    expect((await told(user)).slice(2)).toMatchObject([
      { subject: 'Order A', trusted: true },
      { subject: 'Order D', trusted: false },
    ]);
  });

  test('that could not be read has it by its bytes, and still does when it can be', async () => {
    const { user, order } = fresh();
    const read = await readerOf(user);
    const nonce = newNonce();
    const a = await read(signed(order('A'), { nonce }), 11);
    const { folder: at, uid, source, isWhole, receivedAt, sizeBytes, trusted, trustWhy, senderAuth } = a;
    const verdict = { trusted, reason: trustWhy, senderAuth, nonces: a.nonces };
    await quarantine(
      database.db,
      {
        ...{ folder: at, uid, source, isWhole, receivedAt, sizeBytes, verdict, dedupeKey: undefined },
        ...{ stage: 'parse', error: 'cannot be parsed' },
      },
      { flood: RECORDING.flood },
    );
    const again = await read(signed(order('B'), { nonce }), 12);
    await recordTogether(database.db, [again, { ...a, uid: 13 }], { flood: RECORDING.flood });
    expect(await told(user)).toMatchObject([
      { subject: 'Order B', trusted: false, why: USED },
      { subject: 'Order A', trusted: true },
    ]);
  });
});

test('two daemons at once: of two mails with one nonce, one is trusted', async () => {
  const { user, order } = fresh();
  const read = await readerOf(user);
  const nonces = Array.from({ length: 20 }, newNonce);
  const batchOf = (side: number, inOrder: readonly string[]) =>
    Promise.all(
      inOrder.map((nonce, index) => read(signed(order(`${side}${nonce}`), { nonce }), 1_000 * side + index)),
    );
  const [left, right] = [await batchOf(1, nonces), await batchOf(2, [...nonces].reverse())];
  const policy = { flood: RECORDING.flood };
  const results = await Promise.all([
    ...left.map((each) => recordTogether(database.db, [each], policy)),
    recordTogether(database.db, right, policy),
  ]);
  expect(results.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(2 * nonces.length);
  const all = await told(user);
  for (const nonce of nonces) {
    const pair = all.filter(({ subject }) => subject.endsWith(nonce));
    expect(pair.map(({ trusted }) => trusted).sort()).toEqual([false, true]);
    expect(pair.find(({ trusted }) => !trusted)?.external_id).toBeNull();
  }
});
