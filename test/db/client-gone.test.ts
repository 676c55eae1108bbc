import { expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

it('the server probes a connection whose client says nothing, and gives it up in seconds, not hours', async () => {
  const { rows } = (await database.db.raw(
    `select name, setting from pg_settings where name like 'tcp_keepalives%' order by name`,
  )) as { rows: unknown[] };
  expect(rows).toEqual([
    { name: 'tcp_keepalives_count', setting: '2' },
    { name: 'tcp_keepalives_idle', setting: '10' },
    { name: 'tcp_keepalives_interval', setting: '5' },
  ]);
});
