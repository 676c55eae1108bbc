import type { Status } from '../rules/directives.ts';

/** Rows as far as decisions need them, loaded or about to be stored. Column names are kept, so that a row is a row. */
export interface Customer {
  /** Undefined until it is stored. */
  id: number | undefined;
  first_name: string | null;
  last_name: string | null;
  company: string | null;
  phone: string | null;
  external_id: string | null;
  custom_fields: Record<string, string>;
}

export interface SupportCase {
  id: number | undefined;
  customer: Customer | undefined;
  external_id: string | null;
  subject: string | null;
  status: Status;
  priority: number | null;
  language: string | null;
  labels: string[];
  custom_fields: Record<string, string>;
  followUpOf: SupportCase | undefined;
  received_at: Date;
  opened_at: Date | null;
  first_resolved_at: Date | null;
  resolved_at: Date | null;
  closed_at: Date | null;
}

/** An interaction that a reply can be threaded to. */
export interface KnownInteraction {
  readonly supportCase: SupportCase;
  readonly customer: Customer | undefined;
}

/** An interaction's id where it is stored already, else the one about to be stored. */
export interface InteractionRef {
  id: number | undefined;
}

/**
 * All that a batch may touch, held in memory: what the database had, and on top of it what the batch's earlier
 * messages decided, so that a reply can follow its original in one batch.
 */
export class View {
  readonly interactionsByDedupeKey = new Map<string, InteractionRef>();
  readonly interactionsByMessageId = new Map<string, KnownInteraction[]>();
  readonly customersByAddressKey = new Map<string, Customer>();
  readonly customersByExternalId = new Map<string, Customer>();
  readonly casesByExternalId = new Map<string, SupportCase>();

  addInteraction(messageId: string, known: KnownInteraction): void {
    const same = this.interactionsByMessageId.get(messageId);
    if (same) same.push(known);
    else this.interactionsByMessageId.set(messageId, [known]);
  }
}
