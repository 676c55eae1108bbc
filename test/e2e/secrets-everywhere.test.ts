import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import { mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const SECRET = 'Canary-shared-5Ecr3t/0123+456789';
const WRONG_PASSWORD = 'Canary wrong"pass\\word é';
const DATABASE_PASSWORD = 'Canary/database:p@ss';

/** Every text of every column of every table, bytes as they are and as UTF-16. */
async function everythingStored(): Promise<Map<string, string>> {
  const tables = await rows<{ name: string }>(
    database.db,
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  const stored = new Map<string, string>();
  for (const { name } of tables) {
    const found = await rows<{ row: unknown }>(database.db, `select to_jsonb(t) as row from "${name}" t`);
    stored.set(name, found.map(({ row }) => textsIn(row).join('\n')).join('\n'));
  }
  return stored;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string' && /^\\x[0-9a-f]+$/.test(value)) {
    const bytes = Buffer.from(value.slice(2), 'hex');
    return [bytes.toString('latin1'), bytes.toString('utf16le'), bytes.subarray(1).toString('utf16le')];
  }
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...textsIn(each)]);
}

/** How a secret may be written: what is searched for. */
function notationsOf(secret: string): string[] {
  const base64 = ['', 'a', 'ab'].map((before) =>
    // What a neighbour shares in bits is left out.
    Buffer.from(before + secret)
      .toString('base64')
      .slice(4, -6),
  );
  const quoted = [...Buffer.from(secret)].map(
    (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return [
    ...[secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), quoted.join('')],
    ...[Buffer.from(secret).toString('hex'), ...base64],
  ];
}

const SHOP = {
  From: 'Shop <shop@example.com>',
  To: 'joe@customer.example',
  'x-desk-customer-email': 'joe@customer.example',
};

/** Mails with the secret in every place and notation that a sending system, or somebody who forwards, may put it into. */
function mailsWithSecret(): (string | Buffer)[] {
  const trusted = { ...SHOP, 'X-Our-Key': SECRET };
  const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/.{60}/g, '$&\r\n');
  const quoted = [...SECRET].map((sign) => `=${sign.charCodeAt(0).toString(16).toUpperCase()}`).join('');
  const part = (type: string, encoding: string, body: string) =>
    `--b\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n`;
  const mixed = { ...trusted, 'MIME-Version': '1.0', 'Content-Type': 'multipart/mixed; boundary=b' };
  return [
    mail({ ...trusted, Subject: 'plain' }),
    mail({ ...trusted, Subject: `in the subject ${SECRET}` }, `and the body ${SECRET}`),
    mail({ ...SHOP, 'X-Our-Key': [SECRET, SECRET], Subject: 'twice' }),
    mail({ ...trusted, 'X-Our-Key': `\r\n ${SECRET}`, Subject: 'folded' }),
    mail({ ...trusted, 'X-Our-Key': `=?utf-8?Q?${quoted}?=`, Subject: 'a Q word' }),
    mail({
      ...trusted,
      'X-Our-Key': `=?utf-8?B?${Buffer.from(SECRET).toString('base64')}?=`,
      Subject: 'a B word',
    }),
    mail({
      ...trusted,
      'x-desk-case-custom-key': SECRET,
      'x-desk-case-labels': SECRET,
      Subject: 'in fields',
    }),
    mail({ ...trusted, From: `"${SECRET}" <shop@example.com>`, Subject: 'in a name' }),
    mail(
      { ...mixed, Subject: 'in parts' },
      part('text/plain; charset=utf-8', 'base64', base64(`text ${SECRET}`)) +
        part('text/html; charset=utf-8', 'quoted-printable', `<p>${quoted}</p>`) +
        part(`text/plain; name="${SECRET}.txt"`, '7bit', SECRET) +
        part('message/rfc822', '7bit', mail(trusted, SECRET)) +
        part(
          'text/plain; charset=utf-16',
          'base64',
          base64('\uFEFF').concat(Buffer.from(SECRET, 'utf16le').toString('base64')),
        ) +
        '--b--\r\n',
    ),
    mail({ ...trusted, Subject: 'Trap' }, `in quarantine ${SECRET}`),
    mail({ ...trusted, Subject: `Trap again ${SECRET}` }, `in quarantine ${SECRET}`),
    mail({ ...trusted, Subject: 'large' }, `${SECRET} and more text\r\n`.repeat(1_500)),
  ];
}

test('no password and no shared secret comes out of any command, log line or column, whatever fails', {
  timeout: 400_000,
}, async () => {
  const server = inject('dovecot');
  // Operators' own constraints refuse values, and quote them.
  await database.db.raw(`alter table interactions add constraint no_trap check (subject not like 'Trap%')`);
  await deliver(server, ['copies@example.com', 'support@example.com'], mailsWithSecret());

  const url = new URL(database.url);
  const asksForPassword = url.password !== '';
  if (!asksForPassword) url.password = encodeURIComponent(DATABASE_PASSWORD);
  const databasePassword = asksForPassword ? decodeURIComponent(url.password) : DATABASE_PASSWORD;
  const config = await writeConfig({
    database: { url: url.href },
    log: { level: 'trace' },
    mailboxes: [
      mailboxSection('support@example.com', { name: 'support', own: ['example.com'] }),
      mailboxSection('copies@example.com', {
        name: 'copies',
        own: ['example.com'],
        message_bytes: '20KB',
        trust: { secret: { header: 'X-Our-Key', value: SECRET } },
      }),
      mailboxSection('support@example.com', { name: 'wrong', imap: { password: WRONG_PASSWORD } }),
    ],
  });
  const away = new URL(url.href);
  away.port = '1';
  const unreachable = await writeConfig({
    database: { url: away.href },
    log: { level: 'trace' },
    mailboxes: [mailboxSection('support@example.com')],
  });
  const eml = join(config.folder, 'one.eml');
  await writeFile(eml, mailsWithSecret()[1] ?? '');
  const outputs: string[] = [];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runMailcase(['--config', config.file, ...args]);
    outputs.push(`$ mailcase ${args.join(' ')}\n${stdout}\n${stderr}`);
    return { code, stdout };
  };

  expect((await run('run', '--once')).code).toBe(1);
  const waiting = JSON.parse((await run('quarantine', 'list', '--json')).stdout) as {
    entries: { id: number }[];
  };
  expect(waiting.entries.length).toBeGreaterThanOrEqual(2);
  const [first = 0, second = 0] = waiting.entries.map(({ id }) => id);
  await run('quarantine', 'list');
  for (const id of [first, second]) {
    await run('quarantine', 'show', String(id));
    await run('quarantine', 'show', String(id), '--json');
    await run('quarantine', 'show', String(id), '--raw');
  }
  expect((await run('quarantine', 'retry', '--all', '--json')).code).toBe(1);
  await run('quarantine', 'retry', String(first));
  await run('quarantine', 'drop', String(second));
  await run('check', '--sample', '50');
  await run('check', '--sample', '50', '--json');
  for (const uid of ['2', '9', '10']) {
    await run('explain', '--mailbox', 'copies', '--uid', uid);
    await run('explain', '--mailbox', 'support', '--uid', uid, '--json');
  }
  await run('explain', '--mailbox', 'copies', eml);
  await run('explain', '--mailbox', 'support', eml, '--json', '--no-database');
  await run('history', 'joe@customer.example');
  await run('history', 'joe@customer.example', '--json', '--text');
  const [{ id: caseId } = { id: 0 }] = await rows<{ id: number }>(
    database.db,
    'select id from cases order by id',
  );
  await run('case', String(caseId), '--why');
  await run('case', String(caseId), '--json');
  await run('import', '--mailbox', 'support', '--since', '2020-01-01');
  const { code, stdout, stderr } = await runMailcase(['--config', unreachable.file, 'run', '--once']);
  outputs.push(stdout + stderr);
  expect(code).toBe(1);
  await config.remove();
  await unreachable.remove();

  const [{ n } = { n: 0 }] = await rows<{ n: number }>(
    database.db,
    'select count(*)::int as n from interactions where trusted',
  );
  expect(n).toBeGreaterThan(4);
  const stored = await everythingStored();
  expect(stored.get('raw_messages')).toContain('and the body');
  expect(stored.get('interaction_contents')).toContain('and the body');
  expect(outputs.join('\n')).toMatch(/no_trap/);

  const secrets = [SECRET, WRONG_PASSWORD, databasePassword, server.password].flatMap(notationsOf);
  for (const output of outputs) {
    const [command] = output.split('\n');
    for (const secret of secrets) expect(output.includes(secret), `${secret} in ${command}`).toBe(false);
    expect(output, command).not.toMatch(/canary/i);
  }
  for (const [table, content] of stored) {
    for (const secret of secrets) expect(content.includes(secret), `${secret} in ${table}`).toBe(false);
  }
});
