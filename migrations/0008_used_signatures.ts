import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'which signatures of mail were used, so that each of them could be used once more';

/** A signature counts for one mail, also years later: who has got a copy of it can send it again. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(TABLE);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw('drop table used_signatures');
}

const TABLE = `
create table used_signatures (
  nonce text primary key check (nonce ~ '^[A-Za-z0-9_-]{16,64}$'),
  key_id text not null check (key_id ~ '^[A-Za-z0-9._-]+$' and length(key_id) <= 600),
  dedupe_key bytea not null check (octet_length(dedupe_key) = 33),
  seen_at timestamptz not null default now()
);
`;

const COMMENTS = `
comment on table used_signatures is
  'Signatures of mail that were used (trust.hmac, trust.dkim): kept for ever, for each counts for one mail, whenever it is sent again';
comment on column used_signatures.nonce is 'n= of the signature (hmac), or SHA-256 of b= in base64url (dkim)';
comment on column used_signatures.key_id is 'The key that it was made with: k= (hmac), or its name in DNS (dkim)';
comment on column used_signatures.dedupe_key is
  'The mail that it counts for: its dedupe key, or one of its bytes where it went to quarantine before it could be read';
comment on column used_signatures.seen_at is 'When that mail was first read';
`;
