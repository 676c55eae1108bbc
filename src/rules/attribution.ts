import { type Address, isMailSystem, type OwnMatcher, parseAddresses } from '../message/addresses.ts';
import type { Headers } from '../message/headers.ts';
import type { Kind } from '../message/kind.ts';
import type { Message } from '../message/message.ts';
import type { Direction, Directives } from './directives.ts';

/** Most labels of a List-Id that are looked at, the last ones: real ones have three to six. */
const MAX_LIST_ID_LABELS = 20;

/**
 * Which way a message went: as its trusted header says; else out when it is from an own address to somebody else;
 * else in, so that a contact form and a colleague who writes to support are inbound.
 */
export function messageDirection(message: Message, directives: Directives, isOwn: OwnMatcher): Direction {
  if (directives.interaction.direction) return directives.interaction.direction;
  const fromOwn = message.from !== undefined && isOwn(message.from.address);
  const toOthers = [...message.to, ...message.cc].some(({ address }) => !isOwn(address));
  return fromOwn && toOthers ? 'out' : 'in';
}

/**
 * Whose history a message belongs to: as its trusted header says; in: the first of Reply-To, X-Original-From and From
 * that is not own, else From (a colleague can be a customer); out: the first of To and Cc that is not own. Never a
 * mail system.
 *
 * @returns undefined when there is no usable address
 */
export function messageCustomer(
  message: Message,
  directives: Directives,
  direction: Direction,
  isOwn: OwnMatcher,
): Address | undefined {
  if (directives.customer.address) return directives.customer.address;
  const { from, replyTo, to, cc } = message;
  const senders = from === undefined ? replyTo : [...replyTo, ...originalFrom(message, isOwn), from];
  const candidates = (direction === 'in' ? senders : [...to, ...cc]).filter((a) => !isMailSystem(a.address));
  const stranger = candidates.find(({ address }) => !isOwn(address));
  if (stranger || direction === 'out') return stranger;
  return candidates.find((address) => address === from);
}

/**
 * Who wrote what came through an own list that put itself into From (seen in practice: Google Groups). Only then: from
 * elsewhere, X-Original-From would let anybody plant mail in another's history.
 */
function originalFrom({ from, headers }: Message, isOwn: OwnMatcher): Address[] {
  if (from === undefined || !isOwn(from.address)) return [];
  return headers.all('x-original-from').flatMap(({ raw }) => parseAddresses(raw));
}

/**
 * What a message is to this mailbox: mail through an own list is ordinary mail, for Google Groups in front of support@
 * must not turn every customer into list mail.
 */
export function interactionKind({ kind, headers }: Message, isOwn: OwnMatcher): Kind {
  return kind === 'list' && listAddresses(headers).some(isOwn) ? 'mail' : kind;
}

/**
 * The addresses that a list may have: List-Post's (RFC 2369), else what List-Id (RFC 2919) can stand for, since
 * `support.example.com` is the list of support@example.com.
 */
function listAddresses(headers: Headers): string[] {
  const post = /<mailto:([^>?]+)/i.exec(headers.first('list-post')?.raw ?? '')?.[1];
  if (post !== undefined) return [post.trim()];
  const listId = headers.first('list-id')?.raw ?? '';
  const labels = (/<([^<>]*)>/.exec(listId)?.[1] ?? listId).trim().split('.').slice(-MAX_LIST_ID_LABELS);
  return labels
    .slice(1)
    .map((_, i) => `${labels.slice(0, i + 1).join('.')}@${labels.slice(i + 1).join('.')}`);
}
