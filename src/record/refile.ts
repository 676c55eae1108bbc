import { setBy } from '../rules/directives.ts';
import { type Cause, change } from './change.ts';
import { setStatus } from './change-case.ts';
import { giveExternalId, newCase } from './decide-case.ts';
import type { Incoming } from './incoming.ts';
import type { Plan } from './plan.ts';
import type { Changeable, Customer, InteractionRef, SupportCase, View } from './view.ts';

/* How a mail that is recorded comes into another case, since it says now which one it belongs to. */

/** Where a mail belongs now. */
export interface Refiled {
  readonly supportCase: SupportCase;
  readonly isNewCase: boolean;
  /** For people; undefined where it is as it was. */
  readonly why: string | undefined;
}

/**
 * The case of an external id: the one there is, else the one that the mail has begun, which gets the id where it has
 * none, else a new one.
 *
 * @param at when it is said, as the event has it
 * @param why for people
 */
export function caseNamed(
  view: View,
  plan: Plan,
  interaction: InteractionRef,
  { known, isFirst }: Changeable,
  incoming: Incoming,
  customer: Customer | undefined,
  externalId: string,
  { at, why }: { at: Date; why: string },
): Refiled {
  const other = view.casesByExternalId.get(externalId);
  if (other) return { supportCase: other, isNewCase: false, why };
  const { supportCase } = known;
  if (isFirst && supportCase.external_id === null) {
    const header = setBy(incoming.directives, 'case.external_id') ?? null;
    change(plan, { supportCase, interaction, at }, 'external_id', null, externalId, header);
    giveExternalId(view, supportCase, externalId);
    return { supportCase, isNewCase: false, why };
  }
  const begun = newCase(plan, incoming, customer, undefined);
  giveExternalId(view, begun, externalId);
  view.noteSize(begun, 0);
  return { supportCase: begun, isNewCase: true, why };
}

/**
 * Takes a mail out of its case and into another one. A case that held nothing else has nothing left to do.
 *
 * @param cause the case that it leaves
 * @param why that one is closed, for people; undefined where its status is not to change
 */
export function move(view: View, plan: Plan, cause: Cause, into: SupportCase, why: string | undefined): void {
  const { supportCase } = cause;
  const isEmpty = view.resize(supportCase, -1) === 0;
  if (isEmpty && why !== undefined && supportCase.status !== 'closed') {
    setStatus(plan, cause, { value: 'closed', why });
  }
  view.resize(into, 1);
}
