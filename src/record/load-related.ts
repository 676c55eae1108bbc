import type { Transaction } from '../db/connect.ts';
import { MailcaseError } from '../errors.ts';
import { addressKey } from '../message/addresses.ts';
import type { Incoming } from './incoming.ts';
import { type OriginalRow, originalsOf, RELATED_COLUMNS, type RelatedRow } from './load-originals.ts';
import { distinct, rowsOf } from './rows.ts';
import { relatedIds } from './threading.ts';

export interface InteractionRow extends RelatedRow {
  readonly message_id: string;
}

/** A customer's address that the batch has to do with. */
export interface EmailRow {
  readonly address_key: string;
  readonly customer_id: number;
}

/** What the batch's messages have to do with what is recorded: ids only, no case is locked yet. */
export interface Related {
  /** By the Message-ID that a message of the batch names. */
  readonly answered: readonly InteractionRow[];
  /** By the Message-ID of a message of the batch. */
  readonly referring: readonly InteractionRow[];
  readonly originals: readonly OriginalRow[];
}

export async function loadEmails(trx: Transaction, batch: readonly Incoming[]): Promise<EmailRow[]> {
  return rowsOf<EmailRow>(
    trx,
    'select address_key, customer_id from customer_emails where address_key = any(?)',
    [customerKeys(batch)],
  );
}

export async function loadRelated(
  trx: Transaction,
  batch: readonly Incoming[],
  emails: readonly EmailRow[],
): Promise<Related> {
  const answered = await loadAnswered(trx, batch, distinct(emails.map(({ customer_id }) => customer_id)));
  const referring = await loadReferring(trx, batch);
  return { answered, referring, originals: await originalsOf(trx, batch) };
}

/**
 * Makes sure that the related interactions lie where they were found, now that their cases are locked and nobody can take
 * them out: while we waited for a lock, a person may have moved one, or a trusted copy.
 *
 * @throws MailcaseError `database_race` where one was moved
 */
export async function assertUnmoved(
  trx: Transaction,
  { answered, referring, originals }: Related,
): Promise<void> {
  const found = new Map([...answered, ...referring, ...originals].map((row) => [row.id, row.case_id]));
  const [moved] = await rowsOf<{ id: number }>(
    trx,
    `select i.id from unnest(?::bigint[], ?::bigint[]) as found(id, case_id)
       join interactions i on i.id = found.id and i.case_id <> found.case_id limit 1`,
    [[...found.keys()], [...found.values()]],
  );
  if (moved) throw new MailcaseError('database_race', `interaction ${moved.id} was moved at this moment`);
}

/** Keys of all addresses by which a customer of the batch, or a sender, may be known. */
export function customerKeys(batch: readonly Incoming[]): string[] {
  return distinct(
    batch.flatMap(({ customer, parties, direction, message }) => [
      customer.address && addressKey(customer.address.address),
      customer.ifKnown?.address && addressKey(customer.ifKnown.address.address),
      parties.sender,
      // To our own people: one of them may be the customer who is answered.
      ...(direction === 'out' && customer.address === undefined
        ? [...message.to, ...message.cc].map(({ address }) => addressKey(address))
        : []),
    ]),
  );
}

/** Most interactions that refer to one message and are looked at: a newsletter may have thousands of replies. */
const MAX_REFERRING = 20;

/**
 * Interactions that the batch answers. A newsletter may have one Message-ID for a hundred thousand customers: then it
 * is enough to know that there are several, and which of them are the senders' own.
 */
async function loadAnswered(
  trx: Transaction,
  batch: readonly Incoming[],
  customerIds: readonly number[],
): Promise<InteractionRow[]> {
  // Their own too: an answer to a Message-ID that somebody else has used before means that one.
  const ids = distinct(batch.flatMap(({ message }) => [...relatedIds(message), message.messageId]));
  if (ids.length === 0) return [];
  return rowsOf<InteractionRow>(
    trx,
    `select ${RELATED_COLUMNS}, i.message_id
     from unnest(?::text[]) as wanted(message_id) cross join lateral (
       select * from interactions shared where shared.message_id = wanted.message_id limit 2) i
     union
     select ${RELATED_COLUMNS}, i.message_id
     from interactions i where i.message_id = any(?) and i.customer_id = any(?)
     order by id`,
    [ids, ids, [...customerIds]],
  );
}

/**
 * Interactions that refer to the batch's own messages: they were read before what they answer. What wrote itself answers
 * nothing.
 */
async function loadReferring(trx: Transaction, batch: readonly Incoming[]): Promise<InteractionRow[]> {
  const ids = distinct(batch.map(({ message }) => message.messageId));
  return rowsOf<InteractionRow>(
    trx,
    `select ${RELATED_COLUMNS}, wanted.message_id
     from unnest(?::text[]) as wanted(message_id) cross join lateral (
       select a.* from interaction_references r join interactions a on a.id = r.interaction_id
       where r.message_id = wanted.message_id and a.kind in ('mail', 'list')
       order by r.interaction_id limit ${MAX_REFERRING}) i
     order by i.id`,
    [ids],
  );
}
