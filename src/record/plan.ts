import type { Kind } from '../message/kind.ts';
import type { Direction, Directives } from '../rules/directives.ts';
import type { Incoming } from './incoming.ts';
import type { Customer, InteractionRef, SupportCase } from './view.ts';

/** A customer stands for an id that is known when it is stored. */
export type EventValue = string | Customer | null;

/** One change of a case's field. */
export interface CaseEvent {
  readonly supportCase: SupportCase;
  readonly at: Date;
  readonly field: string;
  readonly old: EventValue;
  readonly new: EventValue;
  readonly interaction: InteractionRef;
  /** What it goes back to, for people: a header, the lifecycle. */
  readonly reason: string | null;
}

export interface NewInteraction extends InteractionRef {
  incoming: Incoming;
  supportCase: SupportCase;
  customer: Customer | undefined;
  outsider: boolean;
}

/** What a trusted copy changes in an interaction that is stored already. */
export interface ChangedInteraction extends InteractionRef {
  readonly id: number;
  readonly supportCase: SupportCase;
  readonly customer: Customer | undefined;
  readonly direction: Direction;
  readonly kind: Kind;
  readonly directives: Directives;
  readonly outsider: boolean;
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
  readonly participants: { supportCase: SupportCase; key: string }[];
  readonly interactions: NewInteraction[];
  readonly changed: ChangedInteraction[];
  readonly events: CaseEvent[];
  readonly receipts: NewReceipt[];
  /** Whose mail was a flood, once for each message. */
  readonly floods: Customer[];
}

export function emptyPlan(): Plan {
  return {
    customers: new Set(),
    emails: [],
    cases: new Set(),
    participants: [],
    interactions: [],
    changed: [],
    events: [],
    receipts: [],
    floods: [],
  };
}
