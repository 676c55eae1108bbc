import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';

/** How a customer is named: by any of their addresses, as its key (see addressKey), or by their external id. */
export type CustomerName = { readonly addressKey: string } | { readonly externalId: string };

export interface FoundCustomer {
  /** The customer who stands for what was named. */
  readonly id: number;
  /** Who was named, where that one was merged into the other. */
  readonly merged_id: number | null;
}

/** @returns the customer of that name, the one into whom they were merged where that is so */
export async function findCustomer(db: Database, name: CustomerName): Promise<FoundCustomer | undefined> {
  const [condition, value] =
    'addressKey' in name
      ? ['id = (select customer_id from customer_emails where address_key = ?)', name.addressKey]
      : ['external_id = ?', name.externalId];
  const [found] = await rows<FoundCustomer>(
    db,
    `select coalesce(merged_into, id) as id, case when merged_into is not null then id end as merged_id
     from customers where ${condition}`,
    [value],
  );
  return found;
}

/** Addresses beyond this are not compared; a domain of a provider has them by the thousand. */
const MOST_CANDIDATES = 5_000;

/** Addresses of customers that have the domain or the local part of one that has none. @param key see addressKey */
export async function addressesLike(
  db: Database,
  key: string,
): Promise<{ readonly address: string; readonly key: string }[]> {
  const at = key.lastIndexOf('@');
  return rows(
    db,
    `select address, address_key as key from customer_emails
     where starts_with(address_key, ?) or right(address_key, ?) = ? limit ${MOST_CANDIDATES}`,
    [key.slice(0, at + 1), [...key.slice(at)].length, key.slice(at)],
  );
}

/** The latest cases in which an address takes part, though it is nobody's who is a customer: in Cc, say. */
export async function casesWithParticipant(db: Database, key: string): Promise<number[]> {
  const found = await rows<{ id: number }>(
    db,
    'select case_id as id from case_participants where address_key = ? order by case_id desc limit 3',
    [key],
  );
  return found.map(({ id }) => id);
}

/** External ids that differ from this one by letter case and spaces alone. */
export async function externalIdsLike(
  db: Database,
  table: 'customers' | 'cases',
  externalId: string,
): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    `select external_id as id from ${table}
     where lower(replace(external_id, ' ', '')) = lower(replace(?, ' ', '')) order by id limit 3`,
    [externalId],
  );
  return found.map(({ id }) => id);
}

/** Whether there is a case, or a customer, with exactly this external id. */
export async function hasExternalId(
  db: Database,
  table: 'customers' | 'cases',
  externalId: string,
): Promise<boolean> {
  const found = await rows(db, `select 1 from ${table} where external_id = ?`, [externalId]);
  return found.length > 0;
}
