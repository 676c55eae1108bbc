import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'which signatures of mail were used, so that each of them could be used once more';

/** A signature counts for one mail, also years later: who has got a copy of it can send it again. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(TABLE);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('drop table hmac_nonces');
}

const TABLE = `
create table hmac_nonces (
  nonce text primary key check (nonce ~ '^[A-Za-z0-9_-]{16,64}$'),
  key_id text not null check (key_id ~ '^[A-Za-z0-9._-]{1,64}$'),
  dedupe_key bytea not null check (octet_length(dedupe_key) = 33),
  seen_at timestamptz not null default now()
);
`;

const COMMENTS = `
comment on table hmac_nonces is
  'Signatures of mail that were used (trust.hmac): kept for ever, for each counts for one mail, whenever it is sent again';
comment on column hmac_nonces.nonce is 'n= of the signature';
comment on column hmac_nonces.key_id is 'k= of the signature: the id of the key that it was made with';
comment on column hmac_nonces.dedupe_key is
  'The mail that it counts for: its dedupe key, or one of its bytes where it went to quarantine before it could be read';
comment on column hmac_nonces.seen_at is 'When that mail was first read';
`;
