import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { claim, dropEntries as forgetAlarms, readEntries, settle, writeEntry } from '../../src/alert/book.ts';
import { readTokens, storeLogin, storeRenewed } from '../../src/auth/token-store.ts';
import { lookAtDatabase } from '../../src/check/database.ts';
import { databaseFindings } from '../../src/check/database-findings.ts';
import {
  ALERT_RIGHTS,
  grantsFor,
  HAND_RIGHTS,
  LOGIN_RIGHTS,
  type MissingRight,
} from '../../src/check/rights.ts';
import { connectDatabase, type Database } from '../../src/db/connect.ts';
import { assertSchemaCurrent } from '../../src/db/migrate.ts';
import { type Act, perform } from '../../src/desk/act.ts';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { mergeCustomers } from '../../src/desk/merge-customers.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { setCase } from '../../src/desk/set-case.ts';
import { errorMessage, MailcaseError } from '../../src/errors.ts';
import { findAttachment } from '../../src/history/attachment.ts';
import { readCase } from '../../src/history/case.ts';
import { readCustomerHistory } from '../../src/history/customer.ts';
import { dropEntries } from '../../src/quarantine/drop.ts';
import { findEntry, listEntries } from '../../src/quarantine/entries.ts';
import { retryEntries } from '../../src/quarantine/retry.ts';
import type { Retried } from '../../src/quarantine/retry-entry.ts';
import { quarantine } from '../../src/record/quarantine.ts';
import { unrecordable } from '../../src/record/record-batch.ts';
import { replay } from '../../src/replay/replay.ts';
import { ANN, deskOn } from '../desk/desk.ts';
import { incoming } from '../record/story.ts';
import { ALL, configOfToday } from '../replay/replaying.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox, mailboxSection, writeConfig } from '../support/mailcase.ts';
import { judges, poll, RECORDING, rows } from '../support/poll.ts';
import { HMAC, signed } from '../support/signed.ts';
import { grantsOf, OF_THE_DAEMON, type TableRight, withRole } from './role.ts';

const database = useDatabase();
const server = inject('dovecot');
const desk = deskOn(database);

/** What a check says of the database, without what it holds. */
async function look(url: string) {
  const { looked, db, close } = await lookAtDatabase({ url, pool: 3 });
  await close();
  const findings = databaseFindings(looked, 'host/db').filter(({ code }) => !code.startsWith('quarantine'));
  return {
    findings,
    codes: findings.map(({ level, code }) => `${level} ${code}`),
    isReadable: db !== undefined,
  };
}

const FINE = ['ok database_reached', 'ok schema_current', 'ok rights_complete'];

async function withRights<T>(without: readonly TableRight[], work: (db: Database) => Promise<T>): Promise<T> {
  return withRole(
    database,
    (role) => grantsOf(role, without),
    async (url) => {
      const db = connectDatabase(url, 3);
      try {
        return await work(db);
      } finally {
        await db.destroy();
      }
    },
  );
}

// A constraint of the operator's own stands in for a defect of ours: it brings mail into quarantine.
beforeAll(() => database.db.raw("alter table interactions add constraint no_trap check (subject <> 'trap')"));

let mailboxes = 0;

/** Polls a mailbox with whatever comes, and says what became of it. */
async function record(db: Database): Promise<object> {
  await assertSchemaCurrent(db);
  mailboxes += 1;
  const user = `rights-${mailboxes}@example.com`;
  const tag = `m${mailboxes}`;
  const from = (name: string) => ({ From: `${name}@${tag}.example`, To: user, Subject: name });
  const inCase = { 'x-desk-case-external-id': `A-${tag}` };
  await deliver(server, user, [
    mail(from('late')),
    mail(from('plain')),
    mail({ ...from('large'), 'Message-ID': `<large@${tag}>` }, `${'x'.repeat(98)}\r\n`.repeat(60_000)),
    mail({ ...from('answer'), References: `<large@${tag}>` }),
    mail(
      { ...from('photo'), 'MIME-Version': '1.0', 'Content-Type': 'image/png; name=a.png' },
      'not really one',
    ),
    mail({ ...from('case'), ...inCase, 'x-desk-case-status': 'resolved', 'x-desk-customer-company': 'A' }),
  ]);
  const more = { name: tag, message_bytes: '7MB', daily_download: '1000MB' };
  const trusting = await loadMailbox(user, { ...more, trust: 'all' });
  // The first mail is not handed out the first time.
  const proxy = await startImapProxy(server, (text) =>
    text.replace(/\* 1 FETCH \([^\r\n]*RFC822\.SIZE[^\r\n]*\r\n/, ''),
  );
  const first = await poll(db, {
    ...trusting,
    imap: { ...trusting.imap, port: proxy.port },
  }).finally(() => proxy.close());
  // What comes later changes what is there: a case, a customer, and by a copy the interaction itself.
  const copy = mail({
    ...from('copy'),
    ...{ 'Message-ID': `<copy@${tag}>`, To: `${user}, joe@${tag}.example` },
    'x-desk-customer-email': `joe@${tag}.example`,
    'x-desk-interaction-direction': 'out',
  });
  await deliver(server, user, [
    mail({ ...from('case'), ...inCase, 'x-desk-case-labels': 'vip', 'x-desk-customer-phone': '1' }),
    mail(from('beyond'), `${'y'.repeat(98)}\r\n`.repeat(75_000)),
    mail(from('trap'), `${'z'.repeat(98)}\r\n`.repeat(60_000)),
    copy,
    signed(mail(from('signed'))),
  ]);
  const second = await poll(db, await loadMailbox(user, { ...more, trust: HMAC }));
  await deliver(server, user, [copy]);
  const third = await poll(db, trusting);
  const [copied] = await rows(
    database.db,
    `select trusted, direction from interactions where message_id = 'copy@${tag}'`,
  );
  const counts = [first, second, third].map(({ recorded, duplicates, quarantined }) =>
    [recorded, duplicates, quarantined].join('/'),
  );
  return { counts, copied };
}

const RECORDED = { counts: ['5/0/0', '5/0/1', '0/1/0'], copied: { trusted: true, direction: 'out' } };

describe('what the daemon needs', () => {
  it('is what is asked for: with exactly these rights, all is well and whatever comes is recorded', async () => {
    const ofHands = HAND_RIGHTS.map(({ table, right }) => ({ table, right }));
    await withRights(ofHands, async (db) => expect(await record(db)).toEqual(RECORDED));
  });

  it.each(OF_THE_DAEMON)('has $right on $table: without it, recording fails', async (right) => {
    await withRights([right], async (db) => {
      const failure = await record(db).then(() => undefined, errorMessage);
      // Where migrations cannot be read, none is taken for applied.
      expect(failure).toMatch(
        right.table === 'schema_migrations'
          ? /lacks \d+ of mailcase's migrations/
          : `permission denied for table ${right.table}`,
      );
    });
  });

  it.each(OF_THE_DAEMON)(
    'a missing $right on $table is a problem, with the GRANT that mends it',
    async ({ table, right }) => {
      await withRole(
        database,
        (role) => grantsOf(role, [{ table, right }]),
        async (url, role) => {
          const { findings, isReadable } = await look(url);
          expect(findings.find(({ code }) => code === 'rights_missing')).toMatchObject({
            level: 'problem',
            message: expect.stringContaining(`on ${table}`),
            details: [`grant ${right} on ${table} to ${role};`],
          });
          expect(isReadable).toBe(right !== 'select');
          await database.db.raw(`grant ${right} on ${table} to ${role}`);
          expect((await look(url)).codes).toEqual(FINE);
        },
      );
    },
  );

  it('a role without any: everything is named, and no table is taken for missing', async () => {
    await withRole(
      database,
      () => [],
      async (url, role) => {
        const { findings, codes, isReadable } = await look(url);
        expect(codes).toEqual([
          'ok database_reached',
          'problem rights_missing',
          'warning rights_missing_by_hand',
        ]);
        expect(isReadable).toBe(false);
        const mending = findings.flatMap(({ details }) => details);
        expect(mending.join('\n')).toContain('grant usage on sequence');
        expect(mending.every((grant) => grant.endsWith(` to ${role};`))).toBe(true);
        for (const grant of mending) await database.db.raw(grant);
        expect((await look(url)).codes).toEqual(FINE);
      },
    );
  });
});

describe('what stored logins need', () => {
  const binding = {
    ...{ mailbox: 'rights', clientId: 'app', imapUser: 'u@example.com' },
    tokenUrl: 'https://login.example.com/token',
  };
  const keys = [randomBytes(32)];
  const tokens = {
    ...{ refreshToken: 'refresh-1', accessToken: 'access-1', isSameRefreshToken: false },
    ...{ endsInMs: 1_000, renewInMs: 500, refreshLivesMs: undefined },
  };

  /** What `login` does, and what a renewal does. */
  async function store(db: Database): Promise<void> {
    await storeLogin(db, keys, binding, tokens);
    await db.transaction(async (trx) => {
      const stored = await readTokens(trx, keys, binding, { forUpdate: true });
      expect(await storeRenewed(trx, keys, binding, stored?.generation ?? 0, tokens)).toBe(true);
    });
  }

  it('is nothing where there is none', async () => {
    await withRole(
      database,
      (role) => grantsOf(role),
      async (url) => expect((await look(url)).codes).toEqual(FINE),
    );
  });

  it('is asked for where there is one, and is enough', async () => {
    await withRole(
      database,
      (role) => grantsOf(role),
      async (url) => {
        const { looked, close } = await lookAtDatabase({ url, pool: 3 }, LOGIN_RIGHTS);
        await close();
        const found = databaseFindings(looked, 'host/db').filter(({ code }) => code.startsWith('rights_'));
        expect(found.map(({ level, code }) => `${level} ${code}`)).toEqual([
          'problem rights_missing',
          'warning rights_missing_by_hand',
        ]);
        for (const grant of found.flatMap(({ details }) => details)) await database.db.raw(grant);
        const db = connectDatabase(url, 2);
        await store(db).finally(() => db.destroy());
      },
    );
  });

  it.each(LOGIN_RIGHTS)('has $right: without it, that fails', async ({ table, right }) => {
    await withRole(
      database,
      (role) => [
        ...grantsOf(role),
        ...LOGIN_RIGHTS.filter((each) => each.right !== right).map(
          (each) => `grant ${each.right} on ${each.table} to ${role}`,
        ),
      ],
      async (url) => {
        const db = connectDatabase(url, 2);
        const failure = await store(db).then(() => undefined, errorMessage);
        await db.destroy();
        expect(failure).toContain(`permission denied for table ${table}`);
      },
    );
  });
});

describe('what people need by hand', () => {
  const mails = [
    { From: 'Ann Asker <ann@asker.example>', 'x-desk-customer-external-id': 'C-1' },
    { From: 'ann@home.example' },
    { From: 'joe@customer.example' },
    {
      ...{ From: 'joe@customer.example', Subject: 'again' },
      ...{ 'x-desk-customer-company': 'One', 'x-shop-customer-company': 'Two' },
    },
  ];
  const acts: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
    history: (db) =>
      readCustomerHistory(db, 1, { limit: 5, since: undefined, until: undefined, texts: true }),
    case: (db) => readCase(db, 1, { limit: 5, texts: true, why: true }),
    attachment: (db) => findAttachment(db, 1).then((found) => found ?? 'none'),
    'case set': by((act) =>
      setCase(
        act,
        { id: 3 },
        {
          ...{ status: 'pending', priority: 3, customer: { address: 'ann@home.example' } },
          ...{ labels: [{ how: 'add', labels: ['vip'] }], custom_fields: new Map([['a', 'b']]) },
        },
      ),
    ),
    'case move': by((act) => moveInteraction(act, 3, 4, () => false)),
    'case move to a new one': by((act) => moveInteraction(act, 2, 'new', () => false)),
    'case merge': by((act) => mergeCases(act, 3, 4)),
    'quarantine list': (db) => listEntries(db, { mailbox: 'support', all: true, limit: 5 }),
    'quarantine show': (db) => findEntry(db, 1),
    'quarantine retry': (db) => retry(db),
    'quarantine drop': (db) => dropEntries(db, [1], ANN),
    'customer merge': by((act) => mergeCustomers(act, { id: 1 }, { id: 2 })),
    replay: (db) => replayAll(db),
  };

  /** By headers that count since. */
  const replayAll = async (db: Database) => {
    const config = await configOfToday();
    const report = await replay(
      { db, config, judges, stopping: new AbortController().signal },
      { ...ALL, apply: true },
      { onProgress: () => {}, onWaiting: () => {} },
    );
    expect(report.changed).toBe(1);
    return report;
  };

  /** Needs nothing that the daemon does not, so HAND_RIGHTS does not name it. */
  const retry = async (db: Database) => {
    const written = await writeConfig({
      database: { url: database.url },
      mailboxes: [mailboxSection('nobody@example.com')],
    });
    const { config } = await written.load();
    await written.remove();
    const retried: Retried[] = [];
    const log = pino({ level: 'silent' });
    await retryEntries({ db, config, judges, log, ...ANN }, [1], (each) => retried.push(each));
    expect(retried).toMatchObject([{ outcome: 'recorded' }]);
    return retried;
  };

  function by(work: (act: Act) => Promise<unknown>) {
    return (db: Database) =>
      perform(db, ANN, async (act) => {
        await work(act);
      });
  }

  beforeEach(async () => {
    await desk.clear();
    await desk.record(mails);
    const aside = await incoming({ From: 'odd@one.example' });
    const failed = new MailcaseError('message_unrecordable', 'cannot be decided');
    await quarantine(database.db, unrecordable(aside, failed), { flood: RECORDING.flood });
  });

  it.each(Object.keys(acts))('is what is asked for: with exactly these rights, %s goes', async (name) => {
    await withRights([], async (db) => expect(await acts[name]?.(db)).toBeDefined());
  });

  it.each(
    HAND_RIGHTS.flatMap(({ table, right, commands }) =>
      commands.map((command) => ({ table, right, command })),
    ),
  )('has $right on $table: without it, $command fails', async ({ table, right, command }) => {
    await withRights([{ table, right }], async (db) => {
      await expect(acts[command]?.(db)).rejects.toThrow(`permission denied for table ${table}`);
    });
  });

  it.each(HAND_RIGHTS)(
    'a missing $right on $table is a warning, says for what, and has the GRANT that mends it',
    async ({ table, right, commands }) => {
      await withRole(
        database,
        (role) => grantsOf(role, [{ table, right }]),
        async (url, role) => {
          const { findings, codes, isReadable } = await look(url);
          expect(codes).toEqual([...FINE.slice(0, 2), 'warning rights_missing_by_hand']);
          expect(isReadable).toBe(true);
          const finding = findings[2];
          for (const command of commands) expect(finding?.message).toContain(`\`mailcase ${command}\``);
          expect(finding?.message).toContain(`on ${table}; polls and imports do without`);
          expect(finding?.details).toEqual([`grant ${right} on ${table} to ${role};`]);
        },
      );
    },
  );
});

const FOR_ALL = { commands: null };

it.each<[string, MissingRight[], string[]]>([
  ['nothing', [], []],
  [
    'tables that lack the same, together',
    [
      { ...FOR_ALL, kind: 'table', on: 'cases', right: 'insert' },
      { ...FOR_ALL, kind: 'table', on: 'cases', right: 'update' },
      { ...FOR_ALL, kind: 'table', on: 'customers', right: 'insert' },
      { ...FOR_ALL, kind: 'table', on: 'customers', right: 'update' },
      { ...FOR_ALL, kind: 'table', on: 'receipts', right: 'select' },
    ],
    ['grant insert, update on cases, customers to "a b";', 'grant select on receipts to "a b";'],
  ],
  [
    'a sequence and the database',
    [
      { ...FOR_ALL, kind: 'sequence', on: 'public.cases_id_seq', right: 'usage' },
      { ...FOR_ALL, kind: 'database', on: 'm', right: 'temporary' },
    ],
    ['grant usage on sequence public.cases_id_seq to "a b";', 'grant temporary on database m to "a b";'],
  ],
])('grants: %s', (_, missing, expected) => {
  expect(grantsFor(missing, '"a b"')).toEqual(expected);
});

describe('what alarms need', () => {
  const state = {
    ...{ since: Date.now(), why: 'refused', details: {}, isTold: false, failures: 0 },
    ...{ lastSentAt: undefined, notBefore: undefined },
  };
  const key = { mailbox: 'rights', condition: 'stale' } as const;

  /** An alarm from its beginning to the end. */
  async function ring(db: Database): Promise<void> {
    await writeEntry(db, { ...key, state }, false);
    const [entry] = await readEntries(db, [key.mailbox]);
    expect(await claim(db, { ...key, claims: entry?.claims ?? -1 }, 1_000)).toBe(true);
    await settle(db, { ...key, state: { ...state, isTold: true } }, true);
    await forgetAlarms(db, [key]);
  }

  const grants = (role: string, rights: readonly { right: string; table: string }[]) => [
    ...grantsOf(role),
    ...rights.map(({ right, table }) => `grant ${right} on ${table} to ${role}`),
  ];

  it('is asked for where somebody is told, and is enough', async () => {
    await withRole(database, grantsOf, async (url) => {
      const { looked, close } = await lookAtDatabase({ url, pool: 3 }, ALERT_RIGHTS);
      await close();
      const found = databaseFindings(looked, 'host/db').filter(({ code }) => code.startsWith('rights_'));
      expect(found.map(({ level, code }) => `${level} ${code}`)).toEqual(['problem rights_missing']);
      for (const grant of found.flatMap(({ details }) => details)) await database.db.raw(grant);
      const db = connectDatabase(url, 2);
      await ring(db).finally(() => db.destroy());
    });
  });

  it.each(ALERT_RIGHTS)('has $right: without it, that fails', async ({ right }) => {
    const others = ALERT_RIGHTS.filter((each) => each.right !== right);
    await withRole(
      database,
      (role) => grants(role, others),
      async (url) => {
        const db = connectDatabase(url, 2);
        const failure = await ring(db).then(() => undefined, errorMessage);
        await db.destroy();
        expect(failure).toContain('permission denied for table alerts');
      },
    );
  });
});
