import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown =
  'the OAuth2 tokens of all mailboxes with `flow: refresh_token`: `mailcase login` gets new ones';

/** What people consented to in `mailcase login` is kept here, so that every daemon has it. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(TABLE);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('drop table oauth2_tokens');
}

const TABLE = `
create table oauth2_tokens (
  mailbox text primary key check (length(mailbox) between 1 and 64),
  client_id text not null,
  imap_user text not null,
  token_url text not null,
  generation bigint not null default 1,
  refresh_token bytea not null,
  refresh_token_ends_at timestamptz,
  access_token bytea,
  access_token_ends_at timestamptz,
  access_token_renew_at timestamptz,
  logged_in_at timestamptz not null default now(),
  refreshed_at timestamptz not null default now(),
  check ((access_token is null) = (access_token_ends_at is null)),
  check ((access_token is null) = (access_token_renew_at is null))
);
`;

const COMMENTS = `
comment on table oauth2_tokens is
  'What mailboxes with flow: refresh_token log in with, one row each, encrypted with token_key of the configuration; mailcase login writes it, and whichever daemon renews a token';
comment on column oauth2_tokens.mailbox is
  'The name of the mailbox; it may not be in mailboxes yet, since a login comes before the first poll';
comment on column oauth2_tokens.client_id is 'The app that the tokens were given to; they are good with it alone';
comment on column oauth2_tokens.imap_user is 'The IMAP user that the login was for';
comment on column oauth2_tokens.token_url is 'Where the tokens were given';
comment on column oauth2_tokens.generation is
  'Grows with each change, so that nobody overwrites what came later';
comment on column oauth2_tokens.refresh_token is
  'Encrypted by AES-256-GCM: a version byte, the nonce (12 bytes), the text, the tag (16 bytes)';
comment on column oauth2_tokens.refresh_token_ends_at is
  'When the refresh token ends whatever is done with it; null: the provider did not say';
comment on column oauth2_tokens.access_token is 'The last access token, encrypted in the same way; null: none yet';
comment on column oauth2_tokens.access_token_ends_at is 'When the access token ends';
comment on column oauth2_tokens.access_token_renew_at is
  'From when on it is not used for another login, but renewed';
comment on column oauth2_tokens.logged_in_at is 'When a person consented, by mailcase login';
comment on column oauth2_tokens.refreshed_at is
  'When the refresh token was last given or used: providers let die what is not used for long';
`;
