import { type Address, addressKey } from '../message/addresses.ts';
import { parsePersonName } from '../message/names.ts';
import { type Directives, setBy } from '../rules/directives.ts';
import { MAX_CUSTOM_FIELDS } from '../rules/limits.ts';
import { changesOfCustomFields, withField, withoutField } from './custom-fields.ts';
import { conclude, refuse } from './directives.ts';
import { type Incoming, isClaim } from './incoming.ts';
import type { Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import type { Customer, View } from './view.ts';

/** The customer of a message, where it is known already. Changes nothing. */
export function knownCustomer(view: View, incoming: Incoming): Customer | undefined {
  const { address } = attributedAddress(view, incoming);
  const externalId = incoming.directives.customer.external_id;
  const byId = externalId === undefined ? undefined : view.customersByExternalId.get(externalId);
  const byAddress = address && view.customerAt(addressKey(address.address));
  return incoming.customer.isOwn ? (byId ?? byAddress) : (byAddress ?? byId);
}

/** A customer whom a message concerns by what it answers, which its own fields cannot say. */
export interface TiedCustomer {
  readonly customer: Customer;
  readonly why: string;
}

/**
 * Finds or makes the customer of a message, and fills in what the message says of them: names only where there is
 * none yet, headers and rules always.
 *
 * @param tied the customer whom the message concerns by what it answers, where only that can say it
 */
export function decideCustomer(
  view: View,
  plan: Plan,
  policy: Policy,
  incoming: Incoming,
  tied?: TiedCustomer,
): Customer | undefined {
  const { address, isPlanted } = attributedAddress(view, incoming);
  if (isPlanted) notePlanted(incoming);
  const howFound = finder(view, incoming, address);
  const customer = tied?.customer ?? findCustomer(view, plan, incoming, address);
  const why = isPlanted ? 'Reply-To names another known customer, so From counts' : incoming.customer.why;
  conclude(incoming.directives, {
    what: 'customer',
    value: customer && !tied ? (address?.address ?? null) : null,
    why: tied?.why ?? (customer ? `${why}; ${howFound(customer)}` : why),
  });
  if (customer === undefined) {
    refuseAll(incoming);
    return undefined;
  }
  if (tied) refuseUnknownId(incoming, customer);
  const isNamed = tied === undefined && address && view.customerAt(addressKey(address.address)) === customer;
  if (isNamed) fillName(plan, customer, address);
  const newest = view.newestOfCustomer.get(customer);
  // Old mail that is imported does not undo what newer mail has said.
  const mayReplace = !policy.importing || newest === undefined || newest <= incoming.receivedAt;
  fillFields(plan, customer, incoming.directives, mayReplace);
  return customer;
}

/** Remembers who is known before a message is looked at, and says then whether its customer was, and by what. */
function finder(
  view: View,
  { directives }: Incoming,
  address: Address | undefined,
): (customer: Customer) => string {
  const byAddress = address && view.customerAt(addressKey(address.address));
  const externalId = directives.customer.external_id;
  const byId = externalId === undefined ? undefined : view.customersByExternalId.get(externalId);
  return (customer) => {
    if (customer === byAddress) return 'known by this address';
    return customer === byId
      ? `known by ${setBy(directives, 'customer.external_id') ?? 'the external id'}`
      : 'a new customer';
  };
}

/** Fields of a customer that have one value each. */
const SINGLE = ['first_name', 'last_name', 'company', 'phone', 'language'] as const;

/** Sets what headers and rules say of a customer. @param mayReplace false where only what is empty may be filled */
export function fillFields(
  plan: Plan,
  customer: Customer,
  directives: Directives,
  mayReplace: boolean,
): void {
  for (const field of SINGLE) {
    const cleared = directives.byRules?.cleared.has(`customer.${field}`) ? null : undefined;
    const value = directives.customer[field] ?? cleared;
    if (value !== undefined && (mayReplace || customer[field] === null)) set(plan, customer, field, value);
  }
  const refusal = `a customer has at most ${MAX_CUSTOM_FIELDS} custom fields`;
  const { custom_fields } = customer;
  for (const { key, value } of changesOfCustomFields(
    'customer',
    custom_fields,
    directives,
    mayReplace,
    refusal,
  )) {
    const fields = customer.custom_fields;
    customer.custom_fields = value === null ? withoutField(fields, key) : withField(fields, key, value);
    plan.customers.add(customer);
  }
}

/**
 * Whose address it is that counts. Nobody plants mail in another's history: where a Reply-To names a known customer
 * other than From, From is the customer.
 */
function attributedAddress(
  view: View,
  { customer: { address, ifKnown } }: Incoming,
): { address: Address | undefined; isPlanted: boolean } {
  if (address === undefined || ifKnown === undefined) return { address, isPlanted: false };
  const known = view.customerAt(addressKey(address.address));
  const from = ifKnown.address && view.customerAt(addressKey(ifKnown.address.address));
  const isPlanted = known !== undefined && known !== from;
  return { address: isPlanted ? ifKnown.address : address, isPlanted };
}

function notePlanted({ customer: { address }, directives }: Incoming): void {
  directives.refused.push({
    by: 'reply-to',
    value: address?.address ?? '',
    reason: 'names a known customer other than From: the mail stays with From',
  });
}

function findCustomer(
  view: View,
  plan: Plan,
  incoming: Incoming,
  address: Address | undefined,
): Customer | undefined {
  const { directives, customer: attribution } = incoming;
  const externalId = directives.customer.external_id;
  const byId = externalId === undefined ? undefined : view.customersByExternalId.get(externalId);
  if (address === undefined) return byId;
  // The website's form writes from one address for all customers: there the id alone says whose mail it is.
  if (attribution.isOwn && externalId !== undefined && directives.customer.address === undefined) {
    return byId ?? giveId(view, plan, newCustomer(plan), externalId);
  }

  const key = addressKey(address.address);
  const byAddress = view.customerAt(key);
  if (byAddress === undefined) {
    // The address of whoever has written somebody's id would be known as that customer's from then on.
    if (byId !== undefined && isClaim(incoming)) return byId;
    const customer = byId ?? newCustomer(plan);
    plan.emails.push({ customer, address: address.address, key });
    view.addAddress(key, customer);
    if (byId === undefined && externalId !== undefined) giveIdTo(view, plan, incoming, customer, externalId);
    return customer;
  }
  if (externalId !== undefined && byId !== byAddress) {
    // The address wins: whoever sends a wrong id must not merge two people.
    if (byId === undefined && byAddress.external_id === null) {
      giveIdTo(view, plan, incoming, byAddress, externalId);
    } else if (byId === undefined)
      refuse(directives, 'customer.external_id', 'the customer with this address has another id');
    else refuse(directives, 'customer.external_id', 'the address belongs to another customer than this id');
  }
  return byAddress;
}

/** Gives an id that is nobody's to the customer of an address, unless a stranger may have taken it for himself. */
function giveIdTo(view: View, plan: Plan, incoming: Incoming, customer: Customer, externalId: string): void {
  if (!isClaim(incoming)) giveId(view, plan, customer, externalId);
  else refuse(incoming.directives, 'customer.external_id', UNTRUSTED_ID);
}

const UNTRUSTED_ID = 'nobody has this id yet, and a rule gives none by what an untrusted mail says';

/** An external id that is nobody's says nothing of a customer whom the mail concerns by what it answers. */
function refuseUnknownId({ directives }: Incoming, customer: Customer): void {
  const { external_id } = directives.customer;
  if (external_id === undefined || external_id === customer.external_id) return;
  refuse(
    directives,
    'customer.external_id',
    "nobody has this id, and the mail is a customer's by what it answers",
  );
}

/** Without an address there is no customer whose fields could be set. */
export function refuseAll({ directives: { applied, refused } }: Pick<Incoming, 'directives'>): void {
  for (const header of [...applied].filter(({ field }) => field.startsWith('customer.'))) {
    applied.splice(applied.indexOf(header), 1);
    refused.push({
      by: header.by,
      field: header.field,
      value: header.value,
      reason: 'the mail has no customer: no usable address in it',
    });
  }
}

function giveId(view: View, plan: Plan, customer: Customer, externalId: string): Customer {
  set(plan, customer, 'external_id', externalId);
  view.customersByExternalId.set(externalId, customer);
  return customer;
}

function newCustomer(plan: Plan): Customer {
  const customer: Customer = {
    id: undefined,
    first_name: null,
    last_name: null,
    company: null,
    phone: null,
    external_id: null,
    language: null,
    custom_fields: {},
  };
  plan.customers.add(customer);
  return customer;
}

function fillName(plan: Plan, customer: Customer, address: Address | undefined): void {
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
  column: (typeof SINGLE)[number] | 'external_id',
  value: string | null,
): void {
  if (customer[column] === value) return;
  customer[column] = value;
  plan.customers.add(customer);
}
