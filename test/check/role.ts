import { DAEMON_RIGHTS, HAND_RIGHTS, SEQUENCES_OF } from '../../src/check/rights.ts';
import type { TestDatabase } from '../support/database.ts';

/** A right on a table, as GRANT has it. */
export interface TableRight {
  readonly table: string;
  readonly right: string;
}

export const OF_THE_DAEMON: readonly TableRight[] = Object.entries(DAEMON_RIGHTS).flatMap(([table, rights]) =>
  rights.map((right) => ({ table, right })),
);

/** The GRANTs for exactly what the check asks for, and those of `without` left out. */
export function grantsOf(role: string, without: readonly TableRight[] = []): string[] {
  const isWanted = (given: TableRight) =>
    !without.some(({ table, right }) => table === given.table && right === given.right);
  return [
    ...[...OF_THE_DAEMON, ...HAND_RIGHTS]
      .filter(isWanted)
      .map(({ table, right }) => `grant ${right} on ${table} to ${role}`),
    ...SEQUENCES_OF.map((table) => `grant usage on sequence ${table}_id_seq to ${role}`),
  ];
}

/** Lends a role of the tests' server, with these rights on a database. */
export async function withRole<T>(
  { db, url: ownerUrl }: TestDatabase,
  grants: (role: string) => string[],
  work: (url: string, role: string) => Promise<T>,
): Promise<T> {
  const role = `check_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  await db.raw(`create role ${role} login password 'canary-password'`);
  try {
    for (const statement of grants(role)) await db.raw(statement);
    const url = new URL(ownerUrl);
    url.username = role;
    url.password = 'canary-password';
    return await work(url.href, role);
  } finally {
    await db.raw(`drop owned by ${role}`);
    await db.raw(`drop role ${role}`);
  }
}
