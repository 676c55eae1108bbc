import type pg from 'pg';
import { errorCode } from '../errors.ts';
import { isAway } from './unavailable.ts';

/** A connection, with what knex notes on it: one that has this set is never handed out again. */
export type Connection = pg.Client & { __knex__disposed?: unknown };

/** The server has no more of them to give. Those that it gave are good. */
const TOO_MANY_CONNECTIONS = '53300';

/**
 * Knows which connections of one pool can still be used. When the database was away, not only the connection that
 * noticed is dead, but maybe each that is older, without a word: a statement on one would hang until its timeout.
 */
export class Connections {
  private generation = 0;
  private readonly generations = new WeakMap<Connection, number>();
  private readonly faults = new WeakMap<Connection, Error>();

  private readonly beingMade = new Set<Connection>();

  /** Notes a connection that is about to be made. */
  addUnmade(connection: Connection): void {
    this.beingMade.add(connection);
    connection.once('end', () => this.beingMade.delete(connection));
  }

  /** Notes a connection that has just been made. */
  add(connection: Connection): void {
    this.beingMade.delete(connection);
    this.generations.set(connection, this.generation);
  }

  /** Whether it may be handed out. */
  isUsable(connection: Connection): boolean {
    return !this.faults.has(connection) && this.generations.get(connection) === this.generation;
  }

  /** Why a connection was torn down, if it was. */
  faultOf(connection: Connection): Error | undefined {
    return this.faults.get(connection);
  }

  /** Forgets all connections made until now, where an error says that the database is away. */
  noteFailure(error: unknown): void {
    if (isAway(error) && errorCode(error) !== TOO_MANY_CONNECTIONS) this.generation += 1;
  }

  /** Closes a connection without a farewell, which might never be answered. @param fault what its statements are told */
  tearDown(connection: Connection, fault: Error): void {
    if (this.faults.has(connection)) return;
    this.faults.set(connection, fault);
    connection.__knex__disposed = fault;
    connection.connection.stream.destroy();
  }

  /** Breaks off those that are being made, of which the end of the pool would wait for the last. */
  abandonUnmade(fault: Error): void {
    // The error is what becomes of the attempt, and says nothing of the database.
    for (const { connection } of this.beingMade) connection.stream.destroy(fault);
  }
}
