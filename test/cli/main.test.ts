import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { knownMigrations } from '../../src/db/migrate.ts';
import { createEmptyDatabase, dropDatabase, useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import {
  type ConfigFile,
  mailboxSection,
  runMailcase,
  startMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const written: ConfigFile[] = [];

async function config(content: unknown): Promise<string> {
  const made = await writeConfig(content);
  written.push(made);
  return made.file;
}

afterEach(async () => {
  for (const made of written.splice(0)) await made.remove();
});

/** A configuration for a database and mailboxes of the tests' servers. */
function configFor(url: string, ...mailboxes: Record<string, unknown>[]): Promise<string> {
  return config({ database: { url }, mailboxes });
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly mailbox?: string;
  readonly [field: string]: unknown;
}

function logLines(stdout: string): LogLine[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine);
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address !== 'string' ? address.port : 0;
}

describe('mailcase', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    for (const flag of ['--version', '-V'])
      expect(await runMailcase([flag])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('explains itself and each command, with an example', async () => {
    const help = await runMailcase(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const word of ['run', 'migrate', 'demo', '--config', '--version'])
      expect(help.stdout).toContain(word);
    const run = await runMailcase(['run', '--help']);
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/--once/);
    expect(run.stdout).toMatch(/Example:\n\s+mailcase /);
    const down = await runMailcase(['migrate', 'down', '--help']);
    expect(down.stdout).toMatch(/--drop-data/);
    expect(down.stdout).toMatch(/Example:\n\s+mailcase /);
  });

  it.each([
    [['rnu'], 'mailcase', /unknown command 'rnu'/],
    [['migrate', 'sideways'], 'mailcase migrate', /unknown command 'sideways'/],
    [['run', '--twice'], 'mailcase run', /unknown option '--twice'/],
    // --config is an option of the program.
    [['run', '--config'], 'mailcase', /argument missing/],
    [['migrate', 'up', '--drop-data'], 'mailcase migrate up', /unknown option '--drop-data'/],
    [['case', 'merge', '1'], 'mailcase case merge', /missing required argument 'b'/],
    [['case', 'set'], 'mailcase case set', /which case\?/],
  ])('ends with 2 at %j, and points at the help of %s', async (args, command, message) => {
    const { code, stdout, stderr } = await runMailcase(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toContain(`\n(${command} --help says more)\n`);
    expect(stdout).toBe('');
  });

  it('without a command shows its help and ends with 2', async () => {
    const { code, stdout, stderr } = await runMailcase([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/Usage: mailcase/);
  });
});

describe('--config', () => {
  it('stands before or after the command, or in the environment', async () => {
    const file = await configFor(database.url, mailboxSection('nobody@example.com'));
    const known = await knownMigrations();
    const ways: [string[], NodeJS.ProcessEnv][] = [
      [['--config', file, 'migrate', 'status'], {}],
      [['migrate', 'status', '--config', file], {}],
      [['migrate', '-c', file, 'status'], {}],
      [['migrate', 'status'], { MAILCASE_CONFIG: file }],
      // What is said on the command line goes first.
      [['migrate', 'status', '--config', file], { MAILCASE_CONFIG: '/no/such/file.yaml' }],
    ];
    for (const [args, env] of ways) {
      expect(await runMailcase(args, env), args.join(' ')).toMatchObject({
        code: 0,
        stdout: known.map((name) => `applied  ${name}\n`).join(''),
        stderr: '',
      });
    }
  });

  it('is looked for in the working folder', async () => {
    const file = await configFor(database.url, mailboxSection('nobody@example.com'));
    const folder = join(file, '..');
    const { code, stdout } = await startMailcase(['migrate', 'status'], {}, folder).finished;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^applied {2}0001_/);
  });

  it('that is nowhere ends with 2 and says what to do', async () => {
    const made = await writeConfig('');
    written.push(made);
    const { code, stdout, stderr } = await startMailcase(['run'], {}, join(made.folder, '..')).finished;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^mailcase: no configuration found.*mailcase\.yaml.*`mailcase init`.*--config FILE or MAILCASE_CONFIG\n$/,
    );
  });

  it('that names no file ends with 2 and says so', async () => {
    const { code, stderr } = await runMailcase(['run', '--config', '/no/such/mailcase.yaml']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/\/no\/such\/mailcase\.yaml does not exist/);
    expect(stderr).toMatch(/→ .*--config/);
  });

  it('that is broken ends with 2 and lists all that is wrong, each with its cure, and no secret', async () => {
    const file = await config(`database: {url: "mysql://u:canary-1@host/db"}
schedule: every now and then
mailboxes:
  - name: support
    imap: {host: imap.example.com, user: support@example.com, pasword: canary-2}
    trust: {secret: {header: x-our-secret, value: canary-3}}
  - name: support
    imap: {host: imap.example.com, user: a, password: canary-4, tls: canary-4}
`);
    const { code, stdout, stderr } = await runMailcase(['run', '--config', file]);
    expect([code, stdout]).toEqual([2, '']);
    for (const place of [
      /:1 {2}database\.url/,
      /:2 {2}schedule/,
      /:5 {2}mailboxes\[0\]\.imap\.pasword/,
      /mailboxes\[0\]\.imap\.password/,
      /:6 {2}mailboxes\[0\]\.trust\.secret\.value/,
      /:7 {2}mailboxes\[1\]\.name/,
      /:8 {2}mailboxes\[1\]\.imap\.tls/,
    ])
      expect(stderr).toMatch(place);
    const count = Number(/(\d+) problems in the configuration/.exec(stderr)?.[1]);
    expect(count).toBe(7);
    expect(stderr.match(/→ \S/g)).toHaveLength(count);
    expect(stderr).not.toMatch(/canary/);
  });
});

describe('mailcase migrate', () => {
  it('goes up, says how things stand, and goes down', async () => {
    const empty = await createEmptyDatabase('cli_migrate');
    try {
      const known = await knownMigrations();
      const [last] = known.slice(-1);
      const file = await configFor(empty.url, mailboxSection('nobody@example.com'));
      const migrate = (...args: string[]) => runMailcase(['migrate', ...args, '--config', file]);

      const pending = await migrate('status');
      expect(pending).toMatchObject({ code: 0, stderr: '' });
      expect(pending.stdout).toBe(
        `${known.map((name) => `pending  ${name}\n`).join('')}run \`mailcase migrate up\` to apply what is pending\n`,
      );
      expect(await migrate('up')).toMatchObject({
        code: 0,
        stdout: known.map((name) => `applied: ${name}\n`).join(''),
        stderr: '',
      });
      expect(await migrate('up')).toMatchObject({ code: 0, stdout: 'nothing to be applied\n' });

      await rows(
        empty.db,
        `with new_case as (insert into cases (received_at) values (now()) returning id)
         insert into interactions (case_id, direction, kind, trusted, dedupe_key, received_at)
         select id, 'in', 'mail', false, decode(repeat('00', 33), 'hex'), now() from new_case`,
      );
      const refused = await migrate('down');
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toMatch(/^mailcase: .*1 interactions.*migrate down --drop-data/);
      expect(await migrate('down', '--drop-data')).toMatchObject({
        code: 0,
        stdout: `taken back: ${last}\n`,
        stderr: '',
      });
    } finally {
      await empty.db.destroy();
      await dropDatabase(empty.url);
    }
  });

  it('ends with 1 where the database is away', async () => {
    const url = `postgres://mailcase:canary@127.0.0.1:${await closedPort()}/mailcase`;
    const file = await configFor(url, mailboxSection('nobody@example.com'));
    const { code, stdout, stderr } = await runMailcase(['migrate', 'status', '--config', file]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^mailcase: cannot reach the database at \S+:\d+\/mailcase: .*ECONNREFUSED.*database\.url.*\n$/,
    );
    expect(stderr).not.toContain('canary');
  });
});

describe('mailcase run', () => {
  it.each([['run'], ['run', '--once']])(
    '%s %s without tables ends with 1 and names the cure',
    async (...args) => {
      const empty = await createEmptyDatabase('cli_unmigrated');
      try {
        const file = await configFor(empty.url, mailboxSection('unmigrated@example.com'));
        const { code, stderr } = await runMailcase([...args, '--config', file]);
        expect(code).toBe(1);
        expect(stderr).toMatch(/^mailcase: .*0001_customer_history.*`mailcase migrate up`\n$/);
      } finally {
        await empty.db.destroy();
        await dropDatabase(empty.url);
      }
    },
  );

  it('--once records what is there and ends with 0; a second time there is nothing', async () => {
    const user = 'cli-once@example.com';
    await deliver(inject('dovecot'), user, [
      mail({ From: 'joe@customer.example', To: user, Subject: 'First' }),
      mail({ From: 'joe@customer.example', To: user, Subject: 'Second' }),
    ]);
    const file = await configFor(database.url, mailboxSection(user, { name: 'once' }));
    const first = await runMailcase(['run', '--once', '--config', file]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(logLines(first.stdout)).toContainEqual(
      expect.objectContaining({ msg: 'poll done', mailbox: 'once', found: 2, recorded: 2 }),
    );
    const second = await runMailcase(['--config', file, 'run', '--once']);
    expect(second.code).toBe(0);
    expect(logLines(second.stdout).filter(({ msg }) => msg === 'poll done')).toEqual([
      expect.objectContaining({ level: 'info', mailbox: 'once', found: 0 }),
    ]);
    expect(
      await rows(
        database.db,
        `select i.subject from interactions i join folders f on f.id = i.folder_id
         join mailboxes m on m.id = f.mailbox_id where m.name = 'once' order by i.id`,
      ),
    ).toEqual([{ subject: 'First' }, { subject: 'Second' }]);
  });

  it('--once ends with 0 where a message was set aside, and says so', async () => {
    const user = 'cli-trap@example.com';
    // A constraint of the operator's own stands in for a defect of ours.
    await database.db.raw("alter table interactions add constraint no_trap check (subject <> 'Trap')");
    await deliver(inject('dovecot'), user, [
      mail({ From: 'joe@customer.example', To: user, Subject: 'Trap' }),
      mail({ From: 'joe@customer.example', To: user, Subject: 'Small' }),
    ]);
    const file = await configFor(database.url, mailboxSection(user, { name: 'trap' }));
    const { code, stdout } = await runMailcase(['run', '--once', '--config', file]);
    expect(code).toBe(0);
    const lines = logLines(stdout);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'poll done', found: 2, recorded: 1, quarantined: 1 }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: 'messages are in quarantine', quarantined: 1 }),
    );
    expect(
      await rows(
        database.db,
        `select q.stage, length(q.content) > 0 as kept, r.outcome from quarantine q join receipts r using (folder_id, uid_validity, uid)
         join folders f on f.id = q.folder_id join mailboxes m on m.id = f.mailbox_id where m.name = 'trap'`,
      ),
    ).toEqual([{ stage: 'store', kept: true, outcome: 'quarantined' }]);
    await database.db.raw('alter table interactions drop constraint no_trap');
  });

  it('--once ends with 1 where one mailbox refuses the password, and polls the other all the same', async () => {
    const user = 'cli-both@example.com';
    await deliver(inject('dovecot'), user, [
      mail({ From: 'joe@customer.example', To: user, Subject: 'Both' }),
    ]);
    const file = await configFor(
      database.url,
      mailboxSection('cli-refused@example.com', { name: 'refused', imap: { password: 'canary-wrong' } }),
      mailboxSection(user, { name: 'good' }),
    );
    const { code, stdout, stderr } = await runMailcase(['run', '--once', '--config', file]);
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain('canary');
    const lines = logLines(stdout);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'error',
        msg: 'poll failed',
        mailbox: 'refused',
        err: expect.objectContaining({
          code: 'imap_credentials',
          message: expect.stringContaining('cli-refused@example.com'),
        }),
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'poll done', mailbox: 'good', recorded: 1 }));
    expect(
      await rows(
        database.db,
        `select name, last_error like '%cli-refused@example.com%' as refused, last_polled_at is not null as polled
         from mailboxes where name in ('refused', 'good') order by name`,
      ),
    ).toEqual([
      { name: 'good', refused: null, polled: true },
      { name: 'refused', refused: true, polled: false },
    ]);
  });

  it('--once ends with 1 and a clear line where the database is away', async () => {
    const url = `postgres://mailcase:canary@localhost:${await closedPort()}/mailcase`;
    const file = await configFor(url, mailboxSection('nobody@example.com'));
    const { code, stdout, stderr } = await runMailcase(['run', '--once', '--config', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^mailcase: cannot reach the database at \S+:\d+\/mailcase: .*ECONNREFUSED.*database\.url.*\n$/,
    );
    expect(stdout + stderr).not.toContain('canary');
  });

  it('--once ends with 1 and a clear line where the database does not exist', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const file = await configFor(url.href, mailboxSection('nobody@example.com'));
    const { code, stderr } = await runMailcase(['run', '--once', '--config', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^mailcase: cannot use the database at \S+\/no_such_database: .*`createdb no_such_database`.*\n$/,
    );
  });

  it('takes passwords from the environment and from files beside the configuration', async () => {
    const user = 'cli-environment@example.com';
    const { password } = inject('dovecot');
    const [fromEnvironment, fromFile] = ['${SUPPORT_PASSWORD}', '${file:password.txt}'];
    const file = await configFor(
      database.url,
      mailboxSection(user, { name: 'environment', imap: { password: fromEnvironment } }),
      mailboxSection(user, { name: 'file', imap: { password: fromFile } }),
    );
    await writeFile(join(file, '..', 'password.txt'), `${password}\n`);
    const { code } = await runMailcase(['run', '--once', '--config', file], { SUPPORT_PASSWORD: password });
    expect(code).toBe(0);
    const refused = await runMailcase(['run', '--once', '--config', file], { SUPPORT_PASSWORD: 'wrong-one' });
    expect(refused.code).toBe(1);
  });
});
