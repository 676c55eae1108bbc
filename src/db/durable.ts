import type pg from 'pg';

/**
 * Synchronous commits also where nothing but this is ever written: `local` is as durable as `on` without standbys, the
 * others are stronger. And the server probes a client that says nothing after 10 s, and twice more, 5 s apart: one that
 * vanished in the middle of a statement is under no other limit of the server, and its locks would stay for hours.
 */
const PREPARE = `
  select set_config('tcp_keepalives_idle', '10', false),
    set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '2', false),
    case current_setting('synchronous_commit') when 'off' then set_config('synchronous_commit', 'on', false) end`;

/**
 * Sees to it that what is committed on a connection survives a crash of the server, whatever the server, the role or the
 * database has set: a message is marked processed in the mailbox on the strength of it.
 *
 * @param timeoutMs how long the answer may take
 */
export async function makeDurable(connection: pg.Client, timeoutMs: number): Promise<void> {
  await connection.query({ text: PREPARE, query_timeout: timeoutMs } as pg.QueryConfig);
}
