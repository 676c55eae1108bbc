import type { Database } from '../db/connect.ts';

type Right = 'select' | 'insert' | 'update' | 'delete';

/**
 * What polls, imports and `check` itself do with each table: without one of these, mail that comes is not recorded. A
 * test records mail with exactly these rights, and sees it fail without each of them.
 */
export const DAEMON_RIGHTS: Readonly<Record<string, readonly Right[]>> = {
  schema_migrations: ['select'],
  mailboxes: ['select', 'insert', 'update'],
  folders: ['select', 'insert', 'update'],
  receipts: ['select', 'insert', 'update'],
  quarantine: ['select', 'insert', 'update'],
  used_signatures: ['select', 'insert'],
  downloads: ['select', 'insert', 'update', 'delete'],
  awaited_messages: ['select', 'insert', 'update', 'delete'],
  customers: ['select', 'insert', 'update'],
  customer_emails: ['select', 'insert'],
  cases: ['select', 'insert', 'update'],
  case_events: ['select', 'insert'],
  case_participants: ['select', 'insert'],
  interactions: ['select', 'insert', 'update'],
  interaction_contents: ['select', 'insert', 'update'],
  interaction_references: ['select', 'insert'],
  attachments: ['insert'],
  raw_messages: ['select', 'insert', 'update'],
};

/** A right that only commands which people type need, beside those of the daemon. */
export interface HandRight {
  readonly table: string;
  readonly right: Right;
  readonly commands: readonly string[];
}

/** What people's commands do beyond what the daemon does. A test does each with exactly these rights. */
export const HAND_RIGHTS: readonly HandRight[] = [
  { table: 'attachments', right: 'select', commands: ['history', 'case', 'attachment'] },
  { table: 'case_participants', right: 'delete', commands: ['case merge'] },
  { table: 'customer_emails', right: 'delete', commands: ['customer merge'] },
  { table: 'customer_events', right: 'select', commands: ['history', 'replay'] },
  { table: 'customer_events', right: 'insert', commands: ['customer merge', 'replay'] },
];

export interface WantedRight {
  readonly table: string;
  readonly right: Right;
  /** Which commands alone need it; null where the daemon does. */
  readonly commands: readonly string[] | null;
}

/** What is done with stored logins, where a mailbox has one (`flow: refresh_token`). */
export const LOGIN_RIGHTS: readonly WantedRight[] = [
  { table: 'oauth2_tokens', right: 'select', commands: null },
  { table: 'oauth2_tokens', right: 'update', commands: null },
  { table: 'oauth2_tokens', right: 'insert', commands: ['login'] },
];

/** What is done to keep who was told of what, where somebody is (`alert`). */
export const ALERT_RIGHTS: readonly WantedRight[] = (['select', 'insert', 'update', 'delete'] as const).map(
  (right) => ({ table: 'alerts', right, commands: null }),
);

/** Tables whose ids are taken from their sequences beforehand (see nextIds in db/insert.ts). */
export const SEQUENCES_OF = ['customers', 'cases', 'interactions'] as const;

/** A right that the role lacks. */
export interface MissingRight {
  readonly kind: 'table' | 'sequence' | 'database';
  /** What it is a right on, as a GRANT names it. */
  readonly on: string;
  readonly right: string;
  /** Which commands alone need it; null where the daemon does. */
  readonly commands: readonly string[] | null;
}

/**
 * Which rights on our tables the role lacks. It asks the catalogue and does none of it. Tables that are not there are
 * left out: they are the schema's business.
 *
 * @param more wanted beside what every daemon wants
 */
export async function missingRights(
  db: Database,
  more: readonly WantedRight[] = [],
): Promise<MissingRight[]> {
  const daemon = Object.entries(DAEMON_RIGHTS).flatMap(([table, rights]) =>
    rights.map((right) => ({ table, right, commands: null })),
  );
  const wanted = [...daemon, ...HAND_RIGHTS, ...more];
  const { rows } = (await db.raw(
    `select 'table' as kind, name as "on", "right", commands
     from json_to_recordset(?::json) as wanted(name text, "right" text, commands text[])
     where not has_table_privilege(to_regclass(name), "right")
     union all
     select 'sequence', s.name, 'usage', null from unnest(?::text[]) as t(name)
       cross join lateral (select case when to_regclass(t.name) is not null
         then pg_get_serial_sequence(t.name, 'id') end as name) as s
     where not has_sequence_privilege(s.name, 'usage')
     union all
     -- A mail of megabytes is put together in a temporary table (see db/pieces.ts).
     select 'database', quote_ident(current_database()), 'temporary', null
     where not has_database_privilege(current_database(), 'temporary')`,
    [JSON.stringify(wanted.map(({ table, ...right }) => ({ name: table, ...right }))), [...SEQUENCES_OF]],
  )) as { rows: MissingRight[] };
  return rows;
}

/** What is to be granted, of what a GRANT names and of how it says so. */
type Grantable = Pick<MissingRight, 'kind' | 'on' | 'right'>;

/**
 * The statements that mend it, one for each set of rights.
 *
 * @param role as SQL writes it, quoted where need be
 */
export function grantsFor(missing: readonly Grantable[], role: string): string[] {
  const byThing = new Map<string, { kind: Grantable['kind']; on: string; rights: string[] }>();
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
