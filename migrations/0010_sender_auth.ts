import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'no row, only what the database says of two columns';

/** sender_auth says something from now on: what it says, in the words of `\d+`. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(commentsOf(NOW));
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(commentsOf(BEFORE));
}

const NOW =
  'Whether From is verified: pass (its domain has signed the mail), fail (known to be forged), none (not known); see authentication in the configuration';

const BEFORE =
  'Whether From was verified: pass, fail, none (not known); always none as long as mailcase verifies nothing';

function commentsOf(text: string): string {
  return ['interactions', 'interactions_with_contents']
    .map((relation) => `comment on column ${relation}.sender_auth is '${text}';`)
    .join('\n');
}
