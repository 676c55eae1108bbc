import type pg from 'pg';

/** Also where nothing but this is ever written: `local` is as durable as `on` without standbys, the others are stronger. */
const MAKE_DURABLE = `
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

/**
 * Sees to it that what is committed on a connection survives a crash of the server, whatever the server, the role or the
 * database has set: a message is marked processed in the mailbox on the strength of it.
 *
 * @param timeoutMs how long the answer may take
 */
export async function makeDurable(connection: pg.Client, timeoutMs: number): Promise<void> {
  await connection.query({ text: MAKE_DURABLE, query_timeout: timeoutMs } as pg.QueryConfig);
}
