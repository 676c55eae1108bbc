import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown =
  'how much was downloaded in the last day, and which mail was copied by a move that was broken off';

/** What is downloaded is counted, so that a daily limit holds over restarts and daemons; a broken move is told. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(TABLE);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(`
    drop table downloads;
    alter table receipts drop column copied_at;
  `);
}

const TABLE = `
create table downloads (
  account text not null,
  hour timestamptz not null,
  bytes bigint not null,
  primary key (account, hour)
);
alter table receipts add column copied_at timestamptz;
`;

const COMMENTS = `
comment on table downloads is
  'How much was downloaded from an account in each hour of the last two days, by polls, imports and checks of all daemons; only where daily_download limits it';
comment on column downloads.account is 'user@host, as in folders: mailboxes of one account share it';
comment on column downloads.hour is 'The beginning of the hour';
comment on column downloads.bytes is
  'What was downloaded or was about to be; a program that was killed in between leaves too much here, never too little';
comment on column receipts.copied_at is
  'When a move without MOVE had copied the message and not yet deleted it; the next poll deletes it and copies nothing again; null: it was moved otherwise, or not at all';
`;
