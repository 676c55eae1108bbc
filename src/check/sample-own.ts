import { addressKey, isMailSystem, ownMatcher } from '../message/addresses.ts';
import { publicDomainReason } from './public-domains.ts';
import type { SampledMessage } from './sample-message.ts';

/** An address or a domain that may be the company's own, and what speaks for it, in numbers of messages. */
export interface OwnSuggestion {
  readonly entry: string;
  /** From of mail with x-headers, where it is trusted or nobody is. */
  readonly senders: number;
  /** To, Cc or Delivered-To. */
  readonly addressed: number;
  /** From of what people sent. */
  readonly sent: number;
}

export interface OwnAdvice {
  /** The likeliest first. */
  readonly suggestions: readonly OwnSuggestion[];
  /** Entries of `own` that no address of the sample matches. */
  readonly unused: readonly string[];
}

const MAX_SUGGESTIONS = 10;

/** The share of mail that has to be addressed to somebody, so that this is who the mailbox belongs to. */
const MOST = 0.5;

/** In fewer messages, an address that does not occur says nothing. */
const ENOUGH_MESSAGES = 20;

/**
 * Who the company is, as far as the mail says it: who sends mail with x-headers, to whom most mail is addressed, and
 * who sends from the mailbox. A public domain is never suggested, an address in it may be.
 */
export function adviseOwn(
  messages: readonly SampledMessage[],
  own: readonly string[],
  sentFrom: readonly string[],
): OwnAdvice {
  const isOwn = ownMatcher(own);
  const candidates = (addresses: readonly string[]) =>
    new Set(addresses.filter((address) => !isOwn(address) && !isMailSystem(address)).map(entryFor));
  const senders = countAll(
    messages
      .filter(({ carries, distrust }) => carries && (distrust === undefined || distrust === 'nobody'))
      .map(({ from }) => candidates(from === undefined ? [] : [from])),
  );
  const sent = countAll(sentFrom.map((from) => candidates([from])));
  const addressed = mostAddressed(messages, candidates);
  const suggestions = [...new Set([...senders.keys(), ...addressed.keys(), ...sent.keys()])]
    .map((entry) => ({
      entry,
      senders: senders.get(entry) ?? 0,
      addressed: addressed.get(entry) ?? 0,
      sent: sent.get(entry) ?? 0,
    }))
    .sort((a, b) => weight(b) - weight(a) || a.entry.localeCompare(b.entry));
  return {
    suggestions: suggestions.slice(0, MAX_SUGGESTIONS),
    unused: unusedEntries(messages, own, sentFrom),
  };
}

function weight({ senders, addressed, sent }: OwnSuggestion): number {
  return senders + addressed + sent;
}

/** The domain; of a public one, the address without its +tag. */
function entryFor(address: string): string {
  const key = addressKey(address);
  const at = key.lastIndexOf('@');
  const domain = key.slice(at + 1);
  return publicDomainReason(domain) === undefined
    ? domain
    : `${key.slice(0, at).replace(/\+.*$/s, '')}@${domain}`;
}

/** Copies of what the company sends have customers in To, and lists have themselves. */
function mostAddressed(
  messages: readonly SampledMessage[],
  candidates: (addresses: readonly string[]) => ReadonlySet<string>,
): Map<string, number> {
  const isOrdinary = ({ carries, kind }: SampledMessage) => !carries && kind !== 'list';
  const ordinary = messages.filter(isOrdinary).length;
  const counts = countAll(
    messages.map((message) =>
      candidates([...message.deliveredTo, ...(isOrdinary(message) ? message.addressed : [])]),
    ),
  );
  const most = Math.max(1, (ordinary > 0 ? ordinary : messages.length) * MOST);
  return new Map([...counts].filter(([, count]) => count >= most));
}

function unusedEntries(
  messages: readonly SampledMessage[],
  own: readonly string[],
  sentFrom: readonly string[],
): string[] {
  if (messages.length < ENOUGH_MESSAGES) return [];
  const addresses = new Set([
    ...messages.flatMap(({ from, addressed, deliveredTo, replyTo }) => [
      ...(from === undefined ? [] : [from]),
      ...addressed,
      ...deliveredTo,
      ...replyTo,
    ]),
    ...sentFrom,
  ]);
  return own.filter((entry) => {
    const matches = ownMatcher([entry]);
    return ![...addresses].some(matches);
  });
}

function countAll(groups: readonly ReadonlySet<string>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const group of groups) {
    for (const entry of group) counts.set(entry, (counts.get(entry) ?? 0) + 1);
  }
  return counts;
}
