import { type Address, isMailSystem, type OwnMatcher } from '../message/addresses.ts';
import type { Message } from '../message/message.ts';
import type { Direction, Directives } from './directives.ts';

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
 * Whose history a message belongs to: as its trusted header says; in: the first of Reply-To and From that is not own,
 * else From (a colleague can be a customer); out: the first of To and Cc that is not own. Never a mail system.
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
  const senders = from === undefined ? replyTo : [...replyTo, from];
  const candidates = (direction === 'in' ? senders : [...to, ...cc]).filter((a) => !isMailSystem(a.address));
  const stranger = candidates.find(({ address }) => !isOwn(address));
  if (stranger || direction === 'out') return stranger;
  return candidates.find((address) => address === from);
}
