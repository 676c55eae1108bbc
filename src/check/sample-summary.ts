import { isAddress } from '../config/domain-checks.ts';
import type { MailboxConfig } from '../config/schema.ts';
import { addressKey, ownMatcher } from '../message/addresses.ts';
import type { Kind } from '../message/kind.ts';
import type { Trust } from '../trust/trust.ts';
import type { Distrust, SampledMessage } from './sample-message.ts';
import { adviseOwn, type OwnAdvice } from './sample-own.ts';

/** Mails with x-headers that are not applied for one reason. */
export interface DistrustGroup {
  readonly reason: Distrust;
  readonly count: number;
  /** By address (its key), most mails first. */
  readonly senders: readonly Counted<'sender'>[];
}

/** What DKIM does for mails that carry headers and are from a listed domain. */
export interface DkimSummary {
  readonly listed: number;
  /** Their signature covers the headers. */
  readonly covered: number;
  /** Whether the signature is good is found out when they are polled. */
  readonly toVerify: number;
  /** Why others are not covered, by sender. */
  readonly uncovered: readonly { readonly sender: string; readonly why: string; readonly count: number }[];
}

/** A header value that could not be taken. */
export interface RefusedValue {
  readonly header: string;
  readonly value: string;
  readonly reason: string;
  readonly count: number;
}

type Counted<K extends string> = { readonly [key in K]: string } & { readonly count: number };

/** What a sample of a mailbox says, in numbers of messages. */
export interface SampleSummary {
  readonly mailbox: string;
  /** `none`, `all`, or the ways, as `hmac, dkim`. */
  readonly trust: string;
  /** The header field that carries the shared secret, where trust goes by one. */
  readonly secretHeader: string | undefined;
  /** The header field that carries signatures, where trust goes by them. */
  readonly signatureHeader: string | undefined;
  /** Whose Authentication-Results count; undefined where nobody's do. */
  readonly authservId: string | undefined;
  /** Whose the topmost Authentication-Results are. */
  readonly authservIds: readonly Counted<'id'>[];
  /** Null where trust does not go by DKIM. */
  readonly dkim: DkimSummary | null;
  /** Whom mails with the secret are addressed to, beside own addresses. */
  readonly secretWith: { readonly messages: number; readonly addresses: readonly string[] };
  readonly read: number;
  /** Their headers could not be parsed. */
  readonly unreadable: number;
  /** Gone in the meantime, or not ready at the server. */
  readonly notHandedOut: number;
  readonly oldest: Date | undefined;
  readonly newest: Date | undefined;
  readonly headers: {
    readonly prefix: string;
    /** With a header under the prefix. */
    readonly carrying: number;
    /** With at least one that would be applied. */
    readonly applied: number;
    readonly distrusted: readonly DistrustGroup[];
    /** The most frequent first. */
    readonly refusedValues: readonly RefusedValue[];
    readonly otherPrefixes: readonly Counted<'prefix'>[];
  };
  readonly inbound: number;
  readonly outbound: number;
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
  /** Distinct ones that the mail would be attributed to; of bounces that is not known. */
  readonly customers: number;
  /** No usable address, bounces left out. */
  readonly withoutAddress: number;
  /** Copies of another message of the sample, by Message-ID and all else that headers say. */
  readonly copies: number;
  /** Recorded already, by receipt or Message-ID; null where the database cannot say. */
  readonly recorded: number | null;
  readonly own: OwnAdvice & { readonly configured: readonly string[] };
}

/** Most values and senders that are kept: an operator reads a few, and a stranger can write many. */
const MAX_LISTED = 50;

/** Sums up what the daemon would make of the messages. */
export function summarize(
  messages: readonly SampledMessage[],
  around: {
    readonly mailbox: Pick<MailboxConfig, 'name' | 'own' | 'trust' | 'authentication'> & {
      readonly imap: Pick<MailboxConfig['imap'], 'user'>;
    };
    readonly prefix: string;
    readonly unreadable: number;
    readonly notHandedOut: number;
    readonly sentFrom: readonly string[];
    /** Message-IDs that are recorded; undefined where the database cannot say. */
    readonly knownIds: ReadonlySet<string> | undefined;
  },
): SampleSummary {
  const { mailbox, prefix, unreadable, notHandedOut, sentFrom, knownIds } = around;
  const times = messages.map(({ receivedAt }) => receivedAt.getTime()).sort((a, b) => a - b);
  const carrying = messages.filter(({ carries }) => carries);
  const outbound = messages.filter(({ direction }) => direction === 'out').length;
  const isKnown = ({ hasReceipt, messageId }: SampledMessage) =>
    hasReceipt || (messageId !== undefined && knownIds?.has(messageId) === true);
  return {
    ...{ unreadable, notHandedOut, outbound, mailbox: mailbox.name },
    ...trustOf(mailbox.trust),
    authservId: mailbox.authentication.authserv_id,
    authservIds: tally(messages.flatMap(({ authservId }) => authservId ?? [])).map(([id, count]) => ({
      id,
      count,
    })),
    dkim: typeof mailbox.trust === 'object' && mailbox.trust.dkim ? dkimSummary(carrying) : null,
    secretWith: sharedWith(messages, mailbox.imap.user),
    read: messages.length,
    oldest: dateAt(times, 0),
    newest: dateAt(times, -1),
    headers: {
      prefix,
      carrying: carrying.length,
      applied: carrying.filter(({ applied }) => applied > 0).length,
      distrusted: distrustGroups(carrying),
      refusedValues: refusedValues(carrying),
      otherPrefixes: tally(messages.flatMap(({ otherPrefixes }) => otherPrefixes)).map(([other, count]) => ({
        prefix: other,
        count,
      })),
    },
    inbound: messages.length - outbound,
    kinds: Object.fromEntries(tally(messages.map(({ kind }) => kind))),
    customers: new Set(messages.flatMap(({ customer }) => customer ?? [])).size,
    withoutAddress: messages.filter(({ customer, kind }) => customer === undefined && kind !== 'bounce')
      .length,
    copies: copiesIn(messages),
    recorded: knownIds === undefined ? null : messages.filter(isKnown).length,
    own: { configured: mailbox.own, ...adviseOwn(messages, mailbox.own, sentFrom) },
  };
}

/** Whom mails with the secret are addressed to, beside the mailbox itself: `own` may lack its address. */
function sharedWith(messages: readonly SampledMessage[], user: string): SampleSummary['secretWith'] {
  const isMailbox = ownMatcher(isAddress(user) ? [user] : []);
  const others = messages.map(({ secretWith }) => secretWith.filter((address) => !isMailbox(address)));
  return {
    messages: others.filter(({ length }) => length > 0).length,
    addresses: [...new Set(others.flat())].slice(0, MAX_LISTED),
  };
}

function trustOf(trust: Trust): Pick<SampleSummary, 'trust' | 'secretHeader' | 'signatureHeader'> {
  if (typeof trust !== 'object') return { trust, secretHeader: undefined, signatureHeader: undefined };
  const { secret, hmac } = trust;
  const ways = Object.entries(trust).flatMap(([name, way]) => (way === undefined ? [] : name));
  return {
    trust: ways.join(', '),
    secretHeader: secret?.header,
    signatureHeader: hmac?.header,
  };
}

function dkimSummary(carrying: readonly SampledMessage[]): DkimSummary {
  const listed = carrying.filter(({ dkim }) => dkim !== undefined && dkim.state !== 'unlisted');
  const uncovered = tally(
    listed.flatMap(({ from, dkim }) =>
      dkim?.why === undefined ? [] : JSON.stringify([from === undefined ? '' : addressKey(from), dkim.why]),
    ),
  );
  return {
    listed: listed.length,
    covered: listed.filter(({ dkim }) => dkim?.state === 'covered').length,
    toVerify: listed.filter(({ isToVerify }) => isToVerify).length,
    uncovered: uncovered.slice(0, MAX_LISTED).map(([key, count]) => {
      const [sender, why] = JSON.parse(key) as [string, string];
      return { sender, why, count };
    }),
  };
}

/** Without a Message-ID, texts and attachments decide, which are not read here. */
function copiesIn(messages: readonly SampledMessage[]): number {
  const keys = messages.filter(({ messageId }) => messageId !== undefined).map(({ copyKey }) => copyKey);
  return keys.length - new Set(keys).size;
}

function dateAt(times: readonly number[], index: number): Date | undefined {
  const time = times.at(index);
  return time === undefined ? undefined : new Date(time);
}

function distrustGroups(carrying: readonly SampledMessage[]): DistrustGroup[] {
  const reasons = tally(carrying.flatMap(({ distrust }) => distrust ?? []));
  return reasons.map(([reason, count]) => {
    const froms = carrying
      .filter(({ distrust }) => distrust === reason)
      .map(({ from }) => (from === undefined ? '' : addressKey(from)));
    const senders = tally(froms).map(([sender, times]) => ({ sender, count: times }));
    return { reason, count, senders: senders.slice(0, MAX_LISTED) };
  });
}

function refusedValues(carrying: readonly SampledMessage[]): RefusedValue[] {
  const byKey = new Map<string, RefusedValue>();
  for (const refused of carrying.flatMap((message) => message.refused)) {
    const key = JSON.stringify([refused.header, refused.value, refused.reason]);
    byKey.set(key, { ...refused, count: (byKey.get(key)?.count ?? 0) + 1 });
  }
  return [...byKey.values()].sort((a, b) => b.count - a.count).slice(0, MAX_LISTED);
}

/** How often each occurs, the most frequent first. */
function tally<T extends string>(words: readonly T[]): [T, number][] {
  const counts = new Map<T, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
