import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown =
  'what was cut of each mail, which attachments were left in the mailbox, and what is known of mail in quarantine beside its bytes';

/** Limits that cut instead of refusing, and a quarantine that people can look into, try again and clear. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(COLUMNS);
  await knex.schema.raw(WIDE_VIEW);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(`
    drop view interactions_with_contents;
    drop table awaited_messages;
    drop index receipts_left_out;
    alter table receipts drop column is_cut;
    delete from attachments where left_in_mailbox;
    alter table attachments drop column left_in_mailbox, alter column sha256 set not null;
    alter table interactions drop column cut;
    alter table raw_messages drop column is_whole;
    alter table quarantine drop column received_at, drop column size_bytes, drop column sha256, drop column trusted,
      drop column trust_reason, drop column sender_auth, drop column imported, drop column import_status,
      drop column tried_at, drop column resolution, drop column resolved_by, drop column interaction_id,
      drop column is_whole;
  `);
  await knex.schema.raw(WIDE_VIEW);
  await knex.schema.raw(FORMER_COMMENTS);
}

const COLUMNS = `
alter table interactions
  add column cut text[] not null default '{}';          -- a sentence for each thing that was not kept whole

alter table attachments
  alter column sha256 drop not null,
  add column left_in_mailbox boolean not null default false,
  add check (left_in_mailbox = (sha256 is null));

alter table raw_messages
  add column is_whole boolean not null default true;    -- false: what lies in the mailbox has attachments beside it

alter table quarantine
  add column received_at timestamptz,
  add column size_bytes bigint check (size_bytes >= 0),
  add column sha256 bytea check (octet_length(sha256) = 32),
  add column trusted boolean,                           -- the verdict is kept, since the secret in the bytes is overwritten
  add column trust_reason text,
  add column sender_auth text check (sender_auth in ('pass', 'fail', 'none')),
  add column imported boolean not null default false,   -- by an import, which records by rules of its own
  add column import_status text,
  add column tried_at timestamptz not null default now(),
  add column resolution text check (resolution in ('recorded', 'duplicate', 'skipped', 'dropped')),
  add column resolved_by text,
  add column interaction_id bigint references interactions,
  add column is_whole boolean not null default true;    -- as in raw_messages

update quarantine set sha256 = sha256(content), size_bytes = octet_length(content) where content is not null;

alter table receipts
  add column is_cut boolean not null default false;     -- of this copy; that it is a copy of may be whole

drop view interactions_with_contents;

create table awaited_messages (                         -- found in a folder, and not handed out by the server yet
  folder_id bigint not null references folders,
  uid_validity bigint not null check (uid_validity between 1 and 4294967295),
  uid bigint not null check (uid between 1 and 4294967295),
  since timestamptz not null default now(),
  attempts integer not null default 1,
  primary key (folder_id, uid_validity, uid)
);

-- What was dropped must not come back under another UID. There are few of these, and each batch looks its keys up here.
create index receipts_left_out on receipts (dedupe_key) where outcome = 'skipped';

create index on quarantine (sha256) where resolved_at is null;
create index on quarantine (interaction_id) where interaction_id is not null;
`;

// Its columns are those of its tables, and so are their comments.
const WIDE_VIEW = `
create view interactions_with_contents as
  select i.*, c.body_text, c.body_html, c.headers, c.directives
  from interactions i join interaction_contents c on c.interaction_id = i.id;

comment on view interactions_with_contents is
  'Interactions with their contents in one row; wide, so not for counting.';

do $$
declare
  each record;
begin
  for each in
    select v.attname as name, coalesce(
      col_description('interactions'::regclass, i.attnum),
      col_description('interaction_contents'::regclass, c.attnum)) as meaning
    from pg_attribute v
      left join pg_attribute i on i.attrelid = 'interactions'::regclass and i.attname = v.attname
      left join pg_attribute c on c.attrelid = 'interaction_contents'::regclass and c.attname = v.attname
    where v.attrelid = 'interactions_with_contents'::regclass and v.attnum > 0
  loop
    execute format('comment on column interactions_with_contents.%I is %L', each.name, each.meaning);
  end loop;
end
$$;
`;

const CUT = 'What of the mail was not kept, a sentence for each; empty: all of it was';

const COMMENTS = `
comment on column interactions.cut is '${CUT}';
comment on column interactions_with_contents.cut is '${CUT}';
comment on column attachments.sha256 is 'Of the decoded content; null where it was left in the mailbox';
comment on column attachments.size_bytes is
  'Of the decoded content, in bytes; of what was left in the mailbox, as the server says it: still encoded';
comment on column attachments.left_in_mailbox is
  'Whether it was not fetched, because the mail is larger than message_bytes: then it is in the mailbox alone';
comment on column raw_messages.is_whole is
  'False: the mail was larger than message_bytes, and this is what was fetched of it: the header and the text parts';
comment on column quarantine.stage is
  'Where it failed: fetch (never handed out), parse, decide (what it means) or store (the database refused its values, or loading and storing failed at them)';
comment on column quarantine.error is 'What was wrong when it was tried last';
comment on column quarantine.attempts is 'How often it was tried';
comment on column quarantine.content is
  'The raw message, shared secrets overwritten; null where it was not fetched, or somebody has dealt with it';
comment on column quarantine.resolved_at is 'When somebody dealt with it; null: it waits';
comment on column quarantine.received_at is 'When the mail server received it (INTERNALDATE); null: not known';
comment on column quarantine.size_bytes is 'Its size as the server says it; null: not known';
comment on column quarantine.sha256 is 'SHA-256 of the content; null where there was none';
comment on column quarantine.trusted is
  'Whether its x-headers are instructions, as found when it came; null: that could not be found out';
comment on column quarantine.trust_reason is 'Why, or why not';
comment on column quarantine.sender_auth is 'As in interactions';
comment on column quarantine.imported is 'Whether an import met it, and not a poll';
comment on column quarantine.import_status is 'What the import asked its cases to begin as';
comment on column quarantine.tried_at is 'When it was tried last';
comment on column quarantine.resolution is
  'What became of it: recorded, duplicate, skipped (dropped before), dropped; null: it waits';
comment on column quarantine.resolved_by is 'Who dealt with it';
comment on column quarantine.interaction_id is 'The interaction that it became, or is a copy of';
comment on column quarantine.is_whole is
  'False: the mail was larger than message_bytes, and the content is what was fetched of it';
comment on column receipts.outcome is
  'recorded: a new interaction; duplicate: a copy of one; quarantined: see quarantine; skipped: dropped from it, or a copy of what was';
comment on column receipts.dedupe_key is
  'As in interactions.dedupe_key, or a key of the bytes alone where that was not known when it was dropped; null: not known';
comment on column receipts.interaction_id is
  'The interaction that it is, or is a copy of; null for what is in quarantine or was skipped';
comment on column receipts.attempts is 'How often it was tried';
comment on column receipts.last_error is 'Why it was quarantined, when it was tried last; else null';
comment on column receipts.is_cut is
  'Whether not all of this copy was read or kept: then it is never moved or deleted, whatever it is a copy of';
comment on table awaited_messages is
  'Messages that the server lists and did not hand out yet; after a day of asking they go to quarantine.';
comment on column awaited_messages.folder_id is 'The folder that it lies in';
comment on column awaited_messages.uid_validity is 'UIDVALIDITY of the folder then';
comment on column awaited_messages.uid is 'UID of the message';
comment on column awaited_messages.since is 'When it was asked for first';
comment on column awaited_messages.attempts is 'How often it was asked for';
`;

const FORMER_COMMENTS = `
comment on column attachments.sha256 is 'Of the decoded content';
comment on column attachments.size_bytes is 'Of the decoded content, in bytes';
comment on column receipts.outcome is
  'recorded: a new interaction; duplicate: a copy of one; quarantined: see quarantine; skipped: reserved';
comment on column receipts.dedupe_key is 'As in interactions.dedupe_key; null for what was quarantined';
comment on column receipts.interaction_id is
  'The interaction that it is, or is a copy of; null for what was quarantined';
comment on column receipts.attempts is 'Reserved: always 1 today';
comment on column receipts.last_error is 'Why it was quarantined; else null';
comment on column quarantine.stage is
  'Where it failed: fetch (too large), parse, decide (what it means) or store (the database refused its values)';
comment on column quarantine.error is 'What was wrong';
comment on column quarantine.attempts is 'Reserved: always 1 today';
comment on column quarantine.content is
  'The raw message, shared secrets overwritten; null where it was too large to be fetched';
comment on column quarantine.resolved_at is
  'When somebody dealt with it; null: it waits. mailcase itself never sets it today';
`;
