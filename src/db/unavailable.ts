import pg from 'pg';
import { errorCode, MailcaseError } from '../errors.ts';
import { cureFor } from './cure.ts';
import { isWronglySplit, placeOf, type Target } from './place.ts';
import { serverWords } from './refusal.ts';

/** A database that cannot be used, now or at all: no message is to blame, and it is tried again. */
export class DatabaseUnavailable extends MailcaseError {
  /** What was said, without a secret. */
  readonly why: string;
  readonly cure: string;

  constructor(error: unknown, target: Target) {
    const words = serverWords(error);
    const isSafe = isServers(error) || !isWronglySplit(target.url);
    const why = isSafe ? reasonIn(error, words) : (errorCode(error) ?? 'no connection');
    const cure = cureFor(error, words, target);
    const verb = isServers(error) ? 'use' : 'reach';
    super('database_unavailable', `cannot ${verb} the database at ${placeOf(target)}: ${why} (${cure})`, {
      // It may quote a host that is a part of the password.
      ...(isSafe && { cause: causeOf(error, words) }),
    });
    this.why = why;
    this.cure = cure;
  }
}

/** Connection exceptions (class 08), shutdowns and ended connections, too_many_connections. */
const AWAY_STATES = /^(08...|57P0[1-5]|53300)$/;

const AWAY_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/** pg's own words, which have no code. */
const AWAY_WORDS =
  /^(Connection terminated|Client (was closed|has encountered)|Query read timeout|timeout exp)/;

/** Whether a statement failed because the database is not there any more. @param error what pg threw */
export function isAway(error: unknown): boolean {
  const code = errorCode(error);
  if (isServers(error)) return code !== undefined && AWAY_STATES.test(code);
  return code === undefined ? AWAY_WORDS.test(serverWords(error)) : AWAY_CODES.has(code);
}

/** Whether the server itself has said it, with a SQLSTATE. */
function isServers(error: unknown): boolean {
  return error instanceof pg.DatabaseError;
}

function reasonIn(error: unknown, words: string): string {
  const isPoolFull = error instanceof Error && error.name === 'KnexTimeoutError';
  return isPoolFull ? 'no connection of the pool became free (timeout)' : words;
}

/** What is kept of the cause: neither the statement, nor the stack of a library. */
function causeOf(error: unknown, words: string): Error {
  const code = errorCode(error);
  return Object.assign(new Error(words), code !== undefined && { code });
}
