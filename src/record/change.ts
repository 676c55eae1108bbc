import type { EventValue, Plan } from './plan.ts';
import type { InteractionRef, SupportCase } from './view.ts';

/** The message that changes a case, and the interaction that it is, or is a copy of. */
export interface Cause {
  readonly supportCase: SupportCase;
  readonly interaction: InteractionRef;
  readonly at: Date;
}

/** Notes a change of one field, and that the case is to be stored. */
export function change(
  plan: Plan,
  { supportCase, interaction, at }: Cause,
  field: string,
  old: EventValue,
  value: EventValue,
  reason: string | null,
): void {
  plan.cases.add(supportCase);
  plan.events.push({ supportCase, at, field, old, new: value, interaction, reason });
}
