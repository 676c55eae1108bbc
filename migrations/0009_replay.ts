import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'which changes replays made, and which mail they have held against which rules';

/** Recorded mail can be held against the mapping and the rules of today, and what that changes is told from a person's acts. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(COLUMNS);
  await knex.schema.raw(COMMENTS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(`
    alter table case_events drop column replayed;
    alter table customer_events drop column replayed, drop column reason;
    alter table interaction_contents
      drop column from_copy, drop column trusted_headers, drop column replayed_with;
    alter table quarantine drop column trusted_headers;
  `);
  await knex.schema.raw(FORMER_COMMENTS);
}

const COLUMNS = `
alter table case_events add column replayed boolean not null default false;
alter table customer_events
  add column replayed boolean not null default false,
  add column reason text;
alter table interaction_contents
  add column from_copy boolean not null default false,
  add column trusted_headers text[],
  add column replayed_with bytea;
alter table quarantine add column trusted_headers text[];
`;

const DIRECTIVES = `'{applied: [{by, field, value}], refused: [{by, field, value, reason}], decided: [{what, value, why}]}: which header or rule set which field, what was not applied and why (field: where the value could be read), and why kind, direction, customer, case and status are as they are (decided: from migration 0003 on)'`;

const FORMER_DIRECTIVES = `'{applied: [{by, field, value}], refused: [{by, value, reason}], decided: [{what, value, why}]}: which header set which field, what was not applied and why, and why kind, direction, customer, case and status are as they are (decided: from migration 0003 on)'`;

const COMMENTS = `
comment on column case_events.replayed is
  'Whether a replay changed it: then the mail says so by the header or rule in reason, and actor is who ran the replay';
comment on column case_events.field is
  'status, priority, language, subject, labels, custom_fields.KEY, external_id, customer_id, received_at …; merged: another case (new) went into this one; interaction: a mail went from one case (old) to another (new); interaction.direction, interaction.city …: what a replay changed of a mail itself';
comment on column case_events.interaction_id is
  'The mail that changed it; beside an actor, the mail that the person moved or took for no outsider, or that was replayed; null: a person changed it, and no mail is concerned';
comment on column case_events.actor is 'The person who changed it, or who ran the replay that did; null: a mail did';
comment on column case_events.reason is
  'What the change goes back to: a header field, a rule, the lifecycle, that a person merged cases or customers or moved a mail, after "replay: " what a replay goes back to; null: a person set just this field, or it was changed before migration 0003';
comment on table customer_events is
  'What people and replays changed of a customer; what mail changes is in the directives of the mail';
comment on column customer_events.at is 'When the person acted';
comment on column customer_events.actor is 'The person who did it, or who ran the replay that did';
comment on column customer_events.replayed is
  'Whether a replay changed it: then a mail says so, by the header or rule in reason';
comment on column customer_events.reason is 'What a replay goes back to; null: a person did it';
comment on column interaction_contents.directives is ${DIRECTIVES};
comment on column interactions_with_contents.directives is ${DIRECTIVES};
comment on column interaction_contents.from_copy is
  'Whether the directives are those of a trusted copy, whose bytes are not kept: then they cannot be replayed';
comment on column interaction_contents.trusted_headers is
  'Which header fields (lower case) count, of a mail that is trusted for a signature: what it covered when the mail came; null: all, or, where it is not trusted, none';
comment on column quarantine.trusted_headers is 'As in interaction_contents';
comment on column interaction_contents.replayed_with is
  'A hash of the mapping and rules that a replay last held the mail against; null: none did';
`;

const FORMER_COMMENTS = `
comment on column interaction_contents.directives is ${FORMER_DIRECTIVES};
comment on column interactions_with_contents.directives is ${FORMER_DIRECTIVES};
comment on column case_events.field is
  'status, priority, language, subject, labels, custom_fields.KEY, external_id, customer_id, received_at …; merged: another case (new) went into this one; interaction: a mail went from one case (old) to another (new)';
comment on column case_events.interaction_id is
  'The mail that changed it; beside an actor, the mail that the person moved or took for no outsider; null: a person changed it, and no mail is concerned';
comment on column case_events.actor is 'The person who changed it; null: a mail did';
comment on column case_events.reason is
  'What the change goes back to: a header field, the lifecycle, that a person merged cases or customers or moved a mail; null: a person set just this field, or it was changed before migration 0003';
comment on table customer_events is
  'What people changed of a customer; what mail changes is in the directives of the mail';
comment on column customer_events.at is 'When the person acted';
comment on column customer_events.actor is 'The person who did it';
`;
