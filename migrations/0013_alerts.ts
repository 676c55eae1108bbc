import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'which alarms were sent: what goes on is told once more';

/** What was told of a mailbox is known to every daemon, and over restarts. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(TABLE);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('drop table alerts');
}

// By the mailbox's name: an alarm can be due before any poll has registered the mailbox.
const TABLE = `
create table alerts (
  mailbox text not null,
  condition text not null check (condition in ('stale', 'credentials', 'quarantine', 'headers_not_applied')),
  since timestamptz,
  why text,
  details jsonb not null default '{}',
  is_told boolean not null default false,
  last_sent_at timestamptz,
  claims integer not null default 0,
  not_before timestamptz,
  failures integer not null default 0 check (failures >= 0),
  primary key (mailbox, condition)
);
`;

const COMMENTS = `
comment on table alerts is
  'What people were told of a mailbox (see the option alert), so that no restart and no second daemon tells it again';
comment on column alerts.mailbox is 'Its name in the configuration';
comment on column alerts.condition is
  'stale (no good poll), credentials (login rejected), quarantine (mail waits there), headers_not_applied (of own mail)';
comment on column alerts.since is 'Since when it is so; null: all is well';
comment on column alerts.why is 'What is said of it';
comment on column alerts.details is
  'quarantine: {toldId}, the newest entry that was told of; headers_not_applied: {senders}, which own addresses, why, how many mails, when';
comment on column alerts.is_told is 'Whether an alarm went out, and no all-clear since';
comment on column alerts.last_sent_at is 'When an alarm or an all-clear last went out';
comment on column alerts.claims is 'Counts up with each daemon that is about to send: of several, one does';
comment on column alerts.not_before is
  'Nobody sends until then: a daemon is doing so, or the last attempt failed; null: nobody is and none did';
comment on column alerts.failures is 'How many attempts in a row have failed';
`;
