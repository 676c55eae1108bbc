/** knex's own client for PostgreSQL, which its types leave out. */
declare module 'knex/lib/dialects/postgres/index.js' {
  import { knex } from 'knex';
  export default class PostgresClient extends knex.Client {
    acquireConnection(): Promise<unknown>;
    /** @param statement what knex knows of a statement; its text is `sql` */
    _query(connection: unknown, statement: unknown): Promise<unknown>;
  }
}
