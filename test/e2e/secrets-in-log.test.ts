import { expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import { mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';
import { signed } from '../support/signed.ts';

const database = useDatabase();

const WRONG_PASSWORD = 'canary wrong"pass\\word é';
const TRUST_SECRET = 'canary-trust-5Ecr3t-0123456789';
const WRONG_SECRET = 'canary-guessed-9876543210';
const KEY = { id: 'test', secret: 'canary-signing-key-5Ecr3t-0123456789' };
const BODY = 'canary-body-of-a-mail';
const DATABASE_PASSWORD = 'canary/database:p@ss';

/** All that a table holds as text, bytes as they are. */
async function contentOf(table: string): Promise<string> {
  const found = await rows<{ row: Record<string, unknown> }>(
    database.db,
    `select to_jsonb(t) as row from ${table} t`,
  );
  return found.map(({ row }) => JSON.stringify(row, (_, value: unknown) => decodeBytes(value))).join('\n');
}

/** jsonb has bytea as `\x…`. */
function decodeBytes(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\\x[0-9a-f]+$/.test(value)) return value;
  return Buffer.from(value.slice(2), 'hex').toString('latin1');
}

test('the loudest log and the database hold no password, no trust secret, and the log no mail', async () => {
  const server = inject('dovecot');
  const instructions = {
    From: 'Shop <shop@example.com>',
    To: 'joe@customer.example',
    'x-desk-customer-email': 'joe@customer.example',
  };
  const trusted = { ...instructions, 'x-our-secret': TRUST_SECRET, Subject: 'Trusted' };
  const folded = { ...instructions, 'X-Our-SECRET': `\r\n ${TRUST_SECRET}`, Subject: 'Folded' };
  const guessed = { ...instructions, 'x-our-secret': WRONG_SECRET, Subject: 'Guessed' };
  const elsewhere = { ...instructions, 'x-desk-case-subject': TRUST_SECRET, Subject: `Re: ${TRUST_SECRET}` };
  const encoded = {
    ...instructions,
    'MIME-Version': '1.0',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Transfer-Encoding': 'base64',
    Subject: `=?utf-8?B?${Buffer.from(`Encoded ${TRUST_SECRET}`).toString('base64')}?=`,
  };
  // A constraint of the operator's own stands in for a defect of ours.
  await database.db.raw("alter table interactions add constraint no_trap check (subject <> 'Trap')");
  await deliver(server, 'secrets@example.com', [
    mail(trusted, BODY),
    mail(folded, BODY),
    mail(guessed, BODY),
    mail(elsewhere, `${BODY} ${TRUST_SECRET}`),
    mail(encoded, Buffer.from(`${BODY} ${TRUST_SECRET}`).toString('base64')),
    mail({ ...trusted, Subject: 'Large' }, `${BODY} ${TRUST_SECRET}\r\n`.repeat(150_000)),
    mail({ ...trusted, Subject: 'Trap' }, BODY),
    signed(mail({ ...instructions, Subject: 'Signed' }, BODY), { key: KEY }),
    signed(mail({ ...instructions, Subject: 'Signed by another' }, BODY), {
      key: { ...KEY, secret: 'another-key-that-is-not-configured' },
    }),
  ]);

  const wrong = { name: 'wrong', imap: { password: WRONG_PASSWORD } };
  const url = new URL(database.url);
  // Postgres of the tests may trust everybody; what stands here is kept secret all the same.
  const asksForPassword = url.password !== '';
  if (!asksForPassword) url.password = encodeURIComponent(DATABASE_PASSWORD);
  const databasePassword = asksForPassword ? decodeURIComponent(url.password) : DATABASE_PASSWORD;
  const config = await writeConfig({
    database: { url: url.href },
    log: { level: 'trace' },
    mailboxes: [
      mailboxSection('secrets@example.com', {
        message_bytes: '6MB',
        trust: { secret: { header: 'x-our-secret', value: TRUST_SECRET }, hmac: { keys: [KEY] } },
      }),
      mailboxSection('secrets@example.com', wrong),
    ],
  });
  const { code, stdout, stderr } = await runMailcase(['run', '--once', '--config', config.file]);
  await config.remove();
  const output = stdout + stderr;

  // It did all of that, and said so.
  expect(code).toBe(1);
  expect(output).toMatch(/"level":"debug"/);
  expect(output).toMatch(/"recorded":8.*"quarantined":1/);
  expect(output).toMatch(/imap_credentials/);
  const interactions = await rows(database.db, 'select subject, trusted from interactions order by id');
  expect(interactions.slice(0, 3)).toEqual([
    { subject: 'Trusted', trusted: true },
    { subject: 'Folded', trusted: true },
    { subject: 'Guessed', trusted: false },
  ]);

  expect(interactions.slice(-2)).toEqual([
    { subject: 'Signed', trusted: true },
    { subject: 'Signed by another', trusted: false },
  ]);

  for (const line of stdout.trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
  expect(output).not.toMatch(/canary/i);
  const passwords = [server.password, WRONG_PASSWORD, databasePassword];
  const notations = passwords.flatMap((each) => [
    each,
    JSON.stringify(each).slice(1, -1),
    encodeURIComponent(each),
    Buffer.from(each).toString('base64'),
  ]);
  for (const each of notations) expect(output).not.toContain(each);
  for (const each of [
    `\0secrets@example.com\0${server.password}`,
    `\0secrets@example.com\0${WRONG_PASSWORD}`,
  ])
    expect(output).not.toContain(Buffer.from(each).toString('base64'));
  // With a mail beside it a secret would be found: the bodies are in the database.
  expect(await contentOf('interaction_contents')).toContain(BODY);
  expect(await contentOf('raw_messages')).toContain(BODY);

  for (const table of [
    ...['mailboxes', 'customers', 'customer_emails', 'cases', 'case_events', 'interactions'],
    ...['interaction_contents', 'raw_messages', 'attachments', 'receipts', 'quarantine', 'used_signatures'],
  ]) {
    const content = await contentOf(table);
    for (const secret of [TRUST_SECRET, WRONG_SECRET, KEY.secret, ...passwords])
      expect(content, table).not.toContain(secret);
  }
});
