import type { Plan } from './plan.ts';
import { addTo } from './rows.ts';
import type { Activity, Customer, KnownInteraction, SupportCase, View } from './view.ts';

/**
 * What was decided of earlier batches and not stored, since they are only tried: the batches that follow see it as if it
 * were. Only what was changed is kept, so it grows with the changes, and not with what was looked at.
 */
export class Foreseen {
  readonly customers = new Map<number, Customer>();
  readonly customersByExternalId = new Map<string, Customer>();
  readonly customersByKey = new Map<string, Customer>();
  readonly cases = new Map<number, SupportCase>();
  readonly casesByExternalId = new Map<string, SupportCase>();
  readonly interactions = new Map<number, KnownInteraction>();
  private readonly keys = new Map<Customer, string[]>();
  private readonly participants = new Map<SupportCase, string[]>();
  private readonly activities = new Map<SupportCase, Activity>();
  private readonly growths = new Map<SupportCase, number>();

  /** Keeps what a plan would change. */
  keep(view: View, { customers, emails, cases, changed, participants }: Plan): void {
    for (const customer of customers) this.keepCustomer(customer);
    for (const { customer, key } of emails) {
      this.keepCustomer(customer);
      this.customersByKey.set(key, customer);
      addTo(this.keys, customer, key);
    }
    for (const { supportCase, key } of participants) addTo(this.participants, supportCase, key);
    const filled = changed.map(({ supportCase }) => supportCase);
    const resized = view.growths.keys();
    for (const supportCase of new Set([...cases, ...filled, ...resized])) this.keepCase(view, supportCase);
    for (const { id, supportCase, customer } of changed) {
      if (customer) this.keepCustomer(customer);
      const known = view.knownInteractions.get(id);
      if (known) this.interactions.set(id, { ...known, supportCase, customer });
    }
  }

  /** The keys of addresses that a customer is to get. */
  keysOf(customer: Customer): readonly string[] {
    return this.keys.get(customer) ?? [];
  }

  /** Tells a view of a case that is loaded now what is known of it beside its row. */
  remind(view: View, supportCase: SupportCase): void {
    const activity = this.activities.get(supportCase);
    if (activity?.lastIn) view.noteActivity(supportCase, 'in', activity.lastIn);
    if (activity?.lastOut) view.noteActivity(supportCase, 'out', activity.lastOut);
    const growth = this.growths.get(supportCase);
    if (growth !== undefined) view.resize(supportCase, growth);
    if (supportCase.id === undefined) view.noteSize(supportCase, 0);
    view.addParticipants(supportCase, this.participants.get(supportCase) ?? []);
  }

  private keepCustomer(customer: Customer): void {
    if (customer.id !== undefined) this.customers.set(customer.id, customer);
    if (customer.external_id !== null) this.customersByExternalId.set(customer.external_id, customer);
  }

  private keepCase(view: View, supportCase: SupportCase): void {
    const { id, external_id, customer } = supportCase;
    if (id !== undefined) this.cases.set(id, supportCase);
    if (external_id !== null) this.casesByExternalId.set(external_id, supportCase);
    // Whoever compares two customers goes by the object.
    if (customer) this.keepCustomer(customer);
    this.activities.set(supportCase, { ...view.activityOf(supportCase) });
    const growth = view.growths.get(supportCase);
    if (growth !== undefined) this.growths.set(supportCase, growth);
  }
}
