import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import type { Customer } from './customer.ts';
import { fullName } from './lines.ts';

/** A customer, as far as a line of a case has room. */
export type CustomerName = Pick<Customer, 'id' | 'first_name' | 'last_name' | 'addresses'>;

/** Reads customers by their ids, each with the main address alone. */
export async function readCustomerNames(
  db: Database,
  ids: readonly number[],
): Promise<Map<number, CustomerName>> {
  if (ids.length === 0) return new Map();
  const found = await rows<CustomerName>(
    db,
    `select c.id, c.first_name, c.last_name,
       array(select e.address from customer_emails e where e.customer_id = c.id order by e.id limit 1) as addresses
     from customers c where c.id = any(?)`,
    [ids],
  );
  return new Map(found.map((row) => [row.id, row]));
}

/** `Joe Customer, joe@example.com`, of which either may be missing. Not harmless. */
export function nameAndAddress({ first_name, last_name, addresses }: CustomerName): string {
  return [fullName(first_name, last_name), addresses[0] ?? ''].filter((part) => part !== '').join(', ');
}
