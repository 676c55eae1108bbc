import { isAutomatic } from '../message/kind.ts';
import { type Cause, change } from '../record/change.ts';
import { replaceCustomer, setStatus } from '../record/change-case.ts';
import { noteCase } from '../record/decide-case.ts';
import { refuse } from '../record/directives.ts';
import { caseNamed, move, type Refiled } from '../record/refile.ts';
import { setFields } from '../record/set-fields.ts';
import type { Customer, SupportCase } from '../record/view.ts';
import { type Directives, type ListChange, setBy } from '../rules/directives.ts';
import type { Deciding, ReplayedMail } from './deciding.ts';
import { newEntries, refuseAll, sayable } from './fields.ts';
import { LABELS, type News } from './news.ts';
import type { Placed } from './participation.ts';
import { replayStatus } from './status.ts';

/** The case that the mail is in by what it says today: another one only where an external id is new, and no person has put it here. */
export function replayCase(
  { view, plan, policy, says }: Deciding,
  { ref, changeable, known, incoming, news }: ReplayedMail,
  customer: Customer | undefined,
): Refiled {
  const { supportCase } = known;
  const { directives } = incoming;
  const externalId = directives.case.external_id;
  const stays = { supportCase, isNewCase: false, why: undefined };
  if (externalId === undefined || !news.has('case.external_id')) return stays;
  if (externalId === supportCase.external_id || view.casesByExternalId.get(externalId) === supportCase) {
    return stays;
  }
  const bound = changeable.isPlaced
    ? 'a person has put the mail into this case'
    : says.ofCase(supportCase, 'merged') !== undefined
      ? 'people have made one case of several here'
      : says.ofCase(supportCase, 'external_id') === 'person'
        ? 'a person has said which external id the case has'
        : undefined;
  if (bound !== undefined) {
    refuse(directives, 'case.external_id', bound);
    return stays;
  }
  const said = {
    at: policy.replaying.at,
    why: `${setBy(directives, 'case.external_id') ?? 'the external id'} names it`,
  };
  const refiled = caseNamed(view, plan, ref, changeable, incoming, customer, externalId, said);
  noteCase(incoming, refiled.supportCase, said.why);
  return refiled;
}

/** Applies what the mail newly means for its case, and for the one that it comes from. */
export function changeCases(
  deciding: Deciding,
  mail: ReplayedMail,
  placed: Placed,
  customer: Customer | undefined,
): void {
  const { view, plan, policy, says } = deciding;
  const { ref, known, incoming } = mail;
  const { supportCase, isNewCase } = placed;
  const { at } = policy.replaying;
  const cause: Cause = { supportCase, interaction: ref, at };
  if (supportCase !== known.supportCase) {
    const from = { ...cause, supportCase: known.supportCase };
    const why = setBy(incoming.directives, 'case.external_id') ?? null;
    for (const each of [from, cause]) change(plan, each, 'interaction', from.supportCase, supportCase, why);
    // Before the case that it leaves is closed: what waited there goes on waiting.
    const status = replayStatus(deciding, mail, placed, customer);
    if (status) setStatus(plan, cause, status, isNewCase);
    const isSetByPerson = says.ofCase(from.supportCase, 'status') === 'person';
    move(view, plan, from, supportCase, isSetByPerson ? undefined : 'its only mail went to another case');
    beginEarlier(deciding, mail, cause);
  } else {
    const status = replayStatus(deciding, mail, placed, customer);
    if (status) setStatus(plan, cause, status);
  }
  giveCustomer(deciding, mail, cause, placed, customer);
  setFields(plan, cause, said(deciding, mail, placed));
}

/** A case begins with its oldest mail. */
function beginEarlier({ plan }: Deciding, { incoming }: ReplayedMail, cause: Cause): void {
  const { supportCase } = cause;
  const { receivedAt } = incoming;
  if (receivedAt >= supportCase.received_at) return;
  const [old, earlier] = [supportCase.received_at.toISOString(), receivedAt.toISOString()];
  change(plan, cause, 'received_at', old, earlier, 'older mail came into it');
  supportCase.received_at = receivedAt;
}

/**
 * The customer of a case follows the mail that it began with, and one that has none gets the first who comes and is no
 * outsider.
 */
function giveCustomer(
  { plan, says }: Deciding,
  { changeable, known, incoming }: ReplayedMail,
  cause: Cause,
  { supportCase, outsider }: Placed,
  customer: Customer | undefined,
): void {
  if (customer === undefined || customer === supportCase.customer) return;
  const isMoved = supportCase !== known.supportCase;
  if (!isMoved && customer === known.customer) return;
  const isItsOwn = !isMoved && changeable.isFirst && supportCase.customer === known.customer;
  const isPerson = !outsider && !isAutomatic(incoming.message.kind);
  const isLacking = isPerson && supportCase.customer === undefined;
  if (!(isItsOwn || isLacking) || says.ofCase(supportCase, 'customer_id') === 'person') return;
  replaceCustomer(plan, cause, customer, 'the mail says whose it is');
}

/** What the mail sets of the case, without what it has said before, and without what is not its to change. */
function said(
  { says }: Deciding,
  { known, incoming, news }: ReplayedMail,
  { supportCase, isNewCase }: Refiled,
): Directives {
  const { directives, receivedAt } = incoming;
  const isMoved = supportCase !== known.supportCase;
  const whyStays = (field: string) =>
    isNewCase ? undefined : says.whyCaseStays(supportCase, field, receivedAt);
  const fields = sayable(directives, {
    ...{ owner: 'case', row: isNewCase ? undefined : supportCase, isAnother: isMoved, news, whyStays },
  });
  return withLabels(fields, supportCase, isMoved, news, whyStays('labels'));
}

/** The same with those of the labels that are new. */
function withLabels(
  directives: Directives,
  { labels }: SupportCase,
  isMoved: boolean,
  news: News,
  whyStays: string | undefined,
): Directives {
  const { byRules } = directives;
  const isSet = byRules?.cleared.has(LABELS) === true && setBy(directives, LABELS) !== undefined;
  const wanted = directives.case.labels;
  if (isSet && (isMoved || news.has(LABELS))) {
    const isSame = labels.length === wanted.length && labels.every((label) => wanted.includes(label));
    if (isSame || whyStays === undefined) return directives;
    refuseAll(directives, LABELS, whyStays);
    return withChange(directives, { added: [], removed: [] });
  }
  const change = { added: wanted, removed: [...(byRules?.labelsRemoved ?? [])] };
  const list = { field: LABELS, present: labels, isWhole: isMoved, news, whyStays };
  return withChange(directives, newEntries(directives, change, list));
}

function withChange(directives: Directives, { added, removed }: ListChange): Directives {
  const { byRules } = directives;
  const cleared = new Set([...(byRules?.cleared ?? [])].filter((field) => field !== LABELS));
  return {
    ...directives,
    case: { ...directives.case, labels: [...added] },
    byRules: byRules && { ...byRules, cleared, labelsRemoved: new Set(removed) },
  };
}
