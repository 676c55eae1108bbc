import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'which mail was found and is not recorded yet';

/** What a search has found is remembered until it is recorded, so that a person who reads it meanwhile does not hide it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(COLUMNS);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('alter table folders drop column found_uids, drop column found_uid_validity');
  await knex.schema.raw(FORMER_COMMENTS);
}

// One value for a folder, not a row for a message: it is read with each poll, nearly always empty, and written whole.
const COLUMNS = `
alter table folders
  add column found_uids bigint[] not null default '{}',
  add column found_uid_validity bigint check (found_uid_validity between 1 and 4294967295);
`;

const COMMENTS = `
comment on column folders.found_uids is
  'UIDs of messages that a poll has found and not recorded yet: the next one takes them up, also if somebody has read them';
comment on column folders.found_uid_validity is 'The UIDVALIDITY that found_uids belong to';
comment on column mailboxes.lease_holder is 'Which daemon polls it';
comment on column mailboxes.leased_until is 'Until when, by the database''s clock, unless it is said anew';
`;

const FORMER_COMMENTS = `
comment on column mailboxes.lease_holder is 'Reserved: which daemon polls it; always null today';
comment on column mailboxes.leased_until is 'Reserved: until when; always null today';
`;
