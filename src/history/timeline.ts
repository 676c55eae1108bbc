import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import type { Direction, Refused, Status } from '../rules/directives.ts';
import { distinct, groupBy } from './rows.ts';

export interface Attachment {
  /** What `mailcase attachment` takes. */
  readonly id: number;
  readonly fileName: string | null;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Whether its bytes are in the mailbox alone. */
  readonly leftInMailbox: boolean;
}

/** One mail of a history. */
export interface HistoryInteraction {
  readonly id: number;
  readonly customerId: number | null;
  readonly caseId: number;
  readonly direction: Direction;
  readonly kind: string;
  /** Whether it is from somebody who had no part in the case before. */
  readonly outsider: boolean;
  readonly receivedAt: Date;
  readonly subject: string | null;
  readonly fromName: string | null;
  readonly fromAddress: string | null;
  readonly city: string | null;
  readonly countryCode: string | null;
  readonly ipAddress: string | null;
  /** What of the mail was not kept, a sentence for each. */
  readonly cut: readonly string[];
  readonly attachments: readonly Attachment[];
  readonly refused: readonly Refused[];
}

/** A case, with those of its mails that belong to the history it stands in. */
export interface HistoryCase {
  readonly id: number;
  readonly externalId: string | null;
  readonly subject: string | null;
  readonly status: Status;
  readonly priority: number | null;
  readonly language: string | null;
  readonly labels: readonly string[];
  readonly customFields: Readonly<Record<string, string>>;
  readonly followUpOf: number | null;
  readonly interactions: readonly HistoryInteraction[];
}

export interface HistoryCustomer {
  readonly id: number;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly company: string | null;
  readonly phone: string | null;
  readonly externalId: string | null;
  readonly customFields: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly cases: readonly HistoryCase[];
}

/** How much the database holds in all, shown here or not. */
export interface HistoryTotals {
  readonly mails: number;
  readonly customers: number;
  readonly cases: number;
  readonly inbound: number;
  readonly outbound: number;
  readonly quarantined: number;
}

export interface History {
  /** In the order in which they became known. */
  readonly customers: readonly HistoryCustomer[];
  /** Cases of mails that have no usable address. */
  readonly withoutCustomer: readonly HistoryCase[];
  readonly totals: HistoryTotals;
}

export interface HistoryOptions {
  /** The largest number of interactions that are read; the latest are. */
  readonly limit?: number;
}

/** A history is read into memory, and a mailbox of years is large. */
const DEFAULT_LIMIT = 1_000;

type InteractionRow = Omit<HistoryInteraction, 'attachments'>;
type CaseRow = Omit<HistoryCase, 'interactions'>;
type CustomerRow = Omit<HistoryCustomer, 'cases'>;
type AttachmentRow = Attachment & { interactionId: number };

/**
 * Reads customers with their cases and mails, in a handful of queries however many there are. A mail stands in the
 * history of its own customer, which in a campaign's case is not the case's.
 */
export async function readHistory(db: Database, options: HistoryOptions = {}): Promise<History> {
  const interactions = await readInteractions(db, options.limit ?? DEFAULT_LIMIT);
  const cases = await readCases(db, distinct(interactions.map(({ caseId }) => caseId)));
  const customerIds = distinct(interactions.map(({ customerId }) => customerId));
  const customers = await readCustomers(
    db,
    customerIds.filter((id) => id !== null),
  );
  const casesOf = caseGrouping(interactions, cases);
  return {
    customers: customers.map((customer) => ({ ...customer, cases: casesOf(customer.id) })),
    withoutCustomer: casesOf(null),
    totals: await readTotals(db),
  };
}

/** In order of time, each with its attachments. */
async function readInteractions(db: Database, limit: number): Promise<HistoryInteraction[]> {
  const found = await rows<InteractionRow>(
    db,
    `select * from (
       select i.id, i.customer_id as "customerId", i.case_id as "caseId", i.direction, i.kind, i.outsider,
         i.received_at as "receivedAt", i.subject, i.from_name as "fromName", i.from_address as "fromAddress",
         i.city, i.country_code as "countryCode", host(i.ip_address) as "ipAddress", i.cut,
         coalesce(c.directives -> 'refused', '[]') as refused
       from interactions i left join interaction_contents c on c.interaction_id = i.id
       order by i.received_at desc, i.id desc limit ?
     ) latest order by "receivedAt", id`,
    [limit],
  );
  const attachments = await readAttachments(
    db,
    found.map(({ id }) => id),
  );
  return found.map((row) => ({ ...row, attachments: attachments.get(row.id) ?? [] }));
}

async function readAttachments(db: Database, interactionIds: number[]): Promise<Map<number, Attachment[]>> {
  const found = await rows<AttachmentRow>(
    db,
    `select id, interaction_id as "interactionId", file_name as "fileName", content_type as "contentType",
       size_bytes as "sizeBytes", left_in_mailbox as "leftInMailbox"
     from attachments where interaction_id = any(?) order by id`,
    [interactionIds],
  );
  return groupBy(found, ({ interactionId }) => interactionId);
}

async function readCases(db: Database, ids: number[]): Promise<CaseRow[]> {
  return rows(
    db,
    `select id, external_id as "externalId", subject, status, priority, language, labels,
       custom_fields as "customFields", follow_up_of as "followUpOf"
     from cases where id = any(?) order by id`,
    [ids],
  );
}

async function readCustomers(db: Database, ids: number[]): Promise<CustomerRow[]> {
  return rows(
    db,
    `select c.id, c.first_name as "firstName", c.last_name as "lastName", c.company, c.phone,
       c.external_id as "externalId", c.custom_fields as "customFields",
       array(select e.address from customer_emails e where e.customer_id = c.id order by e.id) as addresses
     from customers c where c.id = any(?) order by c.id`,
    [ids],
  );
}

async function readTotals(db: Database): Promise<HistoryTotals> {
  const [totals] = await rows<HistoryTotals>(
    db,
    `select (select count(*) from receipts) as mails, (select count(*) from customers) as customers,
       (select count(*) from cases) as cases,
       count(*) filter (where direction = 'in') as inbound,
       count(*) filter (where direction = 'out') as outbound,
       (select count(*) from quarantine where resolved_at is null) as quarantined
     from interactions`,
    [],
  );
  return totals ?? { mails: 0, customers: 0, cases: 0, inbound: 0, outbound: 0, quarantined: 0 };
}

/** @returns the cases of one customer, in the order in which his mail came to them */
function caseGrouping(interactions: readonly HistoryInteraction[], cases: readonly CaseRow[]) {
  const caseById = new Map(cases.map((row) => [row.id, row]));
  const byCustomer = groupBy(interactions, ({ customerId }) => customerId);
  return (customerId: number | null): HistoryCase[] => {
    const byCase = groupBy(byCustomer.get(customerId) ?? [], ({ caseId }) => caseId);
    return [...byCase].flatMap(([caseId, own]) => {
      const row = caseById.get(caseId);
      return row === undefined ? [] : [{ ...row, interactions: own }];
    });
  };
}
