import { differences } from '../desk/changes.ts';
import { decideCustomer, fillFields, knownCustomer, refuseAll } from '../record/decide-customer.ts';
import type { Incoming } from '../record/incoming.ts';
import type { Customer } from '../record/view.ts';
import { allBy, type Directives, setBy } from '../rules/directives.ts';
import type { Deciding, ReplayedMail } from './deciding.ts';
import type { Difference } from './differences.ts';
import { sayable } from './fields.ts';
import type { News } from './news.ts';

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
  const meant = { ...incoming, directives: said(deciding, incoming, subject, isAnother, news) };
  if (isAsked) return decideCustomer(view, plan, policy, meant);
  if (known.customer) fillFields(plan, known.customer, meant.directives, true);
  else refuseAll(meant);
  return known.customer;
}

/** What the mail sets of the customer, without what it has said before, and without what is not its to change. */
function said(
  { says }: Deciding,
  { directives, receivedAt }: Incoming,
  subject: Customer | undefined,
  isAnother: boolean,
  news: News,
): Directives {
  const { address, external_id, ...others } = directives.customer;
  // What was refused before is not said again.
  const names = {
    ...(address && setBy(directives, 'customer.email') && { address }),
    ...(external_id !== undefined && setBy(directives, 'customer.external_id') && { external_id }),
  };
  const named = { ...directives, customer: { ...others, ...names } };
  return sayable(named, {
    ...{ owner: 'customer', row: subject, isAnother, news },
    whyStays: (field) => subject && says.whyCustomerStays(subject, field, receivedAt),
  });
}

const TOLD = ['first_name', 'last_name', 'company', 'phone', 'language', 'external_id'] as const;

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
      const by = allBy(directives, `customer.${field}`) ?? named;
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
  language: null,
  custom_fields: {},
};
