import { addressKey } from '../message/addresses.ts';
import { parsePersonName } from '../message/names.ts';
import type { Incoming } from './incoming.ts';
import type { Plan } from './plan.ts';
import type { Customer, View } from './view.ts';

/**
 * Finds or makes the customer of a message, and fills in what the message says of them: names only where there is
 * none yet, headers always.
 */
export function decideCustomer(view: View, plan: Plan, incoming: Incoming): Customer | undefined {
  const customer = findCustomer(view, plan, incoming);
  if (customer === undefined) {
    refuseAll(incoming);
    return undefined;
  }
  fillName(plan, customer, incoming);
  const { company, phone, custom_fields } = incoming.directives.customer;
  if (company !== undefined) set(plan, customer, 'company', company);
  if (phone !== undefined) set(plan, customer, 'phone', phone);
  for (const [key, value] of custom_fields) {
    if (customer.custom_fields[key] === value) continue;
    customer.custom_fields = withField(customer.custom_fields, key, value);
    plan.customers.add(customer);
  }
  return customer;
}

/** Adds a custom field; a key that a stranger chose (`__proto__`) is a field like any other. */
export function withField(
  fields: Record<string, string>,
  key: string,
  value: string,
): Record<string, string> {
  return Object.fromEntries([...Object.entries(fields).filter(([name]) => name !== key), [key, value]]);
}

function findCustomer(view: View, plan: Plan, incoming: Incoming): Customer | undefined {
  const { customer: address, directives } = incoming;
  const externalId = directives.customer.external_id;
  const byId = externalId === undefined ? undefined : view.customersByExternalId.get(externalId);
  if (address === undefined) return byId;

  const key = addressKey(address.address);
  const byAddress = view.customersByAddressKey.get(key);
  if (byAddress === undefined) {
    const customer = byId ?? newCustomer(plan);
    plan.emails.push({ customer, address: address.address, key });
    view.customersByAddressKey.set(key, customer);
    if (byId === undefined && externalId !== undefined) giveId(view, plan, customer, externalId);
    return customer;
  }
  if (externalId !== undefined && byId !== byAddress) {
    // The address wins: whoever sends a wrong id must not merge two people.
    if (byId === undefined && byAddress.external_id === null) giveId(view, plan, byAddress, externalId);
    else refuseId(incoming, externalId, byId !== undefined);
  }
  return byAddress;
}

/** Without an address there is no customer whose fields could be set. */
function refuseAll({ directives: { applied, refused } }: Incoming): void {
  for (const header of [...applied].filter(({ field }) => field.startsWith('customer.'))) {
    applied.splice(applied.indexOf(header), 1);
    refused.push({
      by: header.by,
      value: header.value,
      reason: 'the mail has no customer: no usable address in it',
    });
  }
}

function refuseId(incoming: Incoming, externalId: string, belongsToOther: boolean): void {
  const { applied, refused } = incoming.directives;
  const index = applied.findIndex(({ field }) => field === 'customer.external_id');
  const [header] = index < 0 ? [] : applied.splice(index, 1);
  refused.push({
    by: header?.by ?? 'customer.external_id',
    value: externalId,
    reason: belongsToOther
      ? 'the address belongs to another customer than this id'
      : 'the customer with this address has another id',
  });
}

function giveId(view: View, plan: Plan, customer: Customer, externalId: string): void {
  set(plan, customer, 'external_id', externalId);
  view.customersByExternalId.set(externalId, customer);
}

function newCustomer(plan: Plan): Customer {
  const customer: Customer = {
    id: undefined,
    first_name: null,
    last_name: null,
    company: null,
    phone: null,
    external_id: null,
    custom_fields: {},
  };
  plan.customers.add(customer);
  return customer;
}

function fillName(plan: Plan, customer: Customer, { customer: address }: Incoming): void {
  const { first, last } = parsePersonName(address?.name ?? '');
  // Half of a name is filled only from a spelling that agrees with the other half: two halves of two spellings would
  // make a third person.
  const agrees = (known: string | null, said: string | undefined) => known === null || known === said;
  if (!agrees(customer.first_name, first) || !agrees(customer.last_name, last)) return;
  if (first !== undefined) set(plan, customer, 'first_name', first);
  if (last !== undefined) set(plan, customer, 'last_name', last);
}

function set(
  plan: Plan,
  customer: Customer,
  column: 'first_name' | 'last_name' | 'company' | 'phone' | 'external_id',
  value: string,
): void {
  if (customer[column] === value) return;
  customer[column] = value;
  plan.customers.add(customer);
}
