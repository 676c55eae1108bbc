/** knex's own client for PostgreSQL, which its types leave out. */
declare module 'knex/lib/dialects/postgres/index.js' {
  import { knex } from 'knex';
  import type pg from 'pg';
  export default class PostgresClient extends knex.Client {
    _driver(): typeof pg;
    acquireConnection(): Promise<pg.Client>;
    releaseConnection(connection: pg.Client): Promise<void>;
    acquireRawConnection(): Promise<pg.Client>;
    destroyRawConnection(connection: pg.Client): Promise<void>;
    destroy(callback?: (error?: unknown) => void): Promise<void>;
    validateConnection(connection: pg.Client): Promise<boolean>;
    /** @param statement what knex knows of a statement; its text is `sql` */
    _query(connection: pg.Client, statement: unknown): Promise<unknown>;
  }
}
