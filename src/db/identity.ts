import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Tells this process from all others, for people too: host, process, and what tells it from one of the same number. */
export const IDENTITY = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;

const PREFIX = 'mailcase ';

/** PostgreSQL cuts an application's name after so many bytes. */
const LONGEST_NAME = 63;

/**
 * By what the database knows the sessions of a process (`pg_stat_activity.application_name`). Of a long host the end is
 * kept: what tells processes apart stands last. Only what PostgreSQL keeps as it is, so that it can be compared.
 */
export function applicationName(identity: string): string {
  return PREFIX + identity.replace(/[^!-~]/g, '?').slice(PREFIX.length - LONGEST_NAME);
}
