import type { Database } from '../db/connect.ts';

type Right = 'select' | 'insert' | 'update';

/**
 * What the daemon does with each table, and reading all of them, as the commands that read back do. A test records mail
 * with exactly these rights.
 */
export const TABLE_RIGHTS: Readonly<Record<string, readonly Right[]>> = {
  schema_migrations: ['select'],
  mailboxes: ['select', 'insert', 'update'],
  folders: ['select', 'insert', 'update'],
  receipts: ['select', 'insert', 'update'],
  quarantine: ['select', 'insert', 'update'],
  customers: ['select', 'insert', 'update'],
  customer_emails: ['select', 'insert'],
  cases: ['select', 'insert', 'update'],
  case_events: ['select', 'insert'],
  case_participants: ['select', 'insert'],
  interactions: ['select', 'insert', 'update'],
  interaction_contents: ['select', 'insert', 'update'],
  interaction_references: ['select', 'insert'],
  attachments: ['select', 'insert'],
  raw_messages: ['select', 'insert', 'update'],
};

/** Tables whose ids are taken from their sequences beforehand (see nextIds in db/insert.ts). */
export const SEQUENCES_OF = ['customers', 'cases', 'interactions'] as const;

/** A right that the role lacks. */
export interface MissingRight {
  readonly kind: 'table' | 'sequence' | 'database';
  /** What it is a right on, as a GRANT names it. */
  readonly on: string;
  readonly right: string;
}

/**
 * Which rights on our tables the role lacks. It asks the catalogue and does none of it. Tables that are not there are
 * left out: they are the schema's business.
 */
export async function missingRights(db: Database): Promise<MissingRight[]> {
  const wanted = Object.entries(TABLE_RIGHTS).flatMap(([name, rights]) =>
    rights.map((right) => ({ name, right })),
  );
  const { rows } = (await db.raw(
    `select 'table' as kind, name as "on", "right" from unnest(:names::text[], :rights::text[]) as wanted(name, "right")
     where not has_table_privilege(to_regclass(name), "right")
     union all
     select 'sequence', s.name, 'usage' from unnest(:sequences::text[]) as t(name)
       cross join lateral (select case when to_regclass(t.name) is not null
         then pg_get_serial_sequence(t.name, 'id') end as name) as s
     where not has_sequence_privilege(s.name, 'usage')
     union all
     -- A mail of megabytes is put together in a temporary table (see db/pieces.ts).
     select 'database', quote_ident(current_database()), 'temporary'
     where not has_database_privilege(current_database(), 'temporary')`,
    {
      names: wanted.map(({ name }) => name),
      rights: wanted.map(({ right }) => right),
      sequences: [...SEQUENCES_OF],
    } as never,
  )) as { rows: MissingRight[] };
  return rows;
}

/**
 * The statements that mend it, one for each set of rights.
 *
 * @param role as SQL writes it, quoted where need be
 */
export function grantsFor(missing: readonly MissingRight[], role: string): string[] {
  const byThing = new Map<string, { kind: MissingRight['kind']; on: string; rights: string[] }>();
  for (const { kind, on, right } of missing) {
    const thing = byThing.get(`${kind} ${on}`) ?? { kind, on, rights: [] };
    thing.rights.push(right);
    byThing.set(`${kind} ${on}`, thing);
  }
  const grants = new Map<string, string[]>();
  for (const { kind, on, rights } of byThing.values()) {
    const what = `grant ${rights.join(', ')} on ${kind === 'table' ? '' : `${kind} `}`;
    grants.set(what, [...(grants.get(what) ?? []), on]);
  }
  return [...grants].map(([what, things]) => `${what}${things.join(', ')} to ${role};`);
}
