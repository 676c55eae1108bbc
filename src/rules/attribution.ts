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
import type { Direction, Directives } from './directives.ts';

/** Most labels of a List-Id that are looked at, the last ones: real ones have three to six. */
const MAX_LIST_ID_LABELS = 20;

/** Most people of one message that become part of a case: more are a mailing, and each is a row of its own. */
const MAX_PARTIES = 1_000;

/** What is known of From, as interactions.sender_auth keeps it: verified, known to be forged, or nothing. */
export type SenderAuth = 'pass' | 'fail' | 'none';

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
export function messageDirection(message: Message, directives: Directives, setting: Setting): Direction {
  if (directives.interaction.direction) return directives.interaction.direction;
  if (setting.role === 'sent') return 'out';
  // An own list that puts itself into From has not written what comes through it.
  const isOurs =
    isFromOwn(message, setting) && !originalFrom(message, setting).some((a) => !setting.isOwn(a.address));
  const toOthers = [...message.to, ...message.cc].some(({ address }) => !setting.isOwn(address));
  return isOurs && toOthers ? 'out' : 'in';
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
  const certain = (address: Address | undefined): Attribution => ({
    address,
    ifKnown: undefined,
    isOwn: address !== undefined && setting.isOwn(address.address),
  });
  if (directives.customer.address) return certain(directives.customer.address);
  const usable = (list: readonly Address[]) => list.filter(({ address }) => !isMailSystem(address));
  const stranger = (list: readonly Address[]) => usable(list).find(({ address }) => !setting.isOwn(address));
  if (direction === 'out') return certain(stranger([...message.to, ...message.cc]));
  if (message.kind === 'bounce') return certain(stranger(message.report?.recipients ?? []));

  const { replyTo } = message;
  const from = message.from && usable([message.from])[0];
  const asked = stranger(replyTo);
  const written = stranger([...originalFrom(message, setting), ...(from ? [from] : [])]) ?? from;
  if (asked === undefined) return certain(written);
  // A form or a list of our own says for whom it writes; of everybody else that is only a claim.
  if (isFromOwn(message, setting) || (written && sameAddress(asked, written))) return certain(asked);
  return { address: asked, ifKnown: { address: written }, isOwn: false };
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
