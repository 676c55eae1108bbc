import type { Status } from '../rules/directives.ts';

/** A case: its row, by the names of its columns, and what it hangs together with. */
export interface SupportCase {
  readonly id: number;
  readonly customer_id: number | null;
  readonly external_id: string | null;
  readonly subject: string | null;
  readonly status: Status;
  readonly priority: number | null;
  readonly language: string | null;
  readonly labels: readonly string[];
  readonly custom_fields: Readonly<Record<string, string>>;
  readonly follow_up_of: number | null;
  readonly merged_into: number | null;
  readonly received_at: Date;
  readonly opened_at: Date | null;
  readonly first_resolved_at: Date | null;
  readonly resolved_at: Date | null;
  readonly closed_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The cases that go on from this one. */
  readonly followed_by: readonly number[];
  readonly merged_from: readonly { readonly id: number; readonly external_id: string | null }[];
}

/** One change of one field of a case. */
export interface CaseEvent {
  readonly id: number;
  /** When the mail that changed it was received, or the person acted. */
  readonly at: Date;
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
  /** The mail that changed it or, where there is an actor, with which that one did something. */
  readonly interaction_id: number | null;
  /** The person, where it was no mail, or who ran the replay. */
  readonly actor: string | null;
  /** Whether a replay changed it: then the mail says so. */
  readonly replayed: boolean;
  readonly reason: string | null;
}
