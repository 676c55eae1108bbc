import type { SupportCase } from '../record/view.ts';
import type { Refused } from '../rules/directives.ts';

/** A row that changes, or that is made: then it has no id until it is stored. */
export interface Changing {
  readonly id: number | undefined;
}

/** One thing that a mail changes by what it says today. */
export interface Difference<Row extends Changing = Changing> {
  readonly of: 'case' | 'customer' | 'interaction';
  readonly row: Row;
  /** As in case_events and customer_events; `case_id` of an interaction that comes into another case. */
  readonly field: string;
  /** A row stands for its id. */
  readonly old: string | Changing | null;
  readonly new: string | Changing | null;
  /** A header, a rule, or a sentence of the lifecycle. */
  readonly by: string | null;
  /** The case under which it is told; undefined of a customer, who has many. */
  readonly supportCase?: SupportCase;
  /** The mail. */
  readonly interactionId: number;
}

/** What a mail says today and what is not done, and why. */
export interface Withheld extends Refused {
  readonly supportCase: SupportCase;
  readonly interactionId: number;
}
