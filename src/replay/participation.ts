import { isAutomatic } from '../message/kind.ts';
import { isOutsider, noteOutsider, noteParticipants } from '../record/participation.ts';
import type { Refiled } from '../record/refile.ts';
import type { Customer } from '../record/view.ts';
import { setBy } from '../rules/directives.ts';
import type { Deciding, ReplayedMail } from './deciding.ts';

/** Where a mail belongs now, and whether it is from somebody who has had no part there. */
export interface Placed extends Refiled {
  readonly outsider: boolean;
}

/**
 * Decides whether a mail is an outsider's, before it makes its people a part of its case. In a case that it comes to, it
 * is as if it had been recorded there; where it stays, it is what it was, or what a person has said, until a trusted
 * header names the case or it is ours.
 */
export function place(
  { view }: Deciding,
  { known, incoming, stored }: ReplayedMail,
  refiled: Refiled,
  customer: Customer | undefined,
): Placed {
  const { supportCase, isNewCase } = refiled;
  const { direction, directives, trusted } = incoming;
  const isMoved = supportCase !== known.supportCase;
  const isNamed = trusted && setBy(directives, 'case.external_id') !== undefined;
  const outsider = isMoved
    ? !isNewCase && isOutsider(view, { supportCase, by: 'external_id' }, incoming, customer)
    : stored.outsider && !isNamed && direction === 'in';
  if (outsider && isMoved) noteOutsider(incoming);
  if (stored.outsider && !outsider) forget(directives.decided, ({ what }) => what === 'outsider');
  return { ...refiled, outsider };
}

/** Makes the mail's people a part of the case that it comes to, unless it is an outsider's. */
export function takePart(
  { view, plan }: Deciding,
  { known, incoming, stored, news }: ReplayedMail,
  { supportCase, isNewCase, outsider }: Placed,
  customer: Customer | undefined,
): void {
  const { direction, directives, receivedAt, message } = incoming;
  const isMoved = supportCase !== known.supportCase;
  const isTurned = direction !== known.direction;
  const isAnothers = customer !== known.customer || news.has('customer.email');
  const isNew = isMoved || isTurned || isAnothers || stored.outsider;
  if (isNew && !outsider) noteParticipants(view, plan, supportCase, incoming, customer);
  // It lies where it belongs, and no more where a flood was led to.
  if (isMoved) forget(directives.refused, ({ by }) => by === 'flood');
  if ((isMoved || isTurned || isNewCase) && !isAutomatic(message.kind)) {
    view.noteActivity(supportCase, direction, receivedAt);
  }
}

function forget<T>(list: T[], isMeant: (each: T) => boolean): void {
  const index = list.findIndex(isMeant);
  if (index >= 0) list.splice(index, 1);
}
