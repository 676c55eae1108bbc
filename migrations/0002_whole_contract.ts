import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'who has a part in which case, and which mail counts in which folder';

/** First contact, selection by UID, who has a part in a case, and what threading backwards needs to be quick. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(COLUMNS);
  await knex.schema.raw(PARTICIPANTS);
  await knex.schema.raw(REFERENCES);
  await knex.schema.raw(INDEXES);
  await knex.schema.raw(VIEWS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(`
    drop view customer_history;
    create view customer_history as
      select i.customer_id, i.received_at, i.direction, i.kind, i.id as interaction_id, i.case_id,
        s.external_id as case_external_id, s.status as case_status, s.subject as case_subject, i.subject,
        i.from_address, i.to_addresses
      from interactions i join cases s on s.id = i.case_id;
    create index cases_customer_id_idx on cases (customer_id);
    drop index interactions_case_id_direction_received_at_idx, cases_customer_id_received_at_idx;
    drop table case_participants, interaction_references;
    alter table mailboxes drop column busy_until;
    alter table folders drop column select_by, drop column start_at, drop column start_uid, drop column start_uid_validity,
      drop column swept_uid, drop column swept_uid_validity;
  `);
}

const COLUMNS = `
alter table folders
  add column select_by text check (select_by in ('unseen', 'keyword', 'new')),
                                            -- how its mail is selected; null: it was imported from, and never polled
  add column start_at timestamptz,          -- mail received earlier does not count; null: all mail counts
  add column start_uid bigint check (start_uid between 1 and 4294967295),
                                            -- first UID that counts, as long as UIDVALIDITY is start_uid_validity
  add column start_uid_validity bigint check (start_uid_validity between 1 and 4294967295),
  add column swept_uid bigint check (swept_uid between 0 and 4294967295),
                                            -- selection by UID: every message up to here has its receipt
  add column swept_uid_validity bigint check (swept_uid_validity between 1 and 4294967295);

update folders set select_by = 'unseen';

alter table mailboxes
  add column busy_until timestamptz;        -- a poll records new mail, at the latest until then: imports give way
`;

// What is known of mail recorded before: the addresses as they compare where they are ASCII, which nearly all are. Own
// ones in To and Cc cannot be told here; nobody writes as a stranger from one of them.
const PARTICIPANTS = `
create table case_participants (            -- who wrote in a case, or was written to; never outsiders, never own addresses
  case_id bigint not null references cases,
  address_key text not null check (octet_length(address_key) <= 1024),   -- as in customer_emails
  since timestamptz not null default now(),
  primary key (case_id, address_key)
);

insert into case_participants (case_id, address_key)
  select i.case_id, e.address_key
  from interactions i join customer_emails e on e.customer_id = i.customer_id
  where i.kind in ('mail', 'list')
  union
  select i.case_id, lower(a.address)
  from interactions i cross join lateral unnest(i.to_addresses || i.cc_addresses) as a(address)
  where i.kind in ('mail', 'list') and i.direction = 'out' and a.address ~ '^[ -~]+$'
    and octet_length(a.address) <= 1024;
`;

// Looked up for each message, by its own Message-ID, to find an answer that was read before it. Rows of a table and not
// a GIN index on reference_ids: that one's planning is guesswork, and its pending list is read at each look-up.
const REFERENCES = `
create table interaction_references (       -- what an interaction refers to, by In-Reply-To, References or a report
  message_id text not null check (octet_length(message_id) <= 998),      -- bare, without angle brackets
  interaction_id bigint not null references interactions,
  primary key (message_id, interaction_id)
);

insert into interaction_references (message_id, interaction_id)
  select reference, id from interactions cross join lateral unnest(reference_ids || in_reply_to) as r(reference)
  where octet_length(reference) <= 998
  on conflict do nothing;
`;

const INDEXES = `
create index interaction_references_interaction_id_idx on interaction_references using hash (interaction_id);
create index interactions_case_id_direction_received_at_idx on interactions (case_id, direction, received_at)
  where kind in ('mail', 'list');
create index cases_customer_id_received_at_idx on cases (customer_id, received_at);
drop index cases_customer_id_idx;             -- the one before begins alike
`;

const VIEWS = `
create or replace view customer_history as
  select i.customer_id, i.received_at, i.direction, i.kind, i.id as interaction_id, i.case_id,
    s.external_id as case_external_id, s.status as case_status, s.subject as case_subject, i.subject,
    i.from_address, i.to_addresses, i.outsider
  from interactions i join cases s on s.id = i.case_id;
`;
