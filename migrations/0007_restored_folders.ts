import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'which mail was dropped or put aside in folders that their server restored';

/** UIDVALIDITY has 32 bits; above them is counted how often a folder's UIDs began anew under the same one. */
const GREATEST = 4294967295;

/** A folder's own come to it from the server with the next poll. */
const FOLDER_COLUMNS = ['uid_validity', 'start_uid_validity', 'swept_uid_validity', 'found_uid_validity'];
const TABLES = ['receipts', 'awaited_messages'];

/** A server that was restored gives UIDs of known messages to new ones, and UIDVALIDITY does not say so. */
export async function up(knex: Knex): Promise<void> {
  for (const column of FOLDER_COLUMNS) await limit(knex, 'folders', column, `${column} >= 1`);
  for (const table of TABLES) await limit(knex, table, 'uid_validity', 'uid_validity >= 1');
  await knex.schema.raw(COLUMNS);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  for (const table of TABLES) await knex.schema.raw(`delete from ${table} where uid_validity > ${GREATEST}`);
  for (const column of FOLDER_COLUMNS) {
    await knex.schema.raw(`update folders set ${column} = null where ${column} > ${GREATEST}`);
    await limit(knex, 'folders', column, `${column} between 1 and ${GREATEST}`);
  }
  for (const table of TABLES) {
    await limit(knex, table, 'uid_validity', `uid_validity between 1 and ${GREATEST}`);
  }
  await knex.schema.raw(
    'alter table folders drop column last_uid, drop column last_uid_validity, drop column last_received_at, drop column last_bytes',
  );
  await knex.schema.raw(FORMER_COMMENTS);
}

async function limit(knex: Knex, table: string, column: string, condition: string): Promise<void> {
  const name = `${table}_${column}_check`;
  await knex.schema.raw(
    `alter table ${table} drop constraint ${name}, add constraint ${name} check (${condition})`,
  );
}

const COLUMNS = `
alter table folders
  add column last_uid bigint,
  add column last_uid_validity bigint,
  add column last_received_at timestamptz,
  add column last_bytes bigint;
`;

const COMMENTS = `
comment on column folders.last_uid is
  'The highest UID of a message that was read: where another message lies under it, the server gives UIDs again';
comment on column folders.last_uid_validity is 'The uid_validity that last_uid belongs to';
comment on column folders.last_received_at is 'Of the message with last_uid: INTERNALDATE';
comment on column folders.last_bytes is 'Of the message with last_uid: RFC822.SIZE';
comment on column folders.uid_validity is
  'UIDVALIDITY (RFC 3501) at the last contact, plus 2^32 for each time that its UIDs were given again, as after a backup was restored: as long as it stays, a UID means the same message';
`;

const FORMER_COMMENTS = `
comment on column folders.uid_validity is
  'UIDVALIDITY (RFC 3501) at the last contact: as long as it stays, a UID means the same message';
`;
