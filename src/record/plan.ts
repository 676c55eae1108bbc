import type { Kind } from '../message/kind.ts';
import type { Direction, Directives } from '../rules/directives.ts';
import type { Incoming } from './incoming.ts';
import type { Customer, InteractionRef, SupportCase } from './view.ts';

/** A customer or case stands for an id that is known when it is stored. */
export type EventValue = string | Customer | SupportCase | null;

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
  /** Whether a trusted copy in the same batch has given it its directives. */
  fromCopy?: boolean;
}

/** What a trusted copy, or a replay, changes in an interaction that is stored already. */
export interface ChangedInteraction extends InteractionRef {
  readonly id: number;
  readonly supportCase: SupportCase;
  readonly customer: Customer | undefined;
  readonly direction: Direction;
  readonly kind: Kind;
  readonly directives: Directives;
  /** What its own columns have from headers and rules. */
  readonly said: Directives['interaction'];
  readonly outsider: boolean;
  readonly trusted: boolean;
  /** Whether the directives are a copy's, whose bytes are not kept. */
  readonly fromCopy: boolean;
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
