import PostgresClient from 'knex/lib/dialects/postgres/index.js';
import type { Target } from './place.ts';
import { keepWords } from './refusal.ts';
import { DatabaseUnavailable, isAway } from './unavailable.ts';

/**
 * knex's client for a database whose errors say that they are the database's. It is done here, where they come up:
 * further up an ECONNRESET may be anybody's.
 */
export function clientFor(target: Target): typeof PostgresClient {
  return class extends PostgresClient {
    /** Whatever keeps a connection from being made keeps the database from being used. */
    override async acquireConnection(): Promise<unknown> {
      try {
        return await super.acquireConnection();
      } catch (error) {
        throw new DatabaseUnavailable(error, target);
      }
    }

    override async _query(connection: unknown, statement: unknown): Promise<unknown> {
      try {
        return await super._query(connection, statement);
      } catch (error) {
        if (error instanceof Error) keepWords(error);
        throw error;
      }
    }

    override async query(connection: unknown, statement: unknown): Promise<unknown> {
      try {
        return (await super.query(connection, statement)) as unknown;
      } catch (error) {
        throw isAway(error) ? new DatabaseUnavailable(error, target) : error;
      }
    }
  };
}
