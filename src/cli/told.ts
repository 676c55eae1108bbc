import type { Database } from '../db/connect.ts';
import type { Change, FieldChange, Subject, Value } from '../desk/changes.ts';
import { type CustomerName, nameAndAddress, readCustomerNames } from '../history/customer-names.ts';
import { harmless } from '../terminal/harmless.ts';
import { counted } from '../terminal/words.ts';

/** Customers by their ids, as far as they are known. */
export type Names = ReadonlyMap<number, CustomerName>;

/** The names of the customers whom cases got, or had: a number alone tells nobody whether it is the right one. */
export function namesIn(db: Database, changes: readonly Change[]): Promise<Names> {
  const ids = changes.flatMap((change) =>
    'field' in change && change.field === 'customer_id' ? [change.old, change.new] : [],
  );
  return readCustomerNames(db, ids.filter((id) => id !== null).map(Number));
}

/** A line for each change. */
export function told(changes: readonly Change[], dryRun: boolean, customers: Names): string {
  if (changes.length === 0) return 'nothing to change: it is like that already';
  return changes.map((change) => (dryRun ? 'would change: ' : '') + line(change, customers)).join('\n');
}

function line(change: Change, customers: Names): string {
  const subject = change.id === null ? `new ${change.of}` : `${change.of} ${change.id}`;
  if ('field' in change) return `${subject}: ${fieldWords(change, customers)}`;
  const { count, gained, from } = change;
  return `${subject}: ${counted(count, ONE_OF[gained], gained)} of ${change.of} ${from}`;
}

const ONE_OF = {
  interactions: 'interaction',
  participants: 'participant',
  addresses: 'address',
  cases: 'case',
} as const;

function fieldWords({ of, field, old, new: value }: Subject & FieldChange, customers: Names): string {
  if (field === 'customer_id') return `${customerWords(old, customers)} → ${customerWords(value, customers)}`;
  if (field === 'merged_into' && old === null) return `merged into ${of} ${value}`;
  if (field === 'case_id') return `case ${old} → ${value === null ? 'the new case' : `case ${value}`}`;
  return `${harmless(field)} ${shown(field, old)} → ${shown(field, value)}`;
}

/** `customer 13 (Joe Customer, joe@example.org)` */
function customerWords(id: Value, customers: Names): string {
  if (id === null) return 'no customer';
  const customer = customers.get(Number(id));
  const known = customer === undefined ? '' : nameAndAddress(customer);
  return `customer ${id}${known === '' ? '' : ` (${harmless(known)})`}`;
}

/** Fields whose values people write: they stand in quotes, or one would not see where they end. */
const PROSE = /^(subject|external_id|first_name|last_name|company|phone|custom_fields\..*)$/s;

function shown(field: string, value: Value): string {
  if (value === null) return '(empty)';
  return PROSE.test(field) ? `"${harmless(value)}"` : harmless(value);
}
