import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LISTED } from '../../src/dkim/keys.ts';
import { explainInMailbox } from '../../src/explain/in-mailbox.ts';
import { printExplanation } from '../../src/explain/print.ts';
import { Judges } from '../../src/judge/judges.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { type DkimKey, dkimKey, dkimSigned, type SigningOptions } from '../support/dkim.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { contentOf } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, RECORDING, rows } from '../support/poll.ts';

const database = useDatabase();
const server = inject('dovecot');

const key = dkimKey('example.com');
const SECRET = 'a secret of the shop, 0123456789';
let dns: DnsServer;

beforeAll(async () => {
  dns = await startDnsServer({ [key.name]: [key.record] });
});

afterAll(() => dns.stop());

interface Recorded {
  readonly subject: string;
  readonly trusted: boolean;
  readonly sender_auth: string;
  readonly status: string;
  readonly why: string | null;
  readonly refused: string | null;
}

const recorded = (user: string) =>
  rows<Recorded>(
    database.db,
    `select i.subject, i.trusted, i.sender_auth, c.status,
       jsonb_path_query_first(d.directives, '$.decided[*] \\? (@.what == "sender").why') #>> '{}' as why,
       d.directives #>> '{refused,0,reason}' as refused
     from interactions i join folders f on f.id = i.folder_id join cases c on c.id = i.case_id
     join interaction_contents d on d.interaction_id = i.id
     where f.account = ? order by i.id`,
    [`${user}@127.0.0.1`],
  );

/** A mail of the company's shop, that closes its case. */
function shopMail(fields: Record<string, string> = {}, body?: string): string {
  return mail(
    {
      From: 'Shop <www@example.com>',
      To: 'Joe <joe@customer.example>',
      Subject: 'Your order',
      'X-Desk-Case-Status': 'closed',
      ...fields,
    },
    body,
  );
}

const signed = (message: string, options?: SigningOptions, by: DkimKey = key) =>
  dkimSigned(message, by, options);

const verifying = (more: Record<string, unknown> = {}) => ({
  own: ['example.com'],
  trust: { dkim: { domains: ['example.com'] } },
  authentication: { verify: true, wait: '1h', dns: [dns.address], ...more },
});

describe('our own verification', () => {
  const weak = dkimKey('example.com', { selector: 'weak', bits: 1024 });
  const short = dkimKey('example.com', { selector: 'short', bits: 768 });
  const small = dkimKey('example.com', { selector: 'small', type: 'ed25519' });
  const other = dkimKey('example.com', { selector: 'mail' });
  const gone = dkimKey('example.com', { selector: 'gone' });
  const revoked = dkimKey('example.com', { selector: 'revoked' });
  const trial = dkimKey('example.com', { selector: 'trial', tags: 'v=DKIM1; t=y; k=rsa; ' });
  const evil = dkimKey('evil.example');
  const NOT_GOOD = 'not trusted: the DKIM signature of example.com is not good: ';

  const table: [name: string, message: () => string, trusted: boolean, auth: string, why: string | null][] = [
    ['signed', () => signed(shopMail()), true, 'pass', null],
    [
      'a header folded and beyond ASCII',
      () => signed(shopMail({ Subject: 'Grüße\r\n an\r\n\talle' })),
      true,
      'pass',
      null,
    ],
    [
      'a body with dots, blanks and lines at its end',
      () => signed(shopMail({}, '.\r\n..x \t \r\n\r\n y\r\n\r\n\r\n')),
      true,
      'pass',
      null,
    ],
    ['Ed25519', () => signed(shopMail(), {}, small), true, 'pass', null],
    ['1,024 bits', () => signed(shopMail(), {}, weak), true, 'pass', null],
    ['a large body', () => signed(shopMail({}, 'A line of text.\r\n'.repeat(40_000))), true, 'pass', null],
    [
      'a second signature of another',
      () => signed(signed(shopMail()), { h: ['from'] }, evil),
      true,
      'pass',
      null,
    ],
    [
      'Received put above it',
      () => `Received: from x\r\n\tby y\r\n${signed(shopMail())}`,
      true,
      'pass',
      null,
    ],
    [
      'the body changed',
      () => `${signed(shopMail())}P.S. pay here\r\n`,
      false,
      'fail',
      `${NOT_GOOD}the body is not the one that was signed`,
    ],
    [
      'a header changed',
      () => signed(shopMail()).replace('X-Desk-Case-Status: closed', 'X-Desk-Case-Status: open'),
      false,
      'fail',
      `${NOT_GOOD}the header is not`,
    ],
    [
      'a header put before it',
      () => `X-Desk-Case-Labels: vip\r\n${signed(shopMail())}`,
      false,
      'pass',
      'not trusted: the DKIM signature of example.com does not cover x-desk-case-labels',
    ],
    [
      'the same header put before it',
      () => `X-DESK-Case-Status: open\r\n${signed(shopMail())}`,
      false,
      'pass',
      'not trusted: the DKIM signature of example.com does not cover x-desk-case-status',
    ],
    [
      'and signed once more than it was there',
      () =>
        `X-Desk-Case-Status: open\r\n${signed(shopMail(), { h: ['from', 'to', 'subject', 'x-desk-case-status', 'x-desk-case-status'] })}`,
      false,
      'fail',
      `${NOT_GOOD}the header is not`,
    ],
    [
      'x-headers not signed',
      () => signed(shopMail(), { h: ['from', 'to', 'subject', 'message-id', 'date'] }),
      false,
      'pass',
      'not trusted: the DKIM signature of example.com does not cover x-desk-case-status',
    ],
    [
      'l=',
      () => `${signed(shopMail(), { l: 6 })}more\r\n`,
      false,
      'fail',
      'not trusted: the DKIM signature of example.com leaves the end of the body open (l=)',
    ],
    [
      'another key',
      () => signed(shopMail(), {}, other),
      false,
      'fail',
      `${NOT_GOOD}the header is not the one that was signed, or the key is another one`,
    ],
    [
      'no key',
      () => signed(shopMail(), {}, gone),
      false,
      'fail',
      `${NOT_GOOD}there is no key gone._domainkey.example.com`,
    ],
    [
      'a key taken back',
      () => signed(shopMail(), {}, revoked),
      false,
      'fail',
      `${NOT_GOOD}its key was taken back`,
    ],
    [
      'a domain that tries it out',
      () => signed(shopMail(), {}, trial),
      false,
      'fail',
      `${NOT_GOOD}its domain is only trying`,
    ],
    [
      '768 bits',
      () => signed(shopMail(), {}, short),
      false,
      'fail',
      `${NOT_GOOD}its key has fewer than 1024 bits`,
    ],
    [
      'expired',
      () => signed(shopMail(), { x: 1_700_000_000 }),
      false,
      'fail',
      'not trusted: the DKIM signature of example.com had expired when the mail was received (x=)',
    ],
    ['not signed', () => shopMail(), false, 'fail', 'not trusted: it has no DKIM signature'],
    [
      "a stranger's own signature",
      () => signed(shopMail(), {}, evil),
      false,
      'fail',
      "not trusted: the DKIM signature of evil.example is another domain's than From's",
    ],
    [
      'a stranger, signed',
      () => signed(shopMail({ From: 'a@evil.example' }), {}, evil),
      false,
      'pass',
      'not trusted: From (evil.example) is none of trust.dkim.domains',
    ],
  ];

  it('a signature counts for one mail: a copy with what is not signed changed is ordinary mail', async () => {
    const h = ['from', 'to', 'subject', 'x-desk-case-status', 'x-desk-case-external-id'];
    const user = 'dkim-once@example.com';
    const original = signed(shopMail({ 'X-Desk-Case-External-Id': 'once-1' }), { h });
    const again = original.replace(/^Message-ID: .*$/im, 'Message-ID: <another@customer.example>');
    // The same bytes in base64, written in another way: RSA's 256 bytes leave four bits of the last letter open.
    const disguised = original
      .replace(/^Message-ID: .*$/im, 'Message-ID: <a-third@customer.example>')
      .replace(/([AQgw])==/, (_, letter: string) => `${String.fromCharCode(letter.charCodeAt(0) + 1)}==`);
    expect(again).not.toBe(original);
    expect(disguised).not.toContain(/b=\s*([^;]*==)/.exec(original)?.[1]);
    await deliver(server, user, [original, original, again, disguised]);
    const mailbox = await loadMailbox(user, verifying());
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 3, duplicates: 1 });
    expect(await recorded(user)).toMatchObject([
      { trusted: true, refused: null },
      ...[1, 2].map(() => ({
        trusted: false,
        sender_auth: 'pass',
        refused: 'not trusted: its signature was used for another mail already',
      })),
    ]);
  });

  it('trusts what was signed as it is, and says of the rest why not', { timeout: 120_000 }, async () => {
    for (const each of [weak, short, small]) dns.set(each.name, [each.record]);
    dns.set(trial.name, [trial.record]);
    dns.set(revoked.name, ['v=DKIM1; p=']);
    dns.set(evil.name, [evil.record]);
    const user = 'dkim-table@example.com';
    await deliver(
      server,
      user,
      table.map(([, message]) => message()),
    );
    const mailbox = await loadMailbox(user, verifying());
    await poll(database.db, mailbox);
    const found = await recorded(user);
    expect(found).toHaveLength(table.length);
    for (const [index, [name, , trusted, auth, why]] of table.entries()) {
      const row = found[index];
      expect([row?.trusted, row?.sender_auth, row?.status], name).toEqual([
        trusted,
        auth,
        trusted ? 'closed' : row?.status === 'closed' ? 'not closed' : row?.status,
      ]);
      if (why !== null) expect(row?.refused, name).toContain(why);
    }
    // Nobody is asked for the key of another domain than From's: there is one such mail of the stranger's own.
    expect(dns.asked.filter((name) => name === evil.name)).toHaveLength(1);
    // One question for all mails of a batch.
    expect(dns.asked.filter((name) => name === key.name)).toHaveLength(1);
  });

  it('looks at the mail as it came, before a secret in it is overwritten', async () => {
    const user = 'dkim-secret@example.com';
    const trust = { dkim: { domains: ['example.com'] }, secret: { header: 'x-shop-secret', value: SECRET } };
    await deliver(server, user, [
      signed(shopMail({ 'X-Shop-Secret': 'another one, which is overwritten too' }, `It is ${SECRET}.`)),
    ]);
    await poll(database.db, await loadMailbox(user, { ...verifying(), trust }));
    expect(await recorded(user)).toEqual([
      expect.objectContaining({
        trusted: true,
        sender_auth: 'pass',
        why: 'example.com has signed it, as mailcase has verified',
      }),
    ]);
    const [raw] = await rows<{ content: Buffer }>(
      database.db,
      'select content from raw_messages r join interactions i on i.id = r.interaction_id join folders f on f.id = i.folder_id where f.account = ?',
      [`${user}@127.0.0.1`],
    );
    expect(raw?.content.includes(SECRET)).toBe(false);
  });
});

describe('a key that cannot be looked up', () => {
  const STATES = ['SERVFAIL', 'REFUSED', 'silence'] as const;

  it.each(STATES)(
    '%s: the mail is put off, the others go on, and later it counts',
    { timeout: 60_000 },
    async (state) => {
      const user = `dkim-${state.toLowerCase()}@example.com`;
      const own = dkimKey('example.com', { selector: state.toLowerCase() });
      dns.set(own.name, state);
      const judges = new Judges(RECORDING);
      await deliver(server, user, [
        signed(shopMail({ Subject: 'waits' }), {}, own),
        mail({ From: 'a@customer.example', To: user, Subject: 'goes on' }),
        signed(shopMail({ Subject: 'has no orders', 'X-Desk-Case-Status': '' }), {}, own),
      ]);
      const mailbox = await loadMailbox(user, verifying());
      const lines: string[] = [];
      const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
      try {
        const begun = performance.now();
        const report = await poll(database.db, mailbox, { judges, log });
        expect(report).toMatchObject({ found: 3, recorded: 2, putOff: 1, notReady: 0, quarantined: 0 });
        expect(performance.now() - begun).toBeLessThan(30_000);
        expect(dns.asked.filter((name) => name === own.name).length).toBeLessThanOrEqual(LISTED.tries);
        expect(lines.join('')).toContain('"domain":"example.com"');
        expect((await contentOf(user)).map(({ flags }) => flags)).toEqual([[], ['\\Seen'], ['\\Seen']]);
        expect(await recorded(user)).toMatchObject([
          { subject: 'goes on', sender_auth: 'none' },
          { subject: 'has no orders', sender_auth: 'none' },
        ]);
        expect(await poll(database.db, mailbox, { judges })).toMatchObject({ recorded: 0, putOff: 1 });
      } finally {
        await judges.close();
      }
      dns.set(own.name, [own.record]);
      const later = new Judges(RECORDING);
      try {
        expect(await poll(database.db, mailbox, { judges: later })).toMatchObject({ recorded: 1, putOff: 0 });
      } finally {
        await later.close();
      }
      expect((await recorded(user))[2]).toMatchObject({ subject: 'waits', trusted: true, status: 'closed' });
      const left = await rows(
        database.db,
        'select 1 from awaited_messages a join folders f on f.id = a.folder_id where f.account = ?',
        [`${user}@127.0.0.1`],
      );
      expect(left).toEqual([]);
    },
  );

  it('is waited for as long as authentication.wait says; then the mail is recorded as untrusted', async () => {
    const user = 'dkim-over@example.com';
    dns.set('over._domainkey.example.com', 'SERVFAIL');
    await deliver(server, user, [signed(shopMail(), {}, dkimKey('example.com', { selector: 'over' }))]);
    const mailbox = await loadMailbox(user, verifying());
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, putOff: 1 });
    const setBack = (time: string) =>
      rows(
        database.db,
        `update awaited_messages set since = since - ?::interval where folder_id = (select id from folders where account = ?)`,
        [time, `${user}@127.0.0.1`],
      );
    await setBack('59 minutes');
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 0, putOff: 1 });
    await setBack('1 minute');
    expect(await poll(database.db, mailbox)).toMatchObject({ recorded: 1, putOff: 0 });
    expect(await recorded(user)).toMatchObject([
      {
        trusted: false,
        sender_auth: 'none',
        refused:
          'not trusted: the key of example.com (over._domainkey.example.com) cannot be looked up: the name server says SERVFAIL',
      },
    ]);
  });

  it('is said by explain, which does not wait', async () => {
    const user = 'dkim-explain@example.com';
    dns.set('explain._domainkey.example.com', 'SERVFAIL');
    await deliver(server, user, [signed(shopMail(), {}, dkimKey('example.com', { selector: 'explain' }))]);
    const mailbox = await loadMailbox(user, verifying());
    const [folder] = mailbox.folders;
    if (folder === undefined) throw new Error('a mailbox without folders');
    const judges = new Judges(RECORDING);
    try {
      const said = await explainInMailbox(database.db, { mailbox, folder, recording: RECORDING, judges }, 1);
      expect(said.put_off).toBe(
        'the DKIM key of example.com cannot be looked up; a poll looks again for 1h before it does this',
      );
      const text = printExplanation(said, { colours: false, width: 200 });
      expect(text).toContain(`Not yet: ${said.put_off}.`);
      expect(text).toContain('trust      not trusted: the key of example.com');
    } finally {
      await judges.close();
    }
  });
});

describe('Authentication-Results of the receiving server', () => {
  it('counts where it is the topmost one, and is shown', async () => {
    const user = 'dkim-results@example.com';
    const results = (id: string, result: string) =>
      `Authentication-Results: ${id};\r\n       dkim=${result} header.i=@example.com header.s=mail;\r\n       spf=pass (x: domain of a) smtp.mailfrom=a@example.com\r\n`;
    const good = signed(shopMail({ Subject: 'good' }));
    await deliver(server, user, [
      `${results('mx.example.net', 'pass')}${good}`,
      `${results('mx.example.net', 'fail')}${results('mx.example.net', 'pass')}${signed(shopMail({ Subject: 'forged below' }))}`,
      `${results('mx.example.net.evil.example', 'pass')}${signed(shopMail({ Subject: 'look-alike' }))}`,
      signed(shopMail({ Subject: 'none' })),
    ]);
    const mailbox = await loadMailbox(user, {
      ...verifying(),
      authentication: { authserv_id: 'mx.example.net' },
    });
    await poll(database.db, mailbox);
    expect(await recorded(user)).toMatchObject([
      {
        subject: 'good',
        trusted: true,
        sender_auth: 'pass',
        why: 'example.com has signed it, as mx.example.net has found',
      },
      { subject: 'forged below', trusted: false, sender_auth: 'fail' },
      { subject: 'look-alike', trusted: false, sender_auth: 'none' },
      { subject: 'none', trusted: false, sender_auth: 'none' },
    ]);
  });
});
