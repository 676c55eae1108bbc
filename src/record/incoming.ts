import type { Message } from '../message/message.ts';
import type { Attribution, Parties } from '../rules/attribution.ts';
import type { Direction, Directives } from '../rules/directives.ts';
import type { SenderAuth, UsedNonces } from '../trust/trust.ts';

/** Where a message lies: a folder and its UIDVALIDITY, as the database knows them. */
export interface FolderRef {
  readonly folderId: number;
  readonly uidValidity: number;
}

/** A message that has been parsed and judged, ready to be recorded. */
export interface Incoming {
  readonly folder: FolderRef;
  readonly uid: number;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
  /** RFC822.SIZE; an estimate at some servers. */
  readonly sizeBytes: number;
  /** The bytes to keep, secrets overwritten. */
  readonly source: Buffer;
  /** False where attachments were left in the mailbox, because the mail is larger than is fetched. */
  readonly isWhole: boolean;
  readonly message: Message;
  readonly dedupeKey: Buffer;
  readonly trusted: boolean;
  /** Why its headers count, or why not. */
  readonly trustWhy: string;
  readonly senderAuth: SenderAuth;
  /** As in Verdict: which header fields count, where not all do. */
  readonly covered?: readonly string[] | undefined;
  /** Of its signatures, where they are right and have still to be found unused. */
  readonly nonces: UsedNonces | undefined;
  /** What it comes to should another mail have used them; undefined where that changes nothing. */
  readonly untrusted: Untrusted | undefined;
  /**
   * A domain whose DKIM key cannot be looked up at the moment, where the headers would count if it could: to whoever can
   * wait, the message says more another time.
   */
  readonly awaitsKey?: string | undefined;
  readonly directives: Directives;
  readonly direction: Direction;
  readonly customer: Attribution;
  readonly parties: Parties;
  /** Numbers of cases that the subject names, where they are looked for. */
  readonly caseNumbers: readonly number[];
}

/** What of a message depends on whether its headers count. */
export type Counting = Pick<Incoming, 'directives' | 'direction' | 'customer' | 'parties'>;

/** What a message comes to without trust. */
export type Untrusted = Counting &
  Pick<Incoming, 'trusted' | 'trustWhy' | 'senderAuth'> &
  Pick<Message, 'kind'>;

/**
 * Whether a rule says whose mail it is, of a mail that is not trusted: then it may be what a stranger wrote that says so,
 * and nobody is known by it.
 */
export function isClaim({ trusted, directives }: Incoming): boolean {
  const { address, external_id } = directives.customer;
  return !trusted && (address !== undefined || external_id !== undefined);
}
