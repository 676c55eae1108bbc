import PostgresClient from 'knex/lib/dialects/postgres/index.js';
import pg from 'pg';
import { type Connection, Connections } from './connections.ts';
import { makeDurable } from './durable.ts';
import { currentEnding, cutOff, type Ending } from './ending.ts';
import type { Target } from './place.ts';
import { keepWords } from './refusal.ts';
import { DatabaseUnavailable, isAway } from './unavailable.ts';

/** How long the server may take to hang up after our farewell, in milliseconds; then the socket is closed. */
const FAREWELL_MS = 2_000;

/**
 * knex's client for a database whose errors say that they are the database's, whose statements end with the scope that
 * they are in (see endingWith), and whose pool hands out no connection from before an outage. It is done here, where
 * errors come up and connections come and go: further up an ECONNRESET may be anybody's.
 *
 * @param options.connectMs how long each answer may take while a connection is made
 */
export function clientFor(target: Target, { connectMs }: { connectMs: number }): typeof PostgresClient {
  const connections = new Connections();
  /** What keeps a connection that is in use from outliving its scope. */
  const holds = new WeakMap<Connection, () => void>();

  // knex makes a client of its own for each transaction, without the fields of this class: what is shared stands above.
  return class extends PostgresClient {
    override _driver(): typeof pg {
      const Client = class extends pg.Client {
        constructor(config: pg.ClientConfig) {
          super(config);
          connections.addUnmade(this);
        }
      };
      return { ...pg, Client };
    }

    override async acquireConnection(): Promise<Connection> {
      const ending = currentEnding();
      ending?.assertOpen();
      return await (ending ? this.acquireWithin(ending) : this.acquire());
    }

    /**
     * Whoever waits no longer than to the end of his scope leaves behind what is being made for him: it is there for the
     * next one, who else would begin anew, and never get there where a login takes longer than a scope lasts.
     */
    private acquireWithin(ending: Ending): Promise<Connection> {
      return ending.await(this.acquire(), {
        taken: (connection) =>
          holds.set(
            connection,
            ending.atEnd(() => connections.tearDown(connection, cutOff())),
          ),
        late: (connection) => void this.releaseConnection(connection),
      });
    }

    /** Whatever keeps a connection from being made keeps the database from being used. */
    private async acquire(): Promise<Connection> {
      try {
        return await super.acquireConnection();
      } catch (error) {
        throw new DatabaseUnavailable(error, target);
      }
    }

    override releaseConnection(connection: Connection): Promise<void> {
      holds.get(connection)?.();
      holds.delete(connection);
      return super.releaseConnection(connection);
    }

    override async acquireRawConnection(): Promise<Connection> {
      const begun = connections.now();
      try {
        const connection = await super.acquireRawConnection();
        await this.prepare(connection);
        connections.add(connection);
        return connection;
      } catch (error) {
        connections.noteFailure(error, begun);
        throw error;
      }
    }

    private async prepare(connection: Connection): Promise<void> {
      try {
        await makeDurable(connection, connectMs);
      } catch (error) {
        connections.tearDown(connection, new DatabaseUnavailable(error, target));
        throw error;
      }
    }

    override async validateConnection(connection: Connection): Promise<boolean> {
      return connections.isUsable(connection);
    }

    override async destroyRawConnection(connection: Connection): Promise<void> {
      const limit = setTimeout(() => connection.connection.stream.destroy(), FAREWELL_MS);
      try {
        await super.destroyRawConnection(connection);
      } finally {
        clearTimeout(limit);
      }
    }

    /** Does not wait for what is being made, which would be closed as soon as it is there. */
    override async destroy(callback?: (error?: unknown) => void): Promise<void> {
      const destroyed = super.destroy(callback);
      connections.abandonUnmade(cutOff());
      await destroyed;
    }

    override async _query(connection: Connection, statement: unknown): Promise<unknown> {
      try {
        return await super._query(connection, statement);
      } catch (error) {
        if (error instanceof Error) keepWords(error);
        throw error;
      }
    }

    override async query(connection: Connection, statement: unknown): Promise<unknown> {
      const ending = currentEnding();
      ending?.assertOpen();
      const fault = connections.faultOf(connection);
      if (fault) throw fault;
      const release = ending?.atEnd(() => connections.tearDown(connection, cutOff()));
      try {
        const answer = super.query(connection, statement) as Promise<unknown>;
        return await (ending ? ending.await(answer) : answer);
      } catch (error) {
        throw failureOf(connection, error);
      } finally {
        release?.();
      }
    }
  };

  /** What a statement failed of. Where the database is away, its connection is not used again, nor any older one. */
  function failureOf(connection: Connection, error: unknown): unknown {
    const fault = connections.faultOf(connection);
    if (fault) return fault;
    if (!isAway(error)) return error;
    const unavailable = new DatabaseUnavailable(error, target);
    connections.noteFailure(error);
    connections.tearDown(connection, unavailable);
    return unavailable;
  }
}
