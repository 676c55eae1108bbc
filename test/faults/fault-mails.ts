import { fromAgent, fromCustomer, fromShop, newsletter, outOfOffice } from './mail-kinds.ts';
import { type Chance, chance } from './random.ts';

/** A mail, and what it must come to. */
export interface FaultMail {
  /** Says which mail it is, in the first line of its text; a copy of a mail has the same. */
  readonly token: string;
  /** As it is delivered. */
  readonly raw: string;
  /** Its Message-ID without angle brackets; several newsletters share one. */
  readonly messageId: string;
  readonly subject: string;
  /** The address of the customer whom it must be attributed to. */
  readonly customer: string;
  /** The case that its header names. */
  readonly externalId?: string;
  readonly direction: 'in' | 'out';
}

/** Mails by who writes them, with how many of a hundred they are. */
const SHARES: readonly (readonly [kind: Kind, share: number])[] = [
  ['shop', 38],
  ['customer', 18],
  ['reply', 20],
  ['agent', 6],
  ['copy', 8],
  ['out-of-office', 6],
  ['newsletter', 4],
];

type Kind = 'shop' | 'customer' | 'reply' | 'agent' | 'copy' | 'out-of-office' | 'newsletter';

/**
 * A stream of mails as a support mailbox gets them: copies of what the company's own systems send, with x-headers and
 * external ids that several of them share; customers who write, answer and are out of office; agents' answers; the same
 * mail twice. The company is example.com, so that the mailbox has to have `own: [example.com]` and `trust: all`, and
 * a flood limit beyond all of this.
 *
 * @param seed the same seed makes the same mails, and a longer stream begins with the shorter one
 * @param user the support mailbox's address, to which customers write
 */
export function faultMails(seed: number, count: number, user: string): FaultMail[] {
  const stream = endlessMails(seed, user);
  return Array.from({ length: count }, () => stream.next().value);
}

/** How far back the mail is that is answered, or comes once more. */
const RECENT = 60;

/** The same without an end, for tests that do not know how much they will deliver. */
export function* endlessMails(seed: number, user: string): Generator<FaultMail, never> {
  const luck = chance(seed);
  const recent: FaultMail[] = [];
  for (let number = 1; ; number += 1) {
    const mail = nextMail({ luck, number, user, token: `token-${seed}-${number}-end` }, recent);
    recent.push(mail);
    if (recent.length > RECENT) recent.shift();
    yield mail;
  }
}

/** What a mail is made with. */
export interface Making {
  readonly luck: Chance;
  /** Counted from 1. */
  readonly number: number;
  readonly user: string;
  readonly token: string;
}

function nextMail(making: Making, recent: readonly FaultMail[]): FaultMail {
  const { luck } = making;
  const kind = kindFor(luck);
  if (kind === 'copy' && recent.length > 0) return copyOf(luck.pick(recent), making);
  if (kind === 'newsletter') return newsletter(making);
  const outbound = recent.filter(({ direction }) => direction === 'out');
  const inbound = recent.filter(({ direction }) => direction === 'in');
  if (kind === 'reply' && recent.length > 0) return fromCustomer(making, luck.pick(recent));
  if (kind === 'out-of-office' && outbound.length > 0) return outOfOffice(making, luck.pick(outbound));
  if (kind === 'agent' && inbound.length > 0) return fromAgent(making, luck.pick(inbound));
  return kind === 'customer' ? fromCustomer(making) : fromShop(making);
}

function kindFor(luck: Chance): Kind {
  let left = luck.between(1, 100);
  for (const [kind, share] of SHARES) {
    left -= share;
    if (left <= 0) return kind;
  }
  return 'shop';
}

/** The same mail by another way: another copy's trace fields, and the same key (contract.md, "Once, and never lost"). */
function copyOf(original: FaultMail, { number }: Making): FaultMail {
  const trace = `Received: from relay-${number}.example.net by mx.example.com; Mon, 09 Nov 2026 08:15:00 +0000\r\n`;
  return { ...original, raw: trace + original.raw };
}
