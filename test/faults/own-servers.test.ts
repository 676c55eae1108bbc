import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectDatabase } from '../../src/db/connect.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { withClient } from '../support/imap-client.ts';
import { rows } from '../support/poll.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';

let dovecot: Dovecot;
let postgres: OwnPostgres;

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot(), startOwnPostgres()]);
});

afterAll(async () => {
  await Promise.all([dovecot.stop(), postgres.remove()]);
});

const isUsable = () => withClient('joe', async ({ usable }) => usable, { server: dovecot });

it.each(['SIGTERM', 'SIGKILL'] as const)('Dovecot ends by %s and comes back at its ports', async (how) => {
  expect(await isUsable()).toBe(true);
  const before = dovecot.pid;
  await dovecot.halt(how);
  await expect(isUsable()).rejects.toThrow('ECONNREFUSED');
  expect(dovecot.processes('imap')).toEqual([]);
  await dovecot.start();
  expect(await isUsable()).toBe(true);
  expect(dovecot.pid).not.toBe(before);
});

it('tells which processes serve the clients that are logged in', async () => {
  const serving = await withClient('joe', async () => dovecot.processes('imap'), { server: dovecot });
  expect(serving).toHaveLength(1);
  expect(dovecot.processes('dovecot')).toEqual([dovecot.pid]);
});

it('PostgreSQL ends at once and comes back at its port, with what was committed', async () => {
  const db = connectDatabase(postgres.url('postgres'), 1);
  await db.raw('create table kept as select 1 as it');
  await postgres.end('immediate');
  expect(postgres.isRunning()).toBe(false);
  await expect(db.raw('select 1')).rejects.toThrow(/cannot (reach|use) the database/);
  await postgres.start();
  expect(await rows(db, 'select it from kept')).toEqual([{ it: 1 }]);
  await db.destroy();
});
