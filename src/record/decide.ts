import { addressKey } from '../message/addresses.ts';
import { isAutomatic } from '../message/kind.ts';
import { applyCopy } from './apply-copy.ts';
import { changeCase, setCaseCustomer } from './change-case.ts';
import { decideCase, noteCase } from './decide-case.ts';
import { decideCustomer, knownCustomer, type TiedCustomer } from './decide-customer.ts';
import { refuse } from './directives.ts';
import type { Incoming } from './incoming.ts';
import { isOutsider, noteOutsider, noteParticipants } from './participation.ts';
import { emptyPlan, type NewInteraction, type Plan } from './plan.ts';
import type { Policy } from './policy.ts';
import { type Answered, answeredInteraction, isGenerated, relatedIds } from './threading.ts';
import type { Customer, SupportCase, View } from './view.ts';

/**
 * Decides what a batch comes to, message by message in the order of the mailbox. Pure but for the view, which learns
 * from each message so that the next one can follow it.
 */
export function decide(view: View, batch: readonly Incoming[], policy: Policy): Plan {
  const plan = emptyPlan();
  for (const incoming of batch) decideMessage(view, plan, policy, incoming);
  return plan;
}

function decideMessage(view: View, plan: Plan, policy: Policy, incoming: Incoming): void {
  const key = incoming.dedupeKey.toString('hex');
  const original = view.originals.get(key);
  if (original) {
    plan.receipts.push({ incoming, outcome: 'duplicate', interaction: original.ref });
    applyCopy(view, plan, policy, original, incoming);
    return;
  }
  const answered = answeredInteraction(view, incoming, knownCustomer(view, incoming));
  const customer = decideCustomer(view, plan, policy, incoming, tiedCustomer(view, incoming, answered));
  const latest = floodedCase(view, policy, incoming, customer);
  const isFlood = latest !== undefined;
  // A case that a rule names takes its mail in, however much there is; there is none to be made.
  const flooded = isNamed(view, incoming) ? undefined : latest;
  const { supportCase, by, why } = flooded
    ? { supportCase: flooded, by: 'flood' as const, why: "a flood: the customer's latest case" }
    : decideCase(view, plan, policy, incoming, customer, answered);
  noteCase(incoming, supportCase, why);
  const outsider = by !== 'flood' && isOutsider(view, { supportCase, by }, incoming, customer);
  if (outsider) noteOutsider(incoming);
  const isFirst = by === 'new';
  const interaction: NewInteraction = { id: undefined, incoming, supportCase, customer, outsider };

  if (isFlood && customer) plan.floods.push(customer);
  if (flooded) refuseFlood(policy, incoming);
  else changeCase(view, plan, policy, interaction, { isFirst, isFlood });
  if (!flooded && !outsider) {
    if (!isAutomatic(incoming.message.kind)) setCaseCustomer(plan, interaction);
    noteParticipants(view, plan, supportCase, incoming, customer);
  }
  plan.interactions.push(interaction);
  plan.receipts.push({ incoming, outcome: 'recorded', interaction });
  if (isFirst) view.noteSize(supportCase, 0);
  view.resize(supportCase, 1);
  learn(view, key, interaction, { isFirst, flooded: flooded !== undefined });
}

/**
 * Whom a message concerns by what it answers, which its own fields cannot say: of a bounce, the one whom the bounced
 * mail went to; of an answer to a colleague, whose address is own, that colleague.
 */
function tiedCustomer(
  view: View,
  { message, direction, customer, directives }: Incoming,
  answered: Answered | undefined,
): TiedCustomer | undefined {
  const colleague = answered?.known.customer;
  if (answered === undefined || colleague === undefined) return undefined;
  // What a trusted header names comes first.
  const { address, external_id } = directives.customer;
  if (address !== undefined) return undefined;
  if (external_id !== undefined && view.customersByExternalId.has(external_id)) return undefined;
  if (message.kind === 'bounce') {
    const failed = customer.address && addressKey(customer.address.address);
    // The recipient that the report names may be one of several whom the mail went to, or one it was forwarded to.
    const wasAddressed = failed !== undefined && view.isParticipant(answered.known.supportCase, [failed]);
    if (wasAddressed && view.customerAt(failed) !== undefined) return undefined;
    return { customer: colleague, why: 'the mail that bounced was to this customer' };
  }
  if (direction === 'in' || customer.address !== undefined) return undefined;
  const keys = [...message.to, ...message.cc].map(({ address }) => addressKey(address));
  return keys.some((key) => view.customerAt(key) === colleague)
    ? { customer: colleague, why: 'outbound: to the colleague whose mail it answers' }
    : undefined;
}

/**
 * The case that takes a flood in: the customer's latest. Old mail that is imported is none, nor is mail that the
 * operator trusts.
 */
function floodedCase(
  view: View,
  { flood, importing }: Policy,
  { direction, trusted, receivedAt }: Incoming,
  customer: Customer | undefined,
): SupportCase | undefined {
  if (importing || customer === undefined || trusted || direction === 'out') return undefined;
  const isFlood = view.countInbound(customer, receivedAt, flood.window) >= flood.messages;
  return isFlood ? view.latestCases.get(customer) : undefined;
}

/** Whether a message names a case that there is by its external id. */
function isNamed(view: View, { directives }: Incoming): boolean {
  const { external_id } = directives.case;
  return external_id !== undefined && view.casesByExternalId.has(external_id);
}

/** Says that the mail has made no case; what was to be done with that case was not done either. */
function refuseFlood({ flood }: Policy, { directives }: Incoming): void {
  const reason = `a flood: more than ${flood.messages} mails of this customer in ${flood.window / 60_000} minutes make and reopen no case`;
  for (const { field } of directives.applied.filter((each) => each.field.startsWith('case.'))) {
    refuse(directives, field, reason);
  }
  directives.refused.push({ by: 'flood', value: '', reason });
}

function learn(
  view: View,
  key: string,
  interaction: NewInteraction,
  { isFirst, flooded }: { isFirst: boolean; flooded: boolean },
): void {
  const { incoming, supportCase, customer } = interaction;
  const { message, direction, receivedAt, trusted, directives } = incoming;
  const { kind } = message;
  const autoSubmitted = message.headers.all('auto-submitted').map(({ value }) => value);
  const known = {
    supportCase,
    customer,
    direction,
    kind,
    isGenerated: isGenerated(autoSubmitted),
    receivedAt,
  };
  view.originals.set(key, {
    ref: interaction,
    changeable: trusted
      ? undefined
      : {
          ...{ known, isFirst, isPlaced: false, flooded, outsider: interaction.outsider },
          ...{ applied: directives.applied, readBefore: [] },
        },
  });
  if (message.messageId !== undefined) view.addInteraction(message.messageId, known);
  for (const id of relatedIds(message)) view.addReference(id, known);
  if (!isAutomatic(message.kind)) view.noteActivity(supportCase, direction, receivedAt);
  if (customer === undefined) return;
  const latest = view.latestCases.get(customer);
  if (latest === undefined || (isFirst && supportCase.received_at >= latest.received_at)) {
    view.latestCases.set(customer, supportCase);
  }
  if (direction === 'in' && !trusted) view.noteInbound(customer, receivedAt);
  const newest = view.newestOfCustomer.get(customer);
  if (newest === undefined || receivedAt > newest) view.newestOfCustomer.set(customer, receivedAt);
}
