import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { assertReachable, connectDatabase } from '../../src/db/connect.ts';
import { cureFor } from '../../src/db/cure.ts';
import { isWronglySplit, placeOf } from '../../src/db/place.ts';
import { errorText, serverWords } from '../../src/db/refusal.ts';
import { blameFor } from '../../src/db/sqlstate.ts';
import { transact } from '../../src/db/transact.ts';
import { DatabaseUnavailable, isAway } from '../../src/db/unavailable.ts';
import { describeError } from '../../src/observe/log.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';

const database = useDatabase();

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
  for (const name of ['PGHOST', 'PGPORT', 'PGDATABASE', 'PGUSER', 'PGPASSWORD']) delete process.env[name];
});

/** The URL of the tests' database, changed. */
function urlWith(change: (url: URL) => void): string {
  const url = new URL(database.url);
  change(url);
  return url.href;
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** What comes of asking a database, with everything of it that can be printed. */
async function askAt(url: string) {
  const db = connectDatabase(url, 2);
  const error = await thrownBy(assertReachable(db));
  await db.destroy();
  if (!(error instanceof DatabaseUnavailable)) throw new TypeError(`not unavailable: ${String(error)}`);
  const { code, temporary, why, cure, message } = error;
  const all = JSON.stringify([message, why, cure, describeError(error)]);
  return { code, temporary, why, cure, message, all, blame: blameFor(error) };
}

/** A role that may log in; it is dropped after the test. */
async function makeRole(options: string): Promise<string> {
  const role = `unavailable_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  await database.db.raw(`create role ${role} password 'canary-password' ${options}`);
  undo.push(() => database.db.raw(`drop role ${role}`));
  return role;
}

const as = (role: string, more: (url: URL) => void = () => {}) =>
  urlWith((url) => {
    url.username = role;
    url.password = 'canary-password';
    more(url);
  });

describe('a database that cannot be used', () => {
  it.each<[string, () => string | Promise<string>, why: RegExp, cure: RegExp]>([
    [
      'nobody listens there',
      () => 'postgres://mailcase:canary@127.0.0.1:1/mailcase',
      /^connect ECONNREFUSED 127\.0\.0\.1:1$/,
      /^is PostgreSQL running there\? see that host and port in `database\.url`/,
    ],
    [
      'nobody listens on any address of the host',
      () => 'postgres://mailcase:canary@localhost:1/mailcase',
      /ECONNREFUSED 127\.0\.0\.1:1/,
      /is PostgreSQL running there/,
    ],
    [
      'there is no such host',
      () => 'postgres://mailcase:canary@no-such-host.invalid/mailcase',
      /(ENOTFOUND|EAI_AGAIN) no-such-host\.invalid$/,
      /spelled right|network/,
    ],
    [
      'the database does not exist',
      () => urlWith((url) => (url.pathname = '/no_such_database')),
      /^database "no_such_database" does not exist$/,
      /^the server was reached: make the database with `createdb no_such_database`/,
    ],
    [
      'the role may not log in',
      async () => as(await makeRole('nologin')),
      /is not permitted to log in/,
      /`alter role unavailable_\w+ login`/,
    ],
    [
      'the role has all its connections',
      async () => as(await makeRole('login connection limit 0')),
      /^too many connections for role/,
      /lower `database\.pool`/,
    ],
    [
      'the server speaks no TLS',
      () => urlWith((url) => (url.search = '?sslmode=require')),
      /does not support SSL/,
      /take `sslmode` and `ssl` out of `database\.url`/,
    ],
    [
      'a file that the URL names is not there',
      () => urlWith((url) => (url.search = '?sslrootcert=/no/such/ca.pem')),
      /ENOENT.*\/no\/such\/ca\.pem/,
      /may read the files that `database\.url` names/,
    ],
    [
      'there is no socket',
      () => 'postgres://mailcase:canary@%2Fno%2Fsuch%2Ffolder/mailcase',
      /ENOENT \/no\/such\/folder\/\.s\.PGSQL\.5432/,
      /is PostgreSQL running\?.*unix_socket_directories/,
    ],
  ])(
    '%s: said with the cure, without the password, and no message is to blame',
    async (_, makeUrl, why, cure) => {
      const url = await makeUrl();
      const error = await askAt(url);
      expect(error).toMatchObject({ code: 'database_unavailable', temporary: true, blame: 'outside' });
      expect(error.why).toMatch(why);
      expect(error.cure).toMatch(cure);
      expect(error.message).toMatch(/^cannot (use|reach) the database at [^ ]+(, database mailcase)?: /);
      expect(error.message.endsWith(`: ${error.why} (${error.cure})`)).toBe(true);
      expect(error.all).not.toMatch(/canary|stack/);
      const { password } = new URL(url);
      if (password !== '') expect(error.all).not.toContain(password);
    },
  );

  it('a wrong password, and a role that is not there, where the server asks for one', async (context) => {
    const role = await makeRole('login');
    const wrong = as(role, (url) => (url.password = 'wrong-password'));
    const client = connectDatabase(wrong, 1);
    const isTrusting = (await thrownBy(assertReachable(client))) === undefined;
    await client.destroy();
    if (isTrusting) return context.skip();
    expect(await askAt(wrong)).toMatchObject({
      why: `password authentication failed for user "${role}"`,
      cure: expect.stringMatching(/user and password.*percent-encoded/),
      message: expect.stringMatching(/^cannot use the database at 127\.0\.0\.1:\d+\/\w+: password/),
    });
    // PostgreSQL does not tell a stranger which of the two is wrong.
    expect(await askAt(as('no_such_role'))).toMatchObject({ why: expect.stringContaining('no_such_role') });
  });

  it('a server that never answers', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = address !== null && typeof address !== 'string' ? address.port : 0;
    undo.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const error = await askAt(`postgres://mailcase:canary@127.0.0.1:${port}/mailcase`);
    expect(error.why).toMatch(/timeout/);
    expect(error.cure).toMatch(/no firewall is in between/);
  }, 30_000);

  it('that no connection of the pool becomes free is said of the pool', () => {
    const error = Object.assign(
      new Error('Knex: Timeout acquiring a connection. The pool is probably full.'),
      {
        name: 'KnexTimeoutError',
      },
    );
    const { message } = new DatabaseUnavailable(error, { url: 'postgres://u:canary@h:1/d' });
    expect(message).toBe(
      'cannot reach the database at h:1/d: no connection of the pool became free (timeout) ' +
        '(raise `database.pool`, or see in pg_stat_activity what hangs)',
    );
  });

  it.each<[string, string, RegExp]>([
    [
      '28000',
      'no pg_hba.conf entry for host "192.0.2.1", user "u", database "d", no encryption',
      /end `database\.url` with `\?sslmode=verify-full`/,
    ],
    [
      '28000',
      'no pg_hba.conf entry for host "192.0.2.1", user "u", database "d", SSL encryption',
      /^the server's pg_hba\.conf has to let/,
    ],
    ['28000', 'role "u" does not exist', /`createuser --pwprompt u`/],
    ['42501', 'permission denied for database "d"', /`grant connect on database d to u`/],
    ['57P03', 'the database system is starting up', /try again in a moment/],
    ['57P01', 'terminating connection due to administrator command', /the server was stopped/],
    ['ETIMEDOUT', 'connect ETIMEDOUT 192.0.2.1:5432', /firewall/],
    ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN h', /has a network/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', /NODE_EXTRA_CA_CERTS/],
    // Of a real one pg leaves the socket open, until the server closes it after a minute.
    [
      '',
      'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
      /asks for a password: give it/,
    ],
    ['XX000', 'something else', /see `database` in the configuration/],
  ])('%s %s', (code, words, cure) => {
    const error = Object.assign(new Error(words), { code });
    expect(cureFor(error, words, { url: 'postgres://u:canary@h/d' })).toMatch(cure);
  });

  it('the embedded one is told by its folder', () => {
    const { message } = new DatabaseUnavailable(new Error('Connection terminated unexpectedly'), {
      url: 'postgres://postgres:canary@127.0.0.1:1/postgres',
      folder: '/srv/data',
    });
    expect(message).toMatch(/^cannot reach the database at \/srv\/data: .*its log is in \/srv\/data/);
  });
});

describe('a URL whose password is not percent-encoded', () => {
  it.each([
    // All of them are taken for other hosts, with a part of the password in the host or in the port.
    'postgres://mailcase:p@canary#1@localhost/db',
    'postgres://mailcase:p@canary?1@localhost/db',
    'postgres://mailcase:p@canary:1#x@localhost/db',
    'postgres://mailcase:p@canary#1',
  ])('%s: nothing of it is printed, and the cure is to encode it', async (url) => {
    expect(isWronglySplit(url)).toBe(true);
    const error = await askAt(url);
    expect(error.cure).toMatch(/^a sign like @ \/ : # or \? in the password must be percent-encoded/);
    expect(error.message).toMatch(/^cannot reach the database at the address in database\.url: E[A-Z_]+ \(/);
    expect(error.all).not.toMatch(/canary|getaddrinfo|1@/);
  });

  it('which part of it is taken for the port: neither is that printed', async () => {
    const { all } = await askAt('postgres://127.0.0.1:17#secret@localhost/db');
    expect(all).toContain('ECONNREFUSED');
    expect(all).not.toMatch(/17|secret/);
  });

  it.each([
    'postgres://u:p%40ss%231%2F@h/d',
    'postgres://u:p@ss@h:1/d',
    'postgres://u:a:b@h/d',
    'postgres://u@h/d?sslmode=require',
    'postgres:///d',
  ])('%s is split as it is meant', (url) => {
    expect(isWronglySplit(url)).toBe(false);
  });
});

describe('the place', () => {
  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['postgres://u:canary@h:6000/d', {}, 'h:6000/d'],
    ['postgres://u:canary@h/d', {}, 'h:5432/d'],
    ['postgres://u:canary@h/d', { PGPORT: '6001', PGHOST: 'other' }, 'h:6001/d'],
    ['postgres:///d', { PGPORT: '6001', PGHOST: 'other' }, 'other:6001/d'],
    ['postgres:///d', {}, 'localhost:5432/d'],
    ['postgres://u:canary@h', {}, 'h:5432/u'],
    ['postgres://u:canary@h', { PGDATABASE: 'e' }, 'h:5432/e'],
    ['postgres:///d?password=canary&host=/run/postgresql', {}, '/run/postgresql/.s.PGSQL.5432, database d'],
    ['postgres://u:p@canary#1@h/d', {}, 'the address in database.url'],
  ])('%s with %j is %s', (url, environment, place) => {
    Object.assign(process.env, environment);
    expect(placeOf({ url })).toBe(place);
  });
});

describe('a database that goes away', () => {
  it('in the middle of a transaction, and comes back', async () => {
    const proxy = await startDatabaseProxy(database.url);
    await proxy.open();
    const db = connectDatabase(proxy.url, 2);
    undo.push(() => db.destroy(), proxy.close);
    const cut = await thrownBy(
      transact(db, async (trx) => {
        await trx.raw('select 1');
        await proxy.close();
        await trx.raw('select 2 as "canary"');
      }),
    );
    expect(cut).toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(/^cannot reach the database at 127\.0\.0\.1:\d+\/\w+: (?!.*select)/),
    });
    expect(JSON.stringify(describeError(cut))).not.toMatch(/canary|stack/);
    expect(blameFor(cut)).toBe('outside');
    expect(await thrownBy(assertReachable(db))).toMatchObject({
      message: expect.stringMatching(/ECONNREFUSED/),
    });
    await proxy.open();
    await assertReachable(db);
  });

  it('because it is shut down: the server says so itself', async () => {
    const db = connectDatabase(database.url, 2);
    undo.push(() => db.destroy());
    const error = await thrownBy(Promise.resolve(db.raw('select pg_terminate_backend(pg_backend_pid())')));
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect(error).toMatchObject({ why: 'terminating connection due to administrator command' });
  });

  it.each(['08006', '08003', '57P01', '57P02', '57P03', '53300'])('SQLSTATE %s', (code) => {
    expect(isAway(Object.assign(new pg.DatabaseError('x', 0, 'error'), { code }))).toBe(true);
  });

  it.each(['42501', '40001', '23505', '57014', '53100', '25P03'])('but not SQLSTATE %s', (code) => {
    expect(isAway(Object.assign(new pg.DatabaseError('x', 0, 'error'), { code }))).toBe(false);
  });

  it('and no mistake of ours is one of the database', () => {
    expect(isAway(new TypeError('x is not a function'))).toBe(false);
    expect(isAway(new RangeError('bigint out of range: 9007199254740993'))).toBe(false);
    expect(isAway(Object.assign(new Error('no such file'), { code: 'ENOENT' }))).toBe(false);
  });
});

describe('a refused statement', () => {
  it.each<[string, text: string]>([
    ["select 'a - b', no_such_column - 1", 'column "no_such_column" does not exist'],
    ['select * from no_such_table', 'relation "no_such_table" does not exist'],
  ])('is said without the statement: %s', async (sql, words) => {
    const { db } = database;
    for (const run of [async () => db.raw(sql), async () => db.transaction((trx) => trx.raw(sql))]) {
      const error = await thrownBy(run());
      expect(serverWords(error)).toBe(words);
      expect(errorText(error)).toBe(
        `the database refused: ${words} (\`mailcase check\` says what is wrong with the tables)`,
      );
      // The log has it all.
      expect((error as Error).message).toContain(' - ');
    }
  });

  it('of other errors the text is their own', async () => {
    const error = await thrownBy(Promise.resolve(database.db.raw("select '9007199254740993'::bigint")));
    expect(errorText(error)).toMatch(/bigint out of range/);
    expect(errorText(error)).not.toContain('refused');
    expect(errorText('a text')).toBe('a text');
    expect(errorText(undefined)).toBe('undefined');
  });
});
