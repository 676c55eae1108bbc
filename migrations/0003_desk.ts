import type { Knex } from 'knex';

/** What `migrate down` takes away with it. */
export const losesOnDown = 'why each field changed, what was merged into what, and the events of customers';

/** What people do with cases and customers beside the mail, and why each field is as it is. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.raw(COLUMNS);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.raw(`
    drop table customer_events;
    alter table case_events drop column reason;
    alter table cases drop column merged_into;
    alter table customers drop column merged_into;
  `);
}

// What is merged stays as a row that points on: its external id and its number are still written in mail to come. The
// pointer leads to the end in one step, for whoever merges on repoints what points here.
const COLUMNS = `
alter table case_events
  add column reason text;                   -- what it goes back to: a header, the lifecycle, a merge; null: a person set it

alter table cases
  add column merged_into bigint references cases,
  add check (merged_into is null or (merged_into <> id and status = 'closed'));

alter table customers
  add column merged_into bigint references customers,
  add check (merged_into <> id);

create table customer_events (              -- what people changed of a customer
  id bigint generated always as identity primary key,
  customer_id bigint not null references customers,
  at timestamptz not null default now(),
  field text not null,
  old text,
  new text,
  actor text not null
);

create index on cases (merged_into) where merged_into is not null;
create index on customers (merged_into) where merged_into is not null;
create index on customer_events (customer_id, at);
`;
