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
  /** How many were made until now, which tells what was before what. */
  private made = 0;
  private readonly places = new WeakMap<Connection, number>();
  /** How many of them are forgotten: the first ones. */
  private forgotten = 0;
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
    this.made += 1;
    this.places.set(connection, this.made);
  }

  /** Whether it may be handed out. */
  isUsable(connection: Connection): boolean {
    return !this.faults.has(connection) && (this.places.get(connection) ?? 0) > this.forgotten;
  }

  /** Why a connection was torn down, if it was. */
  faultOf(connection: Connection): Error | undefined {
    return this.faults.get(connection);
  }

  /** The moment, for `noteFailure`. */
  now(): number {
    return this.made;
  }

  /**
   * Forgets all connections made until a moment, where an error says that the database was away then. An attempt to connect
   * may fail long after it was begun, when the database is back, and newer ones have come through.
   */
  noteFailure(error: unknown, moment = this.made): void {
    if (!isAway(error) || errorCode(error) === TOO_MANY_CONNECTIONS) return;
    this.forgotten = Math.max(this.forgotten, moment);
  }

  /** Closes a connection without a farewell, which might never be answered. @param fault what its statements are told */
  tearDown(connection: Connection, fault: Error): void {
    if (this.faults.has(connection)) return;
    this.faults.set(connection, fault);
    connection.__knex__disposed = fault;
    connection.connection.stream.destroy();
  }

  /** Breaks off those that are being made: the end of the pool would wait for the last of them. */
  abandonUnmade(fault: Error): void {
    // The error is what becomes of the attempt, and says nothing of the database.
    for (const { connection } of this.beingMade) connection.stream.destroy(fault);
  }
}
