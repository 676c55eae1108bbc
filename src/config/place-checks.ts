import type { Condition } from '../rules/rule.ts';
import { authservIdOf } from './authentication-schema.ts';
import { conjuncts } from './contradictions.ts';
import { optionOf } from './fields.ts';
import { nearest } from './nearest.ts';
import type { Complaint, Say } from './problems.ts';

/* Conditions on what the file itself decides: which mailboxes there are, whom they trust, and what they know of senders. */

/** A mailbox, as far as conditions can be about it. What cannot be understood is taken for possible. */
export interface Place {
  readonly name: string;
  /** Whether mail in it can be trusted, and untrusted. */
  readonly trusted: boolean;
  readonly untrusted: boolean;
  /** Whether who wrote it can be known, and be known to be forged. */
  readonly pass: boolean;
  readonly fail: boolean;
}

/** @returns undefined for a mailbox without a name that can be read */
export function placeOf(mailbox: unknown): Place | undefined {
  const name = optionOf(mailbox, 'name');
  if (typeof name !== 'string') return undefined;
  const trust = optionOf(mailbox, 'trust');
  const authentication = optionOf(mailbox, 'authentication');
  const host = optionOf(optionOf(mailbox, 'imap'), 'host');
  const hasResults =
    optionOf(authentication, 'authserv_id') !== undefined ||
    typeof host !== 'string' ||
    authservIdOf(host) !== undefined;
  const verifies = optionOf(authentication, 'verify') !== false;
  return {
    name,
    trusted: trust !== 'none',
    untrusted: trust !== 'all',
    // A right signature of `hmac` says who wrote a mail, too.
    pass: hasResults || verifies || (typeof trust !== 'string' && optionOf(trust, 'hmac') !== undefined),
    // That a signature is missing says something only of domains that sign all their mail.
    fail: hasResults || (verifies && typeof trust !== 'string' && optionOf(trust, 'dkim') !== undefined),
  };
}

/** Says where a rule is for a mailbox, a trust or a sender that there is not. A folder may be one that is imported by hand. */
export function checkPlaces(when: Condition, places: readonly Place[] | undefined, say: Say): void {
  if (places === undefined) return;
  checkMailboxes(when, ['when'], places, say);
  checkStates(when, ['when'], places, say);
}

function checkMailboxes(
  { all, any, not, mailbox }: Condition,
  path: (string | number)[],
  places: readonly Place[],
  say: Say,
): void {
  for (const [name, list] of [['all', all] as const, ['any', any] as const]) {
    for (const [index, each] of (list ?? []).entries()) {
      checkMailboxes(each, [...path, name, index], places, say);
    }
  }
  if (not) checkMailboxes(not, [...path, 'not'], places, say);
  const names = places.map(({ name }) => name);
  if (mailbox !== undefined && !names.includes(mailbox)) {
    say(notThere('no mailbox of this name', mailbox, names), [...path, 'mailbox']);
  }
}

/** What has to hold together has to be of one mailbox; what `any` lists is looked at branch by branch. */
function checkStates(when: Condition, path: (string | number)[], places: readonly Place[], say: Say): void {
  const all = conjuncts(when, path);
  const named = all.find(({ condition, isNot }) => !isNot && condition.mailbox !== undefined);
  const own = places.find(({ name }) => name === named?.condition.mailbox);
  const here = own === undefined ? places : [own];
  for (const { condition, path: below, isNot } of all) {
    const never = neverHolds(condition, isNot, here);
    if (never) say(never.complaint, [...below, never.option]);
    // Not all of them: one of them does not hold, and the others may.
    if (isNot) continue;
    for (const [index, branch] of (condition.any ?? []).entries()) {
      checkStates(branch, [...below, 'any', index], here, say);
    }
  }
}

/** Why a condition holds, or as one that must not hold fails to, in none of these mailboxes. */
function neverHolds(
  { trusted, sender_auth }: Condition,
  isNot: boolean,
  places: readonly Place[],
): { readonly option: string; readonly complaint: Complaint } | undefined {
  const [only, ...others] = places;
  const which = (many: string, one: string) =>
    others.length === 0 ? `the mailbox ${only?.name} ${one}` : many;
  if (trusted !== undefined) {
    const isAsked = trusted !== isNot;
    if (places.some((place) => (isAsked ? place.trusted : place.untrusted))) return undefined;
    const complaint = isAsked
      ? {
          message: `never holds: ${which('no mailbox trusts anybody', 'trusts nobody')}`,
          cure: 'set `trust` of the mailbox, or take the condition out: rules act on untrusted mail too',
        }
      : {
          message: `never holds: ${which('all mailboxes trust everybody', 'trusts everybody')} (\`trust: all\`)`,
          cure: 'set `trust` of the mailbox to whom you trust, or take the rule out',
        };
    return { option: 'trusted', complaint };
  }
  if (isNot || (sender_auth !== 'pass' && sender_auth !== 'fail')) return undefined;
  if (places.some((place) => place[sender_auth])) return undefined;
  const isPass = sender_auth === 'pass';
  const known = isPass ? 'knows who wrote a mail' : 'knows of a mail that it is forged';
  const unknown = isPass ? 'does not know who wrote a mail' : 'knows of no mail that it is forged';
  const cure =
    'set `authentication: {authserv_id: …}` of the mailbox to what your receiving server calls itself, or ' +
    (isPass
      ? '`authentication: {verify: true}`'
      : '`authentication: {verify: true}` with `trust: {dkim: {domains: […]}}`');
  return {
    option: 'sender_auth',
    complaint: { message: `never holds: ${which(`no mailbox ${known}`, unknown)}`, cure },
  };
}

function notThere(message: string, name: string, names: readonly string[]): Complaint {
  const similar = names.find((each) => each.toLowerCase() === name.toLowerCase()) ?? nearest(name, names);
  const possible = names.map((each) => `\`${each}\``).join(', ');
  return { message, cure: similar === undefined ? `use one of ${possible}` : `did you mean \`${similar}\`?` };
}
