import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type CheckReport, check } from '../../src/check/check.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { withClient } from '../support/imap-client.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox, mailboxSection, writeConfig } from '../support/mailcase.ts';
import { poll } from '../support/poll.ts';
import { dumpOf, flagsOf } from '../support/untouched.ts';

const database = useDatabase();
const shared = inject('dovecot');

interface Options {
  readonly url?: string;
  readonly sample?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Checks mailboxes as the command does. */
async function checkAll(mailboxes: Record<string, unknown>[], options: Options = {}): Promise<CheckReport> {
  const written = await writeConfig({ database: { url: options.url ?? database.url }, mailboxes });
  const { config, file } = await written.load();
  await written.remove();
  const { sample, onProgress = () => {} } = options;
  return check({ config, file, mailboxes: config.mailboxes, sample, onProgress });
}

const checkOne = (user: string, more: Record<string, unknown> = {}, options: Options = {}) =>
  checkAll([mailboxSection(user, more)], options);

/** Commands of IMAP that leave a mailbox as it is. */
const HARMLESS = new Set([
  ...['CAPABILITY', 'ID', 'NAMESPACE', 'ENABLE', 'LOGIN', 'AUTHENTICATE', 'NOOP', 'LOGOUT'],
  ...['LIST', 'LSUB', 'STATUS', 'EXAMINE', 'SELECT', 'UID SEARCH', 'UID FETCH'],
]);

const isOpening = (name: string) => name === 'EXAMINE' || name === 'SELECT';

/** What a check, with a sample, says to the server. */
async function commandsOf(user: string, more: Record<string, unknown>) {
  let said = '';
  const proxy = await startImapProxy(
    shared,
    (text) => text,
    (text) => {
      said += text;
    },
  );
  try {
    await checkOne(user, { ...more, imap: { port: proxy.port } }, { sample: 5 });
  } finally {
    await proxy.close();
  }
  const lines = said.matchAll(/^[0-9A-Z]+ ((?:UID )?[A-Z]+)(.*)\r$/gm);
  return [...lines].map(([, name = '', rest = '']) => ({ name, rest }));
}

const findings = (report: CheckReport, code: string, section?: string) =>
  report.findings.filter((each) => each.code === code && (section ?? each.section) === each.section);

const only = (report: CheckReport, code: string) => {
  const found = findings(report, code);
  expect(found, code).toHaveLength(1);
  return found[0];
};

const from = (name: string, user: string, more: Record<string, string> = {}) =>
  mail({ From: `${name}@customer.example`, To: user, Subject: name, ...more });

describe('a mailbox is looked at', () => {
  it('without changing anything, and what waits is what the next poll takes', async () => {
    const user = 'check-waits@example.com';
    await deliver(
      shared,
      user,
      ['a', 'b', 'c', 'd', 'e'].map((name) => from(name, user)),
    );
    const mailbox = await loadMailbox(user, { processed: { flag: '\\Flagged' } });
    await withClient(user, async (client) => {
      await client.messageFlagsAdd('2', ['\\Seen'], { uid: true });
      await client.messageFlagsAdd('3', ['\\Deleted'], { uid: true });
      await client.mailboxCreate('Archive');
    });
    // One is recorded, and could not be marked.
    await poll(database.db, { ...mailbox, folders: mailbox.folders });
    await deliver(shared, user, [from('f', user), from('g', user), from('gone', user)]);
    await withClient(user, (client) => client.messageDelete('8', { uid: true }));
    await database.db.raw(`update receipts set processed_at = null where uid = 1`);
    // Another could not be marked either, and is gone since.
    await database.db.raw(`insert into receipts (folder_id, uid_validity, uid, outcome)
      select folder_id, uid_validity, 8, 'skipped' from receipts where uid = 1`);
    const before = [await dumpOf(database.db), await flagsOf(user, ['INBOX', 'Archive'])];

    const report = await checkOne(user, { processed: { flag: '\\Flagged' } }, { sample: 10 });

    expect([await dumpOf(database.db), await flagsOf(user, ['INBOX', 'Archive'])]).toEqual(before);
    expect(report.ok).toBe(true);
    // Polled mail of this mailbox stays unseen, and is not taken again.
    expect(report.mailboxes[0]?.folders[0]).toMatchObject({
      ...{ path: 'INBOX', messages: 7, waiting: 2, left: 1, unmarked: 1, isFirstContact: false },
      plan: 'is recorded, then marked \\Flagged',
    });
    expect(report.mailboxes[0]?.sample).toMatchObject({ read: 7, recorded: 4 });
    expect(only(report, 'last_poll')?.message).toMatch(/no poll went well yet|last polled/);
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 2, markedLate: 1 });
  });

  it('a first contact: what each start would make of it, and what the poll then does', async () => {
    const user = 'check-start@example.com';
    await deliver(
      shared,
      user,
      ['a', 'b', 'c'].map((name) => from(name, user)),
    );
    await withClient(user, async (client) => {
      const old = new Date('2020-02-02T12:00:00Z');
      await client.append('INBOX', from('old', user), [], old);
      await client.append('INBOX', from('older', user), [], new Date('2020-01-01T00:00:00Z'));
    });
    for (const [index, [options, waiting, left, said]] of (
      [
        [{}, 5, 0, /by `start: all`, mail of any age counts/],
        [{ start: 'now' }, 0, 5, /by `start: now`, what comes after the first poll counts/],
        [{ start: '2020-02-02T12:00:00Z' }, 4, 1, /received since 2020-02-02 12:00 UTC counts/],
        [{ start: '2020-02-02T12:00:01Z' }, 3, 2, /counts/],
        [{ select: 'new', start: '2020-01-01' }, 5, 0, /counts/],
        [{ select: 'new', start: 'now' }, 0, 5, /what comes after the first poll/],
      ] as const
    ).entries()) {
      // As shadow mode, no poll takes mail away from the next one.
      const more = { name: `start-${index}`, processed: 'none', ...options };
      const report = await checkOne(user, more);
      const facts = report.mailboxes[0]?.folders[0];
      expect(facts, JSON.stringify(options)).toMatchObject({
        messages: 5,
        waiting,
        left,
        isFirstContact: true,
      });
      expect(only(report, 'never_polled')?.level).toBe('ok');
      expect(only(report, 'folder_read')?.details.join('\n')).toMatch(said);
      const done = await poll(database.db, await loadMailbox(user, more));
      expect(done.recorded + done.duplicates, JSON.stringify(options)).toBe(waiting);
      const after = (await checkOne(user, more)).mailboxes[0]?.folders[0];
      expect(after).toMatchObject({ waiting: 0, left, isFirstContact: false });
    }
  });

  it('unseen mail that is to be selected by UID from now on: what waits is the same as what is polled', async () => {
    const user = 'check-anew@example.com';
    await deliver(shared, user, [from('a', user), from('b', user)]);
    await withClient(user, (client) => client.messageFlagsAdd('1', ['\\Seen'], { uid: true }));
    const unseen = { name: 'anew' };
    await poll(database.db, await loadMailbox(user, unseen));
    await deliver(shared, user, [from('c', user), from('d', user)]);
    const byUid = { ...unseen, select: 'new' };
    const { folders } = (await checkOne(user, byUid)).mailboxes[0] ?? { folders: [] };
    expect(folders[0]).toMatchObject({ waiting: 2, left: 1 });
    expect(await poll(database.db, await loadMailbox(user, byUid))).toMatchObject({ recorded: 2 });
  });

  it('by commands alone that change nothing: no STORE, no CLOSE, no EXPUNGE, and no body is fetched', async () => {
    const user = 'check-commands@example.com';
    await deliver(shared, user, [from('a', user), from('b', user)]);
    await withClient(user, (client) => client.messageFlagsAdd('1', ['\\Deleted'], { uid: true }));
    const processed = { flag: '\\Seen', move: 'Nowhere', set_aside: 'Aside' };
    const commands = await commandsOf(user, { processed });
    const names = new Set(commands.map(({ name }) => name));
    expect([...names].filter((name) => !HARMLESS.has(name))).toEqual([]);
    for (const name of ['EXAMINE', 'SELECT', 'UID SEARCH', 'UID FETCH', 'STATUS', 'LOGOUT'])
      expect(names).toContain(name);
    const fetches = commands.filter(({ name }) => name === 'UID FETCH').map(({ rest }) => rest);
    expect(fetches.some((items) => items.includes('BODY.PEEK[HEADER]'))).toBe(true);
    for (const items of fetches) expect(items).not.toMatch(/BODY\[|BODY\.PEEK\[\]|RFC822(?!\.SIZE)/);
    // What it reads, it reads under EXAMINE; under SELECT it looks only at what the folder can keep.
    const reading = commands
      .filter(({ name }) => /^(EXAMINE|SELECT|UID )/.test(name))
      .map(({ name }) => name);
    for (const [index, name] of reading.entries()) {
      if (name.startsWith('UID ')) expect(reading.slice(0, index).findLast(isOpening)).toBe('EXAMINE');
    }
    const shadow = await commandsOf(user, { processed: 'none' });
    expect(shadow.map(({ name }) => name)).not.toContain('SELECT');
    expect((await flagsOf(user)).match(/Deleted/g)).toHaveLength(1);
  });

  it('a folder that is not there: those that are, and the others all the same', async () => {
    const user = 'check-missing@example.com';
    await deliver(shared, user, [from('a', user)]);
    const report = await checkOne(user, { folders: ['Nope', 'INBOX'] });
    expect(report.ok).toBe(false);
    expect(only(report, 'folder_missing')).toMatchObject({
      level: 'problem',
      message: expect.stringMatching(/^the folder Nope cannot be opened: .*Nope/),
      cure: expect.stringContaining('INBOX'),
    });
    expect(report.mailboxes[0]).toMatchObject({ missingFolders: ['Nope'], folders: [{ waiting: 1 }] });
  });

  it('what the server cannot do of `processed`', async () => {
    const user = 'check-impossible@example.com';
    await deliver(shared, user, [from('a', user)]);
    const before = await flagsOf(user);
    const report = await checkOne(user, { processed: { flag: '\\Seen', move: 'Done' } });
    expect(report.ok).toBe(true);
    expect(only(report, 'marking_impossible')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('processed.move says: there is no folder Done'),
      cure: expect.stringContaining('make it'),
    });
    expect(report.mailboxes[0]?.folders[0]?.plan).toBe('is recorded, then marked \\Seen');
    await withClient(user, (client) => client.mailboxCreate('Done'));
    const now = await checkOne(user, { processed: { flag: '\\Seen', move: 'Done' } });
    expect(findings(now, 'marking_impossible')).toEqual([]);
    expect(now.mailboxes[0]?.folders[0]?.plan).toBe('is recorded, then marked \\Seen and moved to Done');
    expect(await flagsOf(user)).toBe(before);
  });

  it('shadow mode and sent folders stay as they are', async () => {
    const user = 'check-sent@example.com';
    await deliver(shared, user, [from('a', user)]);
    await withClient(user, async (client) => {
      await client.mailboxCreate('Sent');
      await client.append('Sent', mail({ From: 'Anna <anna@shop.example>', To: 'joe@customer.example' }), [
        '\\Seen',
      ]);
    });
    const unread = await checkOne(user, { processed: 'none' }, { sample: 10 });
    expect(only(unread, 'sent_folder_unread')).toMatchObject({
      level: 'warning',
      cure: 'add `{path: "Sent", role: sent}` to `folders`',
    });
    expect(unread.mailboxes[0]?.folders[0]?.plan).toContain('processed: none');
    expect(only(unread, 'own_incomplete')?.details).toContain('shop.example: From of 1 sent mail');

    const folders = ['INBOX', { path: 'Sent', role: 'sent' }];
    const read = await checkOne(user, { folders, own: ['shop.example'] }, { sample: 10 });
    expect(findings(read, 'sent_folder_unread')).toEqual([]);
    expect(read.mailboxes[0]?.folders[1]).toMatchObject({ role: 'sent', select: 'new', waiting: 0, left: 1 });
    expect(read.mailboxes[0]?.folders[1]?.plan).toContain('outbound');
    expect(read.mailboxes[0]?.sample?.read).toBe(1);

    const wrong = await checkOne(user, { folders: ['INBOX', 'Sent'] });
    expect(only(wrong, 'sent_as_inbox')?.cure).toContain('role: sent');
  });
});

describe('a mailbox that cannot be looked at', () => {
  const sockets = new Set<Socket>();
  // It takes connections and never says a word.
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  beforeAll(async () => {
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
  const silentPort = () => {
    const address = silent.address();
    return address !== null && typeof address !== 'string' ? address.port : 0;
  };

  it('holds up no other: wrong password, nobody there, a server that hangs, each with its cure', async () => {
    const user = 'check-bad@example.com';
    await deliver(shared, user, [from('a', user)]);
    const before = [await dumpOf(database.db), await flagsOf(user)];
    const began = performance.now();
    const report = await checkAll([
      mailboxSection(user, { name: 'password', imap: { password: 'wrong' } }),
      mailboxSection(user, { name: 'nobody', imap: { port: 1 } }),
      mailboxSection(user, { name: 'silent', poll_timeout: '700ms', imap: { port: silentPort() } }),
      mailboxSection(user, {
        name: 'tls',
        imap: { tls: 'implicit', host: 'localhost', port: shared.imapsPort },
      }),
      mailboxSection(user, { name: 'name', imap: { tls: 'implicit', host: 'no-such-host.invalid' } }),
      mailboxSection(user, { name: 'good' }),
    ]);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(report.ok).toBe(false);
    for (const [name, code, message, cure] of [
      ['password', 'login_refused', /refused the login of check-bad@example\.com/, /imap\.password/],
      ['nobody', 'not_connected', /ECONNREFUSED/, /nothing listens there/],
      ['silent', 'mailbox_timeout', /has not answered within 0\.7 s/, /firewall/],
      ['tls', 'not_connected', /imap\.ca/, /imap\.tls/],
      ['name', 'not_connected', /no-such-host/, /imap\.host/],
    ] as const) {
      expect(findings(report, code, `Mailbox ${name}`), name).toEqual([
        expect.objectContaining({
          level: 'problem',
          message: expect.stringMatching(message),
          cure: expect.stringMatching(cure),
        }),
      ]);
    }
    expect(findings(report, 'folder_read', 'Mailbox good')).toHaveLength(1);
    expect([await dumpOf(database.db), await flagsOf(user)]).toEqual(before);
  });

  it('a server that hangs in the middle: what was found until then stays', async () => {
    const user = 'check-hangs@example.com';
    await deliver(shared, user, [from('a', user)]);
    const proxy = await startImapProxy(shared, (text) => (/PERMANENTFLAGS/.test(text) ? '' : text));
    try {
      const report = await checkOne(user, { poll_timeout: '1s', imap: { port: proxy.port } });
      expect(findings(report, 'login')).toHaveLength(1);
      expect(only(report, 'mailbox_timeout')?.message).toContain('within 1 s');
    } finally {
      await proxy.close();
    }
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['unseen mail', {}, 1],
    ['by UID, from the first contact on, which was long ago', { select: 'new', start: 'now' }, 3],
  ])('the database away: nothing is said of what only it knows (%s)', async (_, more, most) => {
    const user = `check-nodb-${most}@example.com`;
    await deliver(shared, user, [from('a', user), from('b', user)]);
    await poll(database.db, await loadMailbox(user, { name: user.replace(/@.*/, '') }));
    await deliver(shared, user, [from('c', user)]);
    const url = 'postgres://u@127.0.0.1:1/d';
    const report = await checkOne(user, more, { url, sample: 5 });
    expect(report.ok).toBe(false);
    expect(findings(report, 'database_unreachable')).toHaveLength(1);
    expect(report.mailboxes[0]?.folders[0]).toMatchObject({
      waiting: most,
      ...{ left: null, unmarked: null, isFirstContact: null, start: null },
    });
    expect(only(report, 'folder_read')).toMatchObject({
      message: `INBOX: 3 messages, at most ${most} waiting for the next poll`,
      details: [
        expect.stringContaining('is recorded, then marked'),
        'what was recorded before is not known without the database',
      ],
    });
    expect(report.mailboxes[0]?.sample).toMatchObject({ recorded: null });
  });

  it('the database away, and nothing there: nothing waits', async () => {
    const report = await checkOne('check-nodb-empty@example.com', {}, { url: 'postgres://u@127.0.0.1:1/d' });
    expect(only(report, 'folder_read')?.message).toBe('INBOX: 0 messages, 0 waiting for the next poll');
  });
});

describe('the server', () => {
  let server: Dovecot;
  beforeAll(async () => {
    server = await startDovecot({
      extraConfig:
        'imap_capability = IMAP4rev1 LITERAL+\nprotocol imap {\n  mail_max_userip_connections = 50\n}\n',
    });
  });
  afterAll(() => server.stop());

  it('without extensions: what is lost, and what cannot be done', async () => {
    const user = 'bare@example.com';
    await deliver(server, user, [from('a', user)]);
    const report = await checkOne(user, {
      processed: { delete: true },
      imap: { port: server.imapPort, password: server.password },
    });
    expect(report.mailboxes[0]?.server?.capabilities).toEqual([]);
    expect(only(report, 'extensions')).toMatchObject({
      message: 'extensions: none that mailcase uses',
      details: [
        expect.stringContaining('without IDLE: new mail is found when `schedule` says so'),
        expect.stringContaining('without MOVE'),
        expect.stringContaining('without UIDPLUS'),
        expect.stringContaining('without SPECIAL-USE'),
      ],
    });
    expect(only(report, 'marking_impossible')?.message).toContain('processed.delete');
    expect(only(report, 'folder_read')?.details[0]).toBe('unseen mail is recorded, and stays as it is');
  });

  it('says its name, and what it can', async () => {
    const user = 'check-name@example.com';
    const report = await checkOne(user);
    expect(only(report, 'login')?.message).toMatch(/ is logged in at 127\.0\.0\.1:\d+: Dovecot/);
    expect(only(report, 'tls_loopback')?.level).toBe('ok');
    expect(report.mailboxes[0]?.server?.capabilities).toEqual(
      expect.arrayContaining(['IDLE', 'MOVE', 'UIDPLUS']),
    );
  });
});

describe('a sample', () => {
  it('is of the newest messages over all inboxes, told as it goes on, and sets no flag', async () => {
    const user = 'check-sample@example.com';
    const system = (name: string, more: Record<string, string>) =>
      mail({ From: 'shop@shop.example', To: `${name}@customer.example`, Subject: name, ...more });
    await deliver(shared, user, [
      ...Array.from({ length: 5 }, (_, index) => from(`old${index}`, user)),
      system('one', { 'x-desk-case-status': 'closed', 'x-our-secret': 'canary-secret-0123456789' }),
      system('two', { 'x-desk-case-status': 'reopened', 'x-our-secret': 'canary-guessed' }),
      mail({ From: 'mallory@evil.example', To: user, 'x-desk-case-status': 'closed' }),
      from('list', user, { 'List-Id': '<talk.lists.example>' }),
      from('away', user, { 'Auto-Submitted': 'auto-replied' }),
      from('copy', user, { 'Message-ID': '<same@x>' }),
      from('copy', user, { 'Message-ID': '<same@x>' }),
      mail(
        {
          From: 'joe@customer.example',
          To: user,
          'MIME-Version': '1.0',
          'Content-Type': 'multipart/alternative; boundary=b',
        },
        '--b\r\nContent-Type: text/plain\r\n\r\nAccepted\r\n--b\r\nContent-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\n--b--',
      ),
    ]);
    await withClient(user, async (client) => {
      await client.mailboxCreate('More');
      await client.append('More', from('elsewhere', user), [], new Date('2019-01-01T00:00:00Z'));
    });
    const before = [await dumpOf(database.db), await flagsOf(user, ['INBOX', 'More'])];
    const told: string[] = [];
    const report = await checkOne(
      user,
      {
        own: ['shop.example', 'example.com'],
        folders: ['INBOX', 'More'],
        batch: { messages: 3 },
        trust: { secret: { header: 'x-our-secret', value: 'canary-secret-0123456789' } },
      },
      { sample: 8, onProgress: (done, total) => told.push(`${done}/${total}`) },
    );
    expect([await dumpOf(database.db), await flagsOf(user, ['INBOX', 'More'])]).toEqual(before);
    expect(told).toEqual(['0/8', '3/8', '6/8', '8/8']);
    const sample = report.mailboxes[0]?.sample;
    expect(sample).toMatchObject({
      ...{ read: 8, inbound: 6, outbound: 2, copies: 1, recorded: 0 },
      kinds: { mail: 5, list: 1, auto_reply: 1, calendar: 1 },
      headers: {
        ...{ carrying: 3, applied: 1 },
        distrusted: [
          { reason: 'wrong', senders: [{ sender: 'shop@shop.example', count: 1 }] },
          { reason: 'missing', senders: [{ sender: 'mallory@evil.example', count: 1 }] },
        ],
        refusedValues: [{ header: 'x-desk-case-status', value: 'reopened', count: 1 }],
      },
      own: { suggestions: [] },
    });
    expect(JSON.stringify(report)).not.toMatch(/canary/);
    expect(
      (await checkOne(user, { folders: ['INBOX', 'More'] }, { sample: 100 })).mailboxes[0]?.sample?.read,
    ).toBe(14);
  });

  it('goes on as long as the server answers, however long it takes in all', async () => {
    const user = 'check-patient@example.com';
    await deliver(
      shared,
      user,
      ['a', 'b', 'c', 'd', 'e'].map((name) => from(name, user)),
    );
    const report = await checkOne(
      user,
      { poll_timeout: '1s', batch: { messages: 1 } },
      // Whoever is told takes a while.
      { sample: 5, onProgress: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300) },
    );
    expect(findings(report, 'mailbox_timeout')).toEqual([]);
    expect(report.mailboxes[0]?.sample?.read).toBe(5);
  });

  it('a calendar is a reply where its METHOD says so', async () => {
    const user = 'check-calendar@example.com';
    const calendar = (method: string) =>
      mail(
        {
          ...{ From: `${method}@customer.example`, To: user, 'MIME-Version': '1.0' },
          'Content-Type': 'multipart/alternative; boundary=b',
        },
        `--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: text/calendar; method=${method}\r\n\r\nBEGIN:VCALENDAR\r\n--b--`,
      );
    await deliver(shared, user, [calendar('REQUEST'), calendar('reply'), calendar('CANCEL')]);
    const report = await checkOne(user, {}, { sample: 5 });
    expect(report.mailboxes[0]?.sample?.kinds).toEqual({ mail: 2, calendar: 1 });
  });

  it('of an empty mailbox, and of one that is not asked for', async () => {
    const user = 'check-empty@example.com';
    expect((await checkOne(user, {}, { sample: 3 })).mailboxes[0]?.sample).toMatchObject({ read: 0 });
    expect((await checkOne(user)).mailboxes[0]?.sample).toBeNull();
  });

  it('says the same as the daemon: direction, kind, trust and customers', async () => {
    const user = 'check-same@example.com';
    await deliver(shared, user, [
      mail({ From: 'shop@shop.example', To: 'joe@customer.example', 'x-desk-case-status': 'closed' }),
      mail({ From: 'www@shop.example', 'Reply-To': 'jane@customer.example', To: user }),
      from('list', user, { 'List-Id': '<talk.lists.example>' }),
      from('away', user, { 'Auto-Submitted': 'auto-replied' }),
      mail({ To: user, Subject: 'nobody' }),
    ]);
    const more = { name: 'same', own: ['shop.example', 'example.com'], trust: 'all' };
    const sample = (await checkOne(user, more, { sample: 50 })).mailboxes[0]?.sample;
    await poll(database.db, await loadMailbox(user, more));
    const { rows: stored } = (await database.db.raw(
      `select i.direction, i.kind, i.customer_id, jsonb_array_length(c.directives -> 'applied') as applied
       from interactions i join interaction_contents c on c.interaction_id = i.id
         join folders f on f.id = i.folder_id join mailboxes m on m.id = f.mailbox_id where m.name = 'same'`,
    )) as { rows: { direction: string; kind: string; customer_id: number | null; applied: number }[] };
    const count = (matches: (row: (typeof stored)[number]) => boolean) => stored.filter(matches).length;
    expect(stored).toHaveLength(5);
    expect(sample).toMatchObject({
      inbound: count(({ direction }) => direction === 'in'),
      outbound: count(({ direction }) => direction === 'out'),
      customers: new Set(stored.flatMap(({ customer_id }) => customer_id ?? [])).size,
      withoutAddress: count(({ customer_id }) => customer_id === null),
      headers: { applied: count(({ applied }) => applied > 0) },
      kinds: {
        list: count(({ kind }) => kind === 'list'),
        auto_reply: count(({ kind }) => kind === 'auto_reply'),
      },
    });
    const after = (await checkOne(user, more, { sample: 50 })).mailboxes[0]?.sample;
    expect(after?.recorded).toBe(5);
  });
});
