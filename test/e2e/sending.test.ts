import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';
import { HMAC, KEY } from '../support/signed.ts';
import { type SmtpRelay, startSmtpRelay } from '../support/smtp-relay.ts';

const FOLDER = fileURLToPath(new URL('../../config/sending/', import.meta.url));
const SECRET = 'a-secret-of-the-shop';
const PHPMAILER = '/usr/share/php/libphp-phpmailer/autoload.php';
const { caFile } = inject('dovecot');

const run = promisify(execFile);
const database = useDatabase();
let relay: SmtpRelay;

beforeAll(async () => {
  relay = await startSmtpRelay(inject('dovecot'));
});
afterAll(() => relay.stop());

interface Sender {
  readonly file: string;
  /** The command before the file's name; the port is known once the relay runs. */
  readonly command: (port: number) => readonly [string, ...string[]];
  /** Ends well where the language and its library are there. */
  readonly probe: readonly [string, ...string[]];
  /** Whether the file itself speaks SMTP, and so logs in. */
  readonly logsIn: boolean;
}

const SENDERS: readonly Sender[] = [
  {
    file: 'nodemailer.mjs',
    command: () => [process.execPath],
    probe: [process.execPath, '--version'],
    logsIn: true,
  },
  {
    file: 'send.py',
    command: () => ['python3'],
    probe: ['python3', '-c', 'import email.headerregistry'],
    logsIn: true,
  },
  {
    file: 'phpmailer.php',
    command: () => ['php', '-d', `openssl.cafile=${caFile}`],
    probe: ['php', '-r', `file_exists('${PHPMAILER}') || exit(1);`],
    logsIn: true,
  },
  {
    file: 'mail.php',
    command: (port) => ['php', '-d', `sendmail_path="${msmtp(port)}"`],
    probe: ['sh', '-c', 'php --version && msmtp --version'],
    logsIn: false,
  },
  { file: 'send.rb', command: () => ['ruby'], probe: ['ruby', '-e', 'require "mail"'], logsIn: true },
  { file: 'swaks.sh', command: () => ['sh'], probe: ['swaks', '--version'], logsIn: true },
];

function msmtp(port: number): string {
  return `msmtp --file=/dev/null --read-recipients --host=127.0.0.1 --port=${port} --auth=off --tls=off`;
}

const missing = new Set<Sender>();
for (const sender of SENDERS) {
  const [program, ...args] = sender.probe;
  await run(program, args).catch(() => missing.add(sender));
}

/** Sends as an operator does who has put his own names into the environment. */
async function send({ file, command }: Sender, env: Record<string, string>): Promise<void> {
  const [program, ...args] = command(relay.port);
  await run(program, [...args, file], {
    cwd: FOLDER,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C.UTF-8' },
      ...{ NODE_EXTRA_CA_CERTS: caFile, SSL_CERT_FILE: caFile },
      ...{ SMTP_HOST: 'localhost', SMTP_PORT: String(relay.port), MAIL_FROM: 'shop@example.com' },
      ...env,
    },
  });
}

/** Sends, and expects that nothing comes of it. @returns how the program ended, and what it said of it */
async function refusal(sender: Sender, env: Record<string, string>): Promise<{ code: number; said: string }> {
  const failure = await send(sender, env).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  );
  expect(relay.take()).toEqual([]);
  return { code: failure.code, said: failure.stderr };
}

/** The customer's copy, as it lies in the customer's own mailbox. */
function received(user: string): Promise<string> {
  return withClient(
    user,
    async (client) => {
      const message = await client.fetchOne('*', { source: true });
      return message === false ? '' : (message.source?.toString('utf8') ?? '');
    },
    { readOnly: true },
  );
}

const HISTORY = `
  select i.direction, i.kind, i.trusted, i.subject, c.first_name, c.last_name, e.address, s.external_id, s.status,
    s.labels, s.custom_fields
  from interactions i join customers c on c.id = i.customer_id join customer_emails e on e.customer_id = c.id
    join cases s on s.id = i.case_id
  where e.address_key = ? order by i.id`;

function expected(customer: string, order: string) {
  return {
    ...{ direction: 'out', kind: 'mail', trusted: true, subject: `Your order ${order} is on its way` },
    ...{ first_name: 'Åsa', last_name: 'Öberg', address: customer },
    ...{ external_id: `order-${order}`, status: 'resolved', labels: ['order', 'shipping'] },
    custom_fields: { depot: 'Malmö' },
  };
}

/** The customer answers the copy that he got. */
function answer(customer: string, mailbox: string, copy: string): Promise<void> {
  const messageId = /^message-id: *(.*)$/im.exec(copy)?.[1] ?? '';
  const fields = { From: customer, To: mailbox, Subject: 'Re: Your order', 'In-Reply-To': messageId };
  return deliver(inject('dovecot'), mailbox, [mail(fields)]);
}

/** The answer is in the case of what it answers, and has opened it. */
function answered(order: string) {
  const external_id = `order-${order}`;
  return [
    { direction: 'out', external_id },
    { direction: 'in', external_id, status: 'open', trusted: false },
  ];
}

describe.each(SENDERS)('config/sending/$file', (sender) => {
  if (missing.has(sender)) {
    it(`is not tried: this machine lacks what \`${sender.probe.join(' ')}\` needs`, () => {});
    return;
  }
  const slug = sender.file.replace('.', '-');
  const env = (kind: string) => ({
    SUPPORT_MAILBOX: `support-${kind}-${slug}@example.com`,
    CUSTOMER_EMAIL: `asa-${kind}-${slug}@customer.example`,
    ORDER: `${kind}-${slug}`,
  });

  it('with trust all: a blind copy becomes history; an answer to a mailbox that trusts nobody finds its case', async () => {
    const given = env('all');
    const { SUPPORT_MAILBOX: mailbox, CUSTOMER_EMAIL: customer, ORDER: order } = given;
    await send(sender, { ...given, CUSTOMER_NAME: 'Åsa Öberg' });
    const submissions = relay.take();
    expect(submissions.map(({ to }) => to)).toEqual([[customer, mailbox]]);

    const seen = await received(customer);
    expect(seen).toMatch(/^x-desk-case-external-id: /im);
    expect(seen).not.toMatch(/^(resent-)?bcc:/im);
    expect(seen).not.toContain(mailbox);

    const report = await poll(
      database.db,
      await loadMailbox(mailbox, { trust: 'all', own: ['example.com'] }),
    );
    expect(report).toMatchObject({ recorded: 1, refused: 0, quarantined: 0 });
    expect(await rows(database.db, HISTORY, [customer])).toEqual([expected(customer, order)]);

    // The blind copies may have a mailbox of their own: customers answer to the one that they know.
    const known = `known-${slug}@example.com`;
    await answer(customer, known, seen);
    await poll(database.db, await loadMailbox(known, { name: 'known', own: ['example.com'] }));
    expect(await rows(database.db, HISTORY, [customer])).toMatchObject(answered(order));
  });

  it('with a secret: it stands only in the copy that the mailbox alone gets, and an answer finds the case', async () => {
    const given = env('secret');
    const { SUPPORT_MAILBOX: mailbox, CUSTOMER_EMAIL: customer, ORDER: order } = given;
    const { user, password } = relay.login;
    await send(sender, { ...given, DESK_SECRET: SECRET, SMTP_USER: user, SMTP_PASSWORD: password });
    const [toCustomer, toMailbox, ...more] = relay.take();
    expect(more).toEqual([]);
    expect([toCustomer?.to, toMailbox?.to]).toEqual([[customer], [mailbox]]);
    expect(toCustomer?.user).toBe(sender.logsIn ? user : undefined);
    expect(toCustomer?.source).not.toMatch(/x-desk-|x-our-secret|bcc:/i);
    expect(toMailbox?.source).toContain(SECRET);

    const trust = { secret: { header: 'x-our-secret', value: SECRET } };
    const configured = await loadMailbox(mailbox, { trust, own: ['example.com'] });
    expect(await poll(database.db, configured)).toMatchObject({ recorded: 1, refused: 0, quarantined: 0 });
    expect(await rows(database.db, HISTORY, [customer])).toEqual([expected(customer, order)]);
    await answer(customer, mailbox, toCustomer?.source ?? '');
    await poll(database.db, configured);
    expect(await rows(database.db, HISTORY, [customer])).toMatchObject(answered(order));
  });

  it('signed: one blind copy, which the customer reads and cannot make use of', async () => {
    const given = env('signed');
    const { SUPPORT_MAILBOX: mailbox, CUSTOMER_EMAIL: customer, ORDER: order } = given;
    const key = { SIGNING_KEY: KEY.secret, SIGNING_KEY_ID: KEY.id };
    // Where it signs, it sends no secret.
    await send(sender, { ...given, ...key, DESK_SECRET: SECRET });
    expect(relay.take().map(({ to }) => to)).toEqual([[customer, mailbox]]);
    const seen = await received(customer);
    expect(seen).toMatch(/^x-mailcase-signature:\s+v=1; k=2026-11;/im);
    for (const secret of [SECRET, KEY.secret, mailbox]) expect(seen).not.toContain(secret);

    const configured = await loadMailbox(mailbox, { trust: HMAC, own: ['example.com'] });
    expect(await poll(database.db, configured)).toMatchObject({ recorded: 1, refused: 0, quarantined: 0 });
    expect(await rows(database.db, HISTORY, [customer])).toEqual([expected(customer, order)]);
    // The customer sends it again, with words of his own.
    await deliver(inject('dovecot'), mailbox, [seen.replace('has left', 'never left')]);
    expect(await poll(database.db, configured)).toMatchObject({ recorded: 1, refused: 6 });
    expect((await rows(database.db, HISTORY, [customer]))[1]).toMatchObject({
      trusted: false,
      external_id: null,
    });
  });

  // How long the address is decides where a long value is folded, and so how a library encodes it.
  it.each(['a@b.example', 'asa@example.org', 'you@example.org', 'cust5@customer.example'])(
    'is read as it was meant of %s',
    async (customer) => {
      const order = `${customer.split('@')[0]}-${slug}`;
      const mailbox = `short-${order}@example.com`;
      const key = { SIGNING_KEY: KEY.secret, SIGNING_KEY_ID: KEY.id };
      await send(sender, { ...key, SUPPORT_MAILBOX: mailbox, CUSTOMER_EMAIL: customer, ORDER: order });
      relay.take();
      const configured = await loadMailbox(mailbox, { trust: HMAC, own: ['example.com'] });
      expect(await poll(database.db, configured)).toMatchObject({ recorded: 1, refused: 0, quarantined: 0 });
      const history = await rows<{ external_id: string }>(database.db, HISTORY, [customer]);
      expect(history.filter(({ external_id }) => external_id === `order-${order}`)).toEqual([
        expected(customer, order),
      ]);
    },
  );

  it('signed, for a customer without a name', async () => {
    const given = { ...env('unnamed'), CUSTOMER_NAME: '' };
    await send(sender, { ...given, SIGNING_KEY: KEY.secret, SIGNING_KEY_ID: KEY.id });
    relay.take();
    const configured = await loadMailbox(given.SUPPORT_MAILBOX, { trust: HMAC, own: ['example.com'] });
    expect(await poll(database.db, configured)).toMatchObject({ recorded: 1, refused: 0, quarantined: 0 });
    expect(await rows(database.db, HISTORY, [given.CUSTOMER_EMAIL])).toMatchObject([
      { trusted: true, external_id: `order-${given.ORDER}` },
    ]);
  });

  it.each(['MAIL_FROM', 'SUPPORT_MAILBOX', 'CUSTOMER_EMAIL'])(
    'without %s sends nothing, and says so in a line',
    async (name) => {
      for (const DESK_SECRET of [undefined, SECRET]) {
        const given = { ...env('unset'), ...(DESK_SECRET && { DESK_SECRET }), [name]: '' };
        const { code, said } = await refusal(sender, given);
        expect([code, said]).toEqual([
          2,
          `set MAIL_FROM, SUPPORT_MAILBOX and CUSTOMER_EMAIL: ${name} is empty\n`,
        ]);
      }
    },
  );

  if (sender.logsIn) {
    it('says in a line or two that the server cannot be reached', async () => {
      // Nobody listens there.
      const { code, said } = await refusal(sender, { ...env('away'), SMTP_PORT: '1' });
      expect(code).toBeGreaterThan(0);
      expect(said).toMatch(/refused|could not connect/i);
      expect(said.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    });
  }

  if (sender.file === 'phpmailer.php') {
    it('says in a line where it looked for PHPMailer', async () => {
      const { code, said } = await refusal(sender, { ...env('lost'), PHPMAILER_AUTOLOAD: '/no/such.php' });
      expect(code).toBe(2);
      expect(said).toMatch(/^no PHPMailer in \/no\/such\.php: .*PHPMAILER_AUTOLOAD\n$/);
    });
  }

  it('lets no line break in a value become a header field', async () => {
    await send(sender, { ...env('broken'), ORDER: '1\r\nX-Evil: yes' }).catch(() => {});
    const sources = relay.take().map(({ source }) => source);
    // A library that refuses sends nothing; one that does not, sends the value on one line.
    expect(sources.length).toBeLessThanOrEqual(1);
    for (const source of sources) {
      expect(source).toMatch(/^x-desk-case-external-id: order-1.*X-Evil/im);
      expect(source).not.toMatch(/^X-Evil/im);
    }
  });
});
