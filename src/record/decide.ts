import { changeCase } from './change-case.ts';
import { decideCase } from './decide-case.ts';
import { decideCustomer } from './decide-customer.ts';
import type { Incoming } from './incoming.ts';
import { emptyPlan, type NewInteraction, type Plan } from './plan.ts';
import type { View } from './view.ts';

/**
 * Decides what a batch comes to, message by message in the order of the mailbox. Pure but for the view, which learns
 * from each message so that the next one can follow it.
 */
export function decide(view: View, batch: readonly Incoming[]): Plan {
  const plan = emptyPlan();
  for (const incoming of batch) decideMessage(view, plan, incoming);
  return plan;
}

function decideMessage(view: View, plan: Plan, incoming: Incoming): void {
  const key = incoming.dedupeKey.toString('hex');
  const original = view.interactionsByDedupeKey.get(key);
  if (original) {
    plan.receipts.push({ incoming, outcome: 'duplicate', interaction: original });
    return;
  }
  const customer = decideCustomer(view, plan, incoming);
  const { supportCase, isNew } = decideCase(view, plan, incoming, customer);
  const interaction: NewInteraction = { id: undefined, incoming, supportCase, customer };
  changeCase(plan, interaction, isNew);
  plan.interactions.push(interaction);
  plan.receipts.push({ incoming, outcome: 'recorded', interaction });
  view.interactionsByDedupeKey.set(key, interaction);
  const { messageId } = incoming.message;
  if (messageId !== undefined) view.addInteraction(messageId, { supportCase, customer });
}
