import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'since when mailboxes cannot be polled, and of what kind the error is';

/** How long a mailbox has been failing is known to every process, and over restarts. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(COLUMNS);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(
    'alter table mailboxes drop column failing_since, drop column failures, drop column error_kind',
  );
}

// A mailbox that fails already has done so since nobody knows when: its next failure begins the count.
const COLUMNS = `
alter table mailboxes
  add column failing_since timestamptz,
  add column failures integer not null default 0 check (failures >= 0),
  add column error_kind text check (error_kind in ('credentials', 'throttled', 'network', 'other')),
  add constraint mailboxes_failing_check check ((failing_since is null) = (failures = 0));
`;

const COMMENTS = `
comment on column mailboxes.failing_since is
  'When the first of the polls ended that have failed since the last good one; null where the last one was good';
comment on column mailboxes.failures is 'How many polls have failed since then, of all daemons';
comment on column mailboxes.error_kind is
  'What last_error asks for: credentials (a person who mends the login), throttled (the server asks to be left alone), network (it is tried again), other';
`;
