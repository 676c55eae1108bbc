import { conclude, refuse } from '../record/directives.ts';
import type { Incoming } from '../record/incoming.ts';
import { hasNewerMail, nextStatus } from '../record/lifecycle.ts';
import type { Refiled } from '../record/refile.ts';
import type { Customer } from '../record/view.ts';
import { type Conclusion, type Status, setBy } from '../rules/directives.ts';
import type { Deciding, ReplayedMail } from './deciding.ts';

const NEVER_NEW = 'a case never becomes new again';
const NEWER_MAIL = 'the case has newer mail';

/**
 * The status of the case with the mail in it; undefined where the mail has nothing new to say of it. What a mail asks for
 * counts as long as nothing has come to the case since; and only a mail that comes into the case, or turns its direction,
 * has an effect by what it is.
 */
export function replayStatus(
  { view, policy, says }: Deciding,
  { known, incoming, news }: ReplayedMail,
  { supportCase, isNewCase }: Refiled,
  customer: Customer | undefined,
): Conclusion<Status> | undefined {
  const { directives, direction, receivedAt } = incoming;
  const isMoved = supportCase !== known.supportCase;
  const header = setBy(directives, 'case.status');
  const isAsked = header !== undefined && (isMoved || news.has('case.status'));
  const asked = isAsked ? directives.case.status : undefined;
  const said = `${header} says so`;
  if (isNewCase) {
    // Old mail is no new work.
    const before = { value: known.supportCase.status, why: 'as that of the case that it comes from' };
    return concluded(incoming, asked === undefined ? before : { value: asked, why: said });
  }
  if (asked === supportCase.status) return undefined;
  const isSettled = hasNewerMail(view, supportCase, receivedAt);
  const stays = says.whyCaseStays(supportCase, 'status', receivedAt);
  if (asked !== undefined) {
    const reason = stays ?? (asked === 'new' ? NEVER_NEW : isSettled ? NEWER_MAIL : undefined);
    if (reason === undefined) return concluded(incoming, { value: asked, why: said });
    refuse(directives, 'case.status', reason);
    return undefined;
  }
  const isTurned = direction !== known.direction;
  // A question that waits goes on waiting where it comes to; what was settled stays so.
  const waits = known.supportCase.status === 'new' || known.supportCase.status === 'open';
  if (stays !== undefined || isSettled || !(isMoved ? waits : isTurned)) return undefined;
  const next = nextStatus(view, policy, withoutNew(incoming), supportCase, customer, false);
  return next.value === supportCase.status ? undefined : concluded(incoming, next);
}

/** What asked for a new case has been heard. */
function withoutNew(incoming: Incoming): Incoming {
  const { directives } = incoming;
  if (directives.case.status !== 'new') return incoming;
  const { status: _, ...others } = directives.case;
  return { ...incoming, directives: { ...directives, case: others } };
}

function concluded({ directives }: Incoming, status: Conclusion<Status>): Conclusion<Status> {
  conclude(directives, { what: 'status', ...status });
  return status;
}
