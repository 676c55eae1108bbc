import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'all customer history';

/** The tables that operators query. Their names stay; what is needed beside them is added by later migrations. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(TABLES);
  await knex.schema.raw(INDEXES);
  await knex.schema.raw(VIEWS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(`
    drop view interactions_with_contents, customer_history, interactions_per_day;
    drop table quarantine, receipts, raw_messages, attachments, interaction_contents, case_events, interactions,
      cases, customer_emails, customers, folders, mailboxes;
  `);
}

const TABLES = `
create table mailboxes (                    -- the configured support accounts
  id bigint generated always as identity primary key,
  name text not null unique,                -- as in the configuration
  email text,                               -- the account's address, where its user name is one
  last_polled_at timestamptz,               -- when a poll last came to a good end
  last_error text,                          -- why the last poll failed; null after a good one
  lease_holder text,                        -- which daemon polls it
  leased_until timestamptz,
  created_at timestamptz not null default now()
);

create table folders (                      -- IMAP mailboxes in those accounts
  id bigint generated always as identity primary key,
  mailbox_id bigint not null references mailboxes,
  account text not null,                    -- user@host: another account behind the same name has other UIDs
  path text not null,
  role text not null default 'inbox' check (role in ('inbox', 'sent')),
  uid_validity bigint check (uid_validity between 1 and 4294967295),   -- RFC 3501, section 2.3.1.1
  started_at timestamptz not null default now(),                       -- first contact
  unique (mailbox_id, account, path)
);

create table customers (
  id bigint generated always as identity primary key,
  first_name text,
  last_name text,
  company text,
  phone text,
  external_id text unique check (octet_length(external_id) between 1 and 255),
  language text,
  custom_fields jsonb not null default '{}' check (jsonb_typeof(custom_fields) = 'object'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table customer_emails (
  id bigint generated always as identity primary key,
  customer_id bigint not null references customers,
  address text not null,                    -- as the mail wrote it
  address_key text not null unique check (octet_length(address_key) <= 1024),  -- lower case, domain in A-labels
  created_at timestamptz not null default now()
);

create table cases (
  id bigint generated always as identity primary key,
  customer_id bigint references customers,  -- the first customer; null where the mail had no usable address
  external_id text unique check (octet_length(external_id) between 1 and 255),
  subject text,
  status text not null default 'new' check (status in ('new', 'open', 'pending', 'resolved', 'closed')),
  priority smallint check (priority between 1 and 10),
  language text,
  labels text[] not null default '{}',
  custom_fields jsonb not null default '{}' check (jsonb_typeof(custom_fields) = 'object'),
  follow_up_of bigint references cases,     -- the closed case that this one goes on from
  received_at timestamptz not null,         -- of its first interaction
  opened_at timestamptz,                    -- when it last became open
  first_resolved_at timestamptz,
  resolved_at timestamptz,                  -- when it last became resolved
  closed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table interactions (
  id bigint generated always as identity primary key,
  case_id bigint not null references cases,
  customer_id bigint references customers,  -- whom this mail came from or went to, perhaps not the case's own
  folder_id bigint references folders,
  direction text not null check (direction in ('in', 'out')),
  kind text not null check (kind in ('mail', 'auto_reply', 'bounce', 'receipt', 'calendar', 'list')),
  message_id text check (octet_length(message_id) <= 998),   -- bare, without angle brackets
  in_reply_to text check (octet_length(in_reply_to) <= 998),
  reference_ids text[] not null default '{}',
  subject text,
  from_address text,
  from_name text,
  reply_to_address text,
  to_addresses text[] not null default '{}',
  cc_addresses text[] not null default '{}',
  ip_address inet,
  latitude double precision check (latitude between -90 and 90),
  longitude double precision check (longitude between -180 and 180),
  city text,
  region text,
  country_code text check (country_code ~ '^[A-Z]{2}$'),     -- ISO 3166-1 alpha-2
  user_agent text,
  trusted boolean not null,                 -- whether its x-headers were instructions
  sender_auth text not null default 'none' check (sender_auth in ('pass', 'fail', 'none')),
  outsider boolean not null default false,  -- from somebody who had no part in the case before
  dedupe_key bytea not null unique check (octet_length(dedupe_key) = 33),
  sent_at timestamptz,                      -- the Date field, where it is a date
  received_at timestamptz not null,         -- INTERNALDATE
  created_at timestamptz not null default now()
);

create table case_events (                  -- every change of a case's fields
  id bigint generated always as identity primary key,
  case_id bigint not null references cases,
  at timestamptz not null,                  -- when the mail that changed it was received, or the person acted
  field text not null,
  old text,
  new text,
  interaction_id bigint references interactions,   -- the mail that changed it; with an actor: that the person moved
  actor text,                               -- the person, where it was no mail
  check (interaction_id is not null or actor is not null)
);

create table interaction_contents (         -- apart, so that reports scan narrow rows
  interaction_id bigint primary key references interactions,
  body_text text,
  body_html text,
  headers jsonb not null,                   -- [[name, value], …] in message order
  directives jsonb not null                 -- {applied: [{by, field, value}], refused: [{by, value, reason}]}
);

create table attachments (                  -- listed; their bytes are in raw_messages
  id bigint generated always as identity primary key,
  interaction_id bigint not null references interactions,
  part text not null,                       -- IMAP part number
  file_name text,
  content_type text not null,
  content_id text,
  disposition text,
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 bytea not null check (octet_length(sha256) = 32)
);

create table raw_messages (                 -- the mail as it came, shared secrets overwritten
  interaction_id bigint primary key references interactions,
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 bytea not null check (octet_length(sha256) = 32),
  content bytea not null
);

create table receipts (                     -- what became of each message of a folder
  folder_id bigint not null references folders,
  uid_validity bigint not null check (uid_validity between 1 and 4294967295),
  uid bigint not null check (uid between 1 and 4294967295),
  dedupe_key bytea,
  outcome text not null check (outcome in ('recorded', 'duplicate', 'skipped', 'quarantined')),
  interaction_id bigint references interactions,
  attempts integer not null default 1,
  last_error text,
  recorded_at timestamptz not null default now(),
  processed_at timestamptz,                 -- when it was marked processed in the folder
  primary key (folder_id, uid_validity, uid)
);

create table quarantine (                   -- messages that could not be recorded, kept to be tried again
  id bigint generated always as identity primary key,
  folder_id bigint not null references folders,
  uid_validity bigint not null,
  uid bigint not null,
  stage text not null,                      -- fetch, parse, decide or store
  error text not null,
  attempts integer not null default 1,
  content bytea,                            -- the raw message; null where it was too large to fetch
  created_at timestamptz not null default now(),
  resolved_at timestamptz,
  unique (folder_id, uid_validity, uid)
);
`;

// Message-IDs are looked up for equality only: a hash index has no row limit that a mail could break.
const INDEXES = `
create index on customer_emails (customer_id);
create index on cases (customer_id);
create index on cases (status, received_at);
create index on cases (follow_up_of) where follow_up_of is not null;
create index on interactions (customer_id, received_at);
create index on interactions (case_id, received_at);
create index on interactions (received_at, direction);
create index on interactions using hash (message_id);
create index on interactions (folder_id);
create index on case_events (case_id, at);
create index on case_events (interaction_id);
create index on attachments (interaction_id);
create index on receipts (interaction_id);
create index on receipts (folder_id, uid_validity) where processed_at is null;
create index on quarantine (created_at) where resolved_at is null;
`;

const VIEWS = `
create view interactions_with_contents as
  select i.*, c.body_text, c.body_html, c.headers, c.directives
  from interactions i join interaction_contents c on c.interaction_id = i.id;

create view customer_history as
  select i.customer_id, i.received_at, i.direction, i.kind, i.id as interaction_id, i.case_id,
    s.external_id as case_external_id, s.status as case_status, s.subject as case_subject, i.subject,
    i.from_address, i.to_addresses
  from interactions i join cases s on s.id = i.case_id;

create view interactions_per_day as
  select (i.received_at at time zone 'UTC')::date as day, m.name as mailbox, i.direction, i.kind, count(*) as interactions
  from interactions i
    left join folders f on f.id = i.folder_id
    left join mailboxes m on m.id = f.mailbox_id
  group by 1, 2, 3, 4;
`;
