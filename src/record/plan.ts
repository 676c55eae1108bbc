import type { Incoming } from './incoming.ts';
import type { Customer, InteractionRef, SupportCase } from './view.ts';

/** One change of a case's field. */
export interface CaseEvent {
  readonly supportCase: SupportCase;
  readonly at: Date;
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
  readonly interaction: InteractionRef;
}

export interface NewInteraction extends InteractionRef {
  readonly incoming: Incoming;
  readonly supportCase: SupportCase;
  readonly customer: Customer | undefined;
}

export interface NewReceipt {
  readonly incoming: Incoming;
  readonly outcome: 'recorded' | 'duplicate';
  readonly interaction: InteractionRef;
}

/** What a batch comes to: all that is to be stored. Rows without an id are new. */
export interface Plan {
  readonly customers: Set<Customer>;
  readonly emails: { customer: Customer; address: string; key: string }[];
  readonly cases: Set<SupportCase>;
  readonly interactions: NewInteraction[];
  readonly events: CaseEvent[];
  readonly receipts: NewReceipt[];
}

export function emptyPlan(): Plan {
  return { customers: new Set(), emails: [], cases: new Set(), interactions: [], events: [], receipts: [] };
}
