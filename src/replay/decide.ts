import { isDeepStrictEqual } from 'node:util';
import { change } from '../record/change.ts';
import { knownCustomer } from '../record/decide-customer.ts';
import { conclude } from '../record/directives.ts';
import type { CaseEvent } from '../record/plan.ts';
import { keptColumn } from '../record/store-interactions.ts';
import type { Changeable, Customer, InteractionRef, SupportCase } from '../record/view.ts';
import { type Directives, type Refused, setBy } from '../rules/directives.ts';
import { CustomersBefore, replayCustomer } from './customer.ts';
import type { Deciding, ReplayedMail } from './deciding.ts';
import type { Difference, Withheld } from './differences.ts';
import { fieldsSaid } from './fields.ts';
import { LABELS, News } from './news.ts';
import type { Replayed } from './outcome.ts';
import { place, takePart } from './participation.ts';
import type { Replayable } from './replayable.ts';
import type { KeptDirectives, StoredMail } from './stored.ts';
import { changeCases, replayCase } from './support-case.ts';

/**
 * Brings a recorded mail to what its headers and the rules say today: its customer, direction and case, and their fields.
 * What it has said before is not said again, what it says no more is not taken back, and what a person set last or a newer
 * mail has said is left.
 *
 * @param deciding whose plan gets what is to be stored
 */
export function replayMail(deciding: Deciding, replayable: Replayable): Replayed {
  const { view, plan } = deciding;
  const { id } = replayable;
  const mail = mailOf(deciding, replayable);
  const { incoming, known, stored, changeable, ref } = mail;
  const { directives, direction } = incoming;
  const firstEvent = plan.events.length;
  const before = new CustomersBefore(deciding, [known.customer, knownCustomer(view, incoming)]);
  const customer = replayCustomer(deciding, mail);
  const placed = place(deciding, mail, replayCase(deciding, mail, customer), customer);
  changeCases(deciding, mail, placed, customer);
  takePart(deciding, mail, placed, customer);
  const { supportCase, outsider } = placed;
  const said = saidOfItself(mail);
  noteOwnChanges(deciding, mail, { supportCase, customer, outsider, said });
  Object.assign(changeable.known, { supportCase, customer, direction, kind: incoming.message.kind });
  const events = plan.events.slice(firstEvent);
  noteSays(deciding, mail, events, customer);
  const differences = [
    ...events.filter((event) => !isArrival(event)).map((event) => differenceOf(event, ref, id)),
    ...before.differences(customer, incoming, id),
  ];
  const isChanged = differences.length > 0 || !isDeepStrictEqual(keptColumn(directives), stored.directives);
  if (isChanged) {
    const { trusted } = stored;
    const { kind } = incoming.message;
    const where = { supportCase, customer, direction, kind, outsider };
    plan.changed.push({ id, ...where, directives, said, trusted, fromCopy: false });
  }
  return { differences, withheld: withheldOf(directives, stored, supportCase), isChanged };
}

function mailOf(deciding: Deciding, { id, incoming: judged, attributedTo }: Replayable): ReplayedMail {
  const stored = deciding.stored.get(id);
  const original = deciding.view.originals.get(judged.dedupeKey.toString('hex'));
  const changeable: Changeable | undefined = original?.changeable;
  if (stored === undefined || original === undefined || changeable === undefined) {
    throw new TypeError('a mail is replayed that was not loaded');
  }
  const known = { ...changeable.known };
  const directives = withDecisionsOf(stored.directives, judged.directives);
  const news = new News(directives, stored.directives);
  const asked = news.has('interaction.direction') ? directives.interaction.direction : undefined;
  const direction = asked ?? known.direction;
  if (direction !== known.direction) {
    const why = `${setBy(directives, 'interaction.direction')} says so`;
    conclude(directives, { what: 'direction', value: direction, why });
  }
  const kind = (news.has('interaction.kind') && directives.interaction.kind) || known.kind;
  if (kind !== known.kind) {
    const why = `${setBy(directives, 'interaction.kind')} says so`;
    conclude(directives, { what: 'kind', value: kind, why });
  }
  const customer = direction === judged.direction ? judged.customer : attributedTo(direction);
  const message = { ...judged.message, kind };
  const incoming = { ...judged, message, directives, direction, customer, receivedAt: known.receivedAt };
  return { ref: original.ref, stored, changeable, known, incoming, news };
}

/** What was noted of a mail beside what its headers say. */
const BESIDE = ['flood', 'reply-to'];

/** What it says today, with why it is as it is; a verdict that nobody had to note is noted where headers are new. */
function withDecisionsOf({ decided, refused }: KeptDirectives, today: Directives): Directives {
  // Of a list, a part may have been refused.
  const isOfPart = ({ by, field, value }: Refused) =>
    field === LABELS &&
    today.applied.some((each) => each.by === by && each.field === field && each.value !== value);
  const kept = refused.filter((each) => BESIDE.includes(each.by) || isOfPart(each));
  const hasTrust = decided.some(({ what }) => what === 'trust');
  const trust = today.decided.filter(({ what }) => what === 'trust' && !hasTrust);
  return {
    ...today,
    applied: [...today.applied],
    refused: [...today.refused, ...kept],
    decided: [...trust, ...decided],
  };
}

/** What its own columns have from headers and rules: what was there, and what it newly says of itself. */
function saidOfItself({ stored, incoming, news }: ReplayedMail): Directives['interaction'] {
  const { interaction, byRules } = incoming.directives;
  const { direction: _direction, kind: _kind, ...said } = interaction;
  const isNew = (field: string) => news.has(`interaction.${field}`);
  const kept = Object.entries(stored.said).filter(
    ([field]) => !(isNew(field) && byRules?.cleared.has(`interaction.${field}`)),
  );
  return Object.fromEntries([...kept, ...Object.entries(said).filter(([field]) => isNew(field))]);
}

/** What becomes of the mail itself is told among the events of its case. */
function noteOwnChanges(
  { plan, policy }: Deciding,
  { ref, known, stored, incoming }: ReplayedMail,
  after: {
    readonly supportCase: SupportCase;
    readonly customer: Customer | undefined;
    readonly outsider: boolean;
    readonly said: Directives['interaction'];
  },
): void {
  const { directives, direction } = incoming;
  const { kind } = incoming.message;
  const { supportCase, customer, outsider, said } = after;
  const cause = { supportCase, interaction: ref, at: policy.replaying.at };
  const by = (field: string) => setBy(directives, field) ?? null;
  const turned = by('interaction.direction');
  const named = by('customer.email') ?? by('customer.external_id') ?? turned;
  if (direction !== known.direction) {
    change(plan, cause, 'interaction.direction', known.direction, direction, turned);
  }
  if (kind !== known.kind) {
    change(plan, cause, 'interaction.kind', known.kind, kind, by('interaction.kind'));
  }
  if (customer !== known.customer) {
    const [old, owner] = [known.customer ?? null, customer ?? null];
    change(plan, cause, 'interaction.customer_id', old, owner, named);
  }
  if (outsider !== stored.outsider) {
    change(
      plan,
      cause,
      'outsider',
      String(stored.outsider),
      String(outsider),
      by('case.external_id') ?? turned,
    );
  }
  const text = (value: unknown) => (value === undefined ? null : String(value));
  const [before, now] = [stored.said, said] as Record<string, unknown>[];
  for (const field of new Set([...Object.keys(before ?? {}), ...Object.keys(now ?? {})])) {
    const [old, value] = [text(before?.[field]), text(now?.[field])];
    const name = `interaction.${field}`;
    if (old !== value) change(plan, cause, name, old, value, by(name));
  }
}

/** From here on, what it has changed is its word. */
function noteSays(
  { says }: Deciding,
  { known, incoming }: ReplayedMail,
  events: readonly CaseEvent[],
  customer: Customer | undefined,
): void {
  for (const { supportCase, field } of events) says.noteCase(supportCase, field, known.receivedAt);
  if (customer === undefined) return;
  for (const field of fieldsSaid(incoming.directives, 'customer')) {
    says.noteCustomer(customer, field, known.receivedAt);
  }
}

/** That a mail has gone from one case to another is an event of both, and told once. */
function isArrival({ field, supportCase, new: into }: CaseEvent): boolean {
  return field === 'interaction' && supportCase === into;
}

function differenceOf(event: CaseEvent, row: InteractionRef, interactionId: number): Difference {
  const { supportCase, field, old, new: value, reason } = event;
  const isOfMail = field === 'outsider' || /^interaction\b/.test(field);
  const name = field === 'interaction' ? 'case_id' : field.replace(/^interaction\./, '');
  const subject = isOfMail
    ? ({ of: 'interaction', row } as const)
    : ({ of: 'case', row: supportCase } as const);
  return { ...subject, field: name, old, new: value, by: reason, supportCase, interactionId };
}

/** What is not done of what it says, as far as that was not so before. */
function withheldOf(
  { refused }: Directives,
  { id, directives: before }: StoredMail,
  supportCase: SupportCase,
): Withheld[] {
  const isKnown = (each: Directives['refused'][number]) =>
    before.refused.some((known) => isDeepStrictEqual(known, each));
  return refused
    .filter((each) => !isKnown(each))
    .map((each) => ({ ...each, supportCase, interactionId: id }));
}
