import { differences } from '../desk/changes.ts';
import { decideCustomer, fillFields, knownCustomer, refuseAll } from '../record/decide-customer.ts';
import { refuse } from '../record/directives.ts';
import type { Incoming } from '../record/incoming.ts';
import type { Customer } from '../record/view.ts';
import { setBy } from '../rules/directives.ts';
import type { Deciding, ReplayedMail } from './deciding.ts';
import type { Difference } from './differences.ts';
import { fieldOf, fieldsOf, without } from './fields.ts';

/**
 * Whose mail it is. Only what names a customer, or turns the mail's direction, makes it another's; whatever else it says is
 * of the customer whom it has.
 */
export function replayCustomer(
  deciding: Deciding,
  { known, incoming, news }: ReplayedMail,
): Customer | undefined {
  const { view, plan, policy } = deciding;
  const isNamed = news.has('customer.email') || news.has('customer.external_id');
  const isTurned = incoming.direction !== known.direction && incoming.customer.address !== undefined;
  const isAsked = isNamed || isTurned;
  const subject = isAsked ? knownCustomer(view, incoming) : known.customer;
  const isAnother = isAsked && subject !== known.customer;
  const isNew = (field: string) => isAnother || news.has(`customer.${field}`);
  const customer = sayable(deciding, incoming, subject, isNew);
  const meant: Incoming = { ...incoming, directives: { ...incoming.directives, customer } };
  if (isAsked) return decideCustomer(view, plan, policy, meant);
  if (known.customer) fillFields(plan, known.customer, meant.directives, true);
  else refuseAll(meant);
  return known.customer;
}

/** What the mail sets of the customer, without what it has said before, and without what is not its to change. */
function sayable(
  { says }: Deciding,
  { directives, receivedAt }: Incoming,
  subject: Customer | undefined,
  isNew: (field: string) => boolean,
): Incoming['directives']['customer'] {
  const isSaid = (field: string) => setBy(directives, `customer.${field}`) !== undefined;
  const left = new Set<string>();
  if (!isSaid('email')) left.add('address');
  if (!isSaid('external_id')) left.add('external_id');
  for (const [field, value] of fieldsOf(directives.customer)) {
    if (!isNew(field) || !isSaid(field)) left.add(field);
    else if (subject !== undefined && fieldOf(subject, field) !== value) {
      const reason = says.whyCustomerStays(subject, field, receivedAt);
      if (reason === undefined) continue;
      left.add(field);
      refuse(directives, `customer.${field}`, reason);
    }
  }
  return without(directives.customer, left);
}

const TOLD = ['first_name', 'last_name', 'company', 'phone', 'external_id'] as const;

/** Customers as they are before a mail is looked at, so that it can be told what it has changed of them. */
export class CustomersBefore {
  private readonly rows: ReadonlyMap<Customer, Customer>;
  private readonly emails: number;
  private readonly deciding: Deciding;

  constructor(deciding: Deciding, customers: readonly (Customer | undefined)[]) {
    this.deciding = deciding;
    this.emails = deciding.plan.emails.length;
    const there = customers.filter((customer) => customer !== undefined);
    this.rows = new Map(there.map((customer) => [customer, { ...customer }]));
  }

  /** What the mail has changed. @param customer whose mail it is now */
  differences(
    customer: Customer | undefined,
    { directives }: Incoming,
    interactionId: number,
  ): Difference<Customer>[] {
    const [named = null] = ['customer.email', 'customer.external_id', 'interaction.direction'].flatMap(
      (field) => setBy(directives, field) ?? [],
    );
    const told = (row: Customer, field: string, old: string | null, value: string | null) => {
      const by = setBy(directives, `customer.${field}`) ?? named;
      return { of: 'customer', row, field, old, new: value, by, interactionId } as const;
    };
    const before = (customer && this.rows.get(customer)) ?? NOBODY;
    return [
      ...(customer ? differences(before, customer, TOLD) : []).map((each) =>
        told(customer ?? NOBODY, each.field, each.old, each.new),
      ),
      ...this.deciding.plan.emails
        .slice(this.emails)
        .map((email) => told(email.customer, 'address', null, email.address)),
    ];
  }
}

/** Who is new had nothing. */
const NOBODY: Customer = {
  id: undefined,
  first_name: null,
  last_name: null,
  company: null,
  phone: null,
  external_id: null,
  custom_fields: {},
};
