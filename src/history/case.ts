import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import type { CaseEvent, SupportCase } from './case-rows.ts';
import { type Customer, readCustomer } from './customer.ts';
import { type CustomerName, readCustomerNames } from './customer-names.ts';
import { type Directives, type Interaction, readDirectives, readInteractions } from './interactions.ts';
import { type Origin, originsOf, type Provenance } from './origins.ts';
import { type Placed, readPlacements } from './placements.ts';
import { distinct } from './rows.ts';

/** So many cases that follow this one, or were merged into it, are listed. */
const MOST_LISTED = 50;

/** Changes of the labels that are looked at to tell where each label came from. */
const LABEL_EVENTS = 200;

export type CaseInteraction = Interaction &
  Directives &
  Placed & {
    /** Whose mail it is. */
    readonly customer: CustomerName | null;
  };

export interface CaseHistory {
  readonly case: SupportCase;
  readonly customer: Customer | null;
  /** How many interactions there are in all. */
  readonly inbound: number;
  readonly outbound: number;
  /** The latest ones, in the order of time. */
  readonly interactions: readonly CaseInteraction[];
  /** How many events there are in all. */
  readonly changes: number;
  /** The latest ones, in the order in which they happened. */
  readonly events: readonly CaseEvent[];
  /** Where each field came from; only where it was asked for. */
  readonly origins?: readonly Origin[];
}

export interface CaseOptions {
  /** The largest number of interactions, and of events. */
  readonly limit: number;
  readonly texts?: boolean | undefined;
  readonly why?: boolean | undefined;
}

/** Reads a case in a handful of queries, however large it is. @returns undefined where there is no such case */
export async function readCase(
  db: Database,
  id: number,
  { limit, texts, why }: CaseOptions,
): Promise<CaseHistory | undefined> {
  const supportCase = await readRow(db, id);
  if (supportCase === undefined) return undefined;
  const { customer_id } = supportCase;
  const customer = customer_id === null ? null : ((await readCustomer(db, customer_id)) ?? null);
  const read = await readInteractions(db, { of: 'case_id', id, limit, texts });
  const counts = await count(db, id);
  return {
    case: supportCase,
    customer,
    ...counts,
    interactions: await withWhatBelongsTo(db, id, read),
    events: await readEvents(db, id, limit),
    ...(why === true ? { origins: originsOf(supportCase, await readProvenance(db, id)) } : {}),
  };
}

async function readRow(db: Database, id: number): Promise<SupportCase | undefined> {
  const [found] = await rows<SupportCase & { followed_by: string[] }>(
    db,
    `select id, customer_id, external_id, subject, status, priority, language, labels, custom_fields, follow_up_of,
       merged_into, received_at, opened_at, first_resolved_at, resolved_at, closed_at, created_at, updated_at,
       array(select f.id from cases f where f.follow_up_of = c.id order by f.id limit ${MOST_LISTED}) as followed_by,
       coalesce((
         select jsonb_agg(jsonb_build_object('id', m.id, 'external_id', m.external_id) order by m.id)
         from (select * from cases where merged_into = c.id order by id limit ${MOST_LISTED}) m
       ), '[]') as merged_from
     from cases c where c.id = ?`,
    [id],
  );
  // An array of bigint comes as text.
  return found && { ...found, followed_by: found.followed_by.map(Number) };
}

async function count(
  db: Database,
  id: number,
): Promise<Pick<CaseHistory, 'inbound' | 'outbound' | 'changes'>> {
  const [counts] = await rows<{ inbound: number; outbound: number; changes: number }>(
    db,
    `select count(*) filter (where direction = 'in') as inbound,
       count(*) filter (where direction = 'out') as outbound,
       (select count(*) from case_events where case_id = ?) as changes
     from interactions where case_id = ?`,
    [id, id],
  );
  return counts ?? { inbound: 0, outbound: 0, changes: 0 };
}

async function withWhatBelongsTo(
  db: Database,
  caseId: number,
  interactions: readonly Interaction[],
): Promise<CaseInteraction[]> {
  const ids = interactions.map(({ id }) => id);
  const directives = await readDirectives(db, ids);
  const placements = await readPlacements(db, caseId, directives, ids);
  const customers = await readCustomerNames(
    db,
    distinct(interactions.flatMap(({ customer_id }) => customer_id ?? [])),
  );
  return interactions.map((interaction) => ({
    ...interaction,
    applied: [],
    refused: [],
    decided: [],
    ...directives.get(interaction.id),
    ...(placements.get(interaction.id) ?? { recorded_in: null, placements: [] }),
    customer: customers.get(interaction.customer_id ?? 0) ?? null,
  }));
}

const EVENT_COLUMNS = 'id, at, field, old, new, interaction_id, actor, replayed, reason';

/**
 * The latest events in the order in which they happened here, so that the last one says what is now. By their dates they
 * would not: a mail's event has the date on which the mail was received, which may be long before it was read.
 */
async function readEvents(db: Database, caseId: number, limit: number): Promise<CaseEvent[]> {
  // In two steps: one of them alone invites a search from the end of the whole table.
  const latest = await rows<CaseEvent>(
    db,
    `with own as materialized (select * from case_events where case_id = ?)
     select ${EVENT_COLUMNS} from own order by id desc limit ?`,
    [caseId, limit],
  );
  return latest.reverse();
}

/** The events that say what the case is now, the mail that it began with, and what became of those mails' headers. */
async function readProvenance(db: Database, caseId: number): Promise<Provenance> {
  const events = await rows<CaseEvent>(
    db,
    `select ${EVENT_COLUMNS} from (
       select *, row_number() over (partition by field order by id desc) as latest
       from case_events where case_id = ?
     ) ranked
     where latest = 1 or (field = 'labels' and latest <= ${LABEL_EVENTS}) order by id`,
    [caseId],
  );
  const [first] = await rows<Provenance['first'] & { id: number }>(
    db,
    `select id, received_at, subject, customer_id from interactions where id = coalesce(
       (select interaction_id from case_events where case_id = ? and field = 'status' and old is null
        order by id limit 1),
       (select min(id) from interactions where case_id = ?)
     )`,
    [caseId, caseId],
  );
  const concerned = distinct([...events.map((event) => event.interaction_id), first?.id ?? null]);
  const directives = await readDirectives(
    db,
    concerned.filter((id) => id !== null),
  );
  return { events, first, directives };
}
