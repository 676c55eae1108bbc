import {
  type Address,
  addressKey,
  isMailSystem,
  type OwnMatcher,
  parseAddresses,
} from '../message/addresses.ts';
import type { Headers } from '../message/headers.ts';
import { isAutomatic, type Kind } from '../message/kind.ts';
import type { Message } from '../message/message.ts';
import type { SenderAuth } from '../trust/trust.ts';
import { type Conclusion, type Direction, type Directives, setBy } from './directives.ts';

/** Most labels of a List-Id that are looked at, the last ones: real ones have three to six. */
const MAX_LIST_ID_LABELS = 20;

/** Most people of one message that become part of a case: more are a mailing, and each is a row of its own. */
const MAX_PARTIES = 1_000;

/** What the operator and the folder say of a message, beside itself. */
export interface Setting {
  readonly isOwn: OwnMatcher;
  /** What the folder holds. */
  readonly role: 'inbox' | 'sent';
  readonly senderAuth: SenderAuth;
}

/** Whose history a message belongs to, as far as the message itself can say. */
export interface Attribution {
  /** Undefined when there is no usable address. */
  readonly address: Address | undefined;
  /**
   * Who is the customer instead, should `address` turn out to be a known customer: it stands in a Reply-To, which
   * anybody can write. Undefined where the address is beyond that doubt.
   */
  readonly ifKnown: { readonly address: Address | undefined } | undefined;
  /** Whether it is an own address, of a colleague or a form: no external id makes it a customer's. */
  readonly isOwn: boolean;
  /** Why this address. */
  readonly why: string;
}

/** Who takes part in a message, by keys of their addresses (see addressKey), own addresses left out. */
export interface Parties {
  /** Undefined where From is own, or of a mail system, or no address. */
  readonly sender: string | undefined;
  /** Whether From is one of ours, and not known to be forged. */
  readonly isFromOwn: boolean;
  /** To and Cc. */
  readonly recipients: readonly string[];
}

/**
 * Which way a message went: as its trusted header says; else out when it is from an own address (and not known to be
 * forged) to somebody else, or lies in a folder of sent mail; else in, so that a contact form and a colleague who
 * writes to support are inbound.
 */
export function messageDirection(
  message: Message,
  directives: Directives,
  setting: Setting,
): Conclusion<Direction> {
  const asked = directives.interaction.direction;
  if (asked) return { value: asked, why: `${setBy(directives, 'interaction.direction')} says so` };
  if (setting.role === 'sent') return { value: 'out', why: 'the folder holds what was sent (role: sent)' };
  const { from } = message;
  if (from === undefined) return { value: 'in', why: 'there is no usable address in From' };
  if (!setting.isOwn(from.address)) return { value: 'in', why: `From (${from.address}) is not own` };
  if (!isFromOwn(message, setting)) {
    return { value: 'in', why: `From (${from.address}) is own, but known to be forged` };
  }
  // An own list that puts itself into From has not written what comes through it.
  const writer = originalFrom(message, setting).find(({ address }) => !setting.isOwn(address));
  if (writer)
    return { value: 'in', why: `From is an own list, and X-Original-From (${writer.address}) is not own` };
  const other = [...message.to, ...message.cc].find(({ address }) => !setting.isOwn(address));
  if (other)
    return { value: 'out', why: `From (${from.address}) is own, and ${other.address} in To or Cc is not` };
  return { value: 'in', why: `From (${from.address}) is own, but nobody else is in To and Cc` };
}

function isFromOwn({ from }: Message, { isOwn, senderAuth }: Setting): boolean {
  return from !== undefined && senderAuth !== 'fail' && isOwn(from.address);
}

/**
 * Whose history a message belongs to: as its trusted header says; in: the first of Reply-To, X-Original-From and From
 * that is not own, else From (a colleague can be a customer); out: the first of To and Cc that is not own. A bounce
 * belongs to the one whom the bounced message went to. Never a mail system.
 */
export function messageCustomer(
  message: Message,
  directives: Directives,
  direction: Direction,
  setting: Setting,
): Attribution {
  const certain = (address: Address | undefined, why: string): Attribution => ({
    address,
    ifKnown: undefined,
    isOwn: address !== undefined && setting.isOwn(address.address),
    why,
  });
  if (directives.customer.address) {
    return certain(directives.customer.address, `${setBy(directives, 'customer.email')} names this address`);
  }
  const usable = (list: readonly Address[]) => list.filter(({ address }) => !isMailSystem(address));
  const stranger = (list: readonly Address[]) => usable(list).find(({ address }) => !setting.isOwn(address));
  if (direction === 'out') {
    const addressee = stranger([...message.to, ...message.cc]);
    return certain(
      addressee,
      addressee
        ? 'outbound: the first address of To and Cc that is not own'
        : 'outbound: no address in To and Cc that is not own',
    );
  }
  if (message.kind === 'bounce') {
    const failed = stranger(message.report?.recipients ?? []);
    return certain(
      failed,
      failed ? 'the report says that the mail to this address failed' : 'a bounce that names nobody',
    );
  }

  const { replyTo } = message;
  const from = message.from && usable([message.from])[0];
  const asked = stranger(replyTo);
  const original = stranger(originalFrom(message, setting));
  const written = original ?? from;
  if (asked === undefined) return certain(written, whyWritten(from, original, setting));
  // A form or a list of our own says for whom it writes; of everybody else that is only a claim.
  if (isFromOwn(message, setting))
    return certain(asked, 'inbound: Reply-To, and From is own: a form or list of ours');
  if (written && sameAddress(asked, written))
    return certain(asked, 'inbound: Reply-To and From are the same');
  return {
    address: asked,
    ifKnown: { address: written },
    isOwn: false,
    why: 'inbound: the first address of Reply-To that is not own',
  };
}

function whyWritten(from: Address | undefined, original: Address | undefined, setting: Setting): string {
  if (original) return 'inbound: X-Original-From, and From is an own list';
  if (from === undefined) return 'inbound: no usable address in Reply-To and From';
  if (setting.senderAuth === 'fail') return 'inbound: From, though it is known to be forged';
  return setting.isOwn(from.address) ? 'inbound: From, a colleague' : 'inbound: From';
}

/**
 * Who wrote what came through an own list that put itself into From (seen in practice: Google Groups). Only then: from
 * elsewhere, X-Original-From would let anybody plant mail in another's history.
 */
function originalFrom(message: Message, setting: Setting): Address[] {
  if (!isFromOwn(message, setting)) return [];
  return message.headers.all('x-original-from').flatMap(({ raw }) => parseAddresses(raw));
}

function sameAddress(a: Address, b: Address): boolean {
  return addressKey(a.address) === addressKey(b.address);
}

/** Who takes part in a message. What wrote itself takes no part, and speaks for nobody but its addressee. */
export function messageParties(message: Message, setting: Setting): Parties {
  const { from, to, cc, kind } = message;
  const keysOf = (list: readonly Address[]) =>
    list
      .filter(({ address }) => !setting.isOwn(address) && !isMailSystem(address))
      .map(({ address }) => addressKey(address));
  const recipients = isAutomatic(kind) ? [] : [...new Set(keysOf([...to, ...cc]))].slice(0, MAX_PARTIES);
  return { sender: from && keysOf([from])[0], isFromOwn: isFromOwn(message, setting), recipients };
}

/**
 * What a message is to this mailbox: mail through an own list is ordinary mail, for Google Groups in front of support@
 * must not turn every customer into list mail.
 */
export function interactionKind(
  { kind, kindWhy, headers }: Pick<Message, 'kind' | 'kindWhy' | 'headers'>,
  isOwn: OwnMatcher,
): Conclusion<Kind> {
  const own = kind === 'list' ? listAddresses(headers).find(isOwn) : undefined;
  return own === undefined
    ? { value: kind, why: kindWhy }
    : { value: 'mail', why: `it came through an own list (${own})` };
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
