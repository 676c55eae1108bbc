import { isAutomatic } from '../message/kind.ts';
import { type Conclusion, type Status, setBy } from '../rules/directives.ts';
import { refuse } from './directives.ts';
import type { Incoming } from './incoming.ts';
import type { Policy } from './policy.ts';
import { answeredInteraction, wasAnswered } from './threading.ts';
import type { Customer, SupportCase, View } from './view.ts';

/**
 * The lifecycle: a case begins as new, or pending where it begins outbound; an outbound mail in a new case makes it
 * pending, an inbound one reopens a pending or resolved case. What wrote itself changes nothing, and begins a case only
 * as a closed one; a list reopens nothing. A status that a trusted header says wins over all, except back to new.
 *
 * Mail of several folders does not come in the order of its time. So an inbound mail that was answered before it was
 * read reopens nothing, and an outbound one leaves the case to whoever wrote after it.
 */
export function nextStatus(
  view: View,
  policy: Policy,
  incoming: Incoming,
  supportCase: SupportCase,
  customer: Customer | undefined,
  isFirst: boolean,
): Conclusion<Status> {
  const { directives, direction, message } = incoming;
  const { status } = supportCase;
  const stays = (why: string) => ({ value: status, why });
  const asked = askedStatus(view, policy, incoming, supportCase, isFirst);
  if (asked !== undefined) return asked;
  if (isAutomatic(message.kind)) {
    return isFirst
      ? { value: 'closed', why: 'automatic mail begins a case only as a closed one' }
      : stays('automatic mail changes nothing');
  }
  if (policy.importing && !isFirst) return stays('imported mail changes no status');
  if (policy.importing?.status !== undefined && directives.case.status === undefined) {
    return { value: policy.importing.status, why: 'imported mail begins its cases so (--status)' };
  }
  if (direction === 'out') {
    if (status !== 'new') return stays('an outbound mail reopens nothing');
    return isOvertaken(view, incoming, supportCase, customer)
      ? { value: 'open', why: 'an outbound mail in a new case, and a newer inbound one waits' }
      : { value: 'pending', why: isFirst ? 'a case that begins outbound' : 'an outbound mail in a new case' };
  }
  if (isFirst) return stays('a case begins so');
  if (status !== 'pending' && status !== 'resolved') return stays('an inbound mail leaves it so');
  if (message.kind === 'list') return stays('list mail reopens nothing');
  if (wasAnswered(view, incoming, customer)) return stays('this mail was answered before it was read');
  return { value: 'open', why: 'an inbound mail reopens a pending or resolved case' };
}

/** Whether somebody wrote after this outbound mail, other than what it answers. */
function isOvertaken(
  view: View,
  incoming: Incoming,
  supportCase: SupportCase,
  customer: Customer | undefined,
): boolean {
  const { lastIn } = view.activityOf(supportCase);
  if (lastIn === undefined || lastIn <= incoming.receivedAt) return false;
  // Clocks differ: an answer is never before what it answers.
  const answered = answeredInteraction(view, incoming, customer);
  return answered === undefined || answered.known.direction === 'out' || answered.known.receivedAt < lastIn;
}

/** The status that a trusted header asks for, where it may be had. */
export function askedStatus(
  view: View,
  policy: Policy,
  { directives, receivedAt }: Incoming,
  supportCase: SupportCase,
  isFirst: boolean,
): Conclusion<Status> | undefined {
  const { status } = directives.case;
  if (status === undefined) return undefined;
  if (status === 'new' && supportCase.status !== 'new') {
    refuse(directives, 'case.status', 'a case never becomes new again');
    return undefined;
  }
  if (!isFirst && status !== supportCase.status && isSettled(view, policy, supportCase, receivedAt)) {
    refuse(directives, 'case.status', 'imported, and the case has newer mail');
    return undefined;
  }
  return { value: status, why: `${setBy(directives, 'case.status')} says so` };
}

/** Whether a message is old mail that is imported into a case which has newer mail: that mail has said what counts. */
export function isSettled(
  view: View,
  { importing }: Policy,
  supportCase: SupportCase,
  receivedAt: Date,
): boolean {
  return importing !== undefined && hasNewerMail(view, supportCase, receivedAt);
}

/** Whether mail of people has come to a case, or went out of it, after a moment. */
export function hasNewerMail(view: View, supportCase: SupportCase, receivedAt: Date): boolean {
  const { lastIn, lastOut } = view.activityOf(supportCase);
  return [lastIn, lastOut].some((last) => last !== undefined && last > receivedAt);
}
