import type { Headers } from '../message/headers.ts';
import type { MappedFields } from './signed-text.ts';

/** Whose x-headers are applied, as the operator configured it for the mailbox. */
export type Trust = 'none' | 'all' | TrustWays;

/** Ways to be trusted; any of them is enough. */
export interface TrustWays {
  readonly secret?: SharedSecret | undefined;
  readonly hmac?: HmacTrust | undefined;
  readonly dkim?: DkimTrust | undefined;
}

/** A header field with a value that only the company's own systems know. */
export interface SharedSecret {
  /** Field name in lower case. */
  readonly header: string;
  readonly value: string;
}

/** A header field that signs From and the mapped header fields (see README.md, "Signed header fields"). */
export interface HmacTrust {
  /** Field name in lower case. */
  readonly header: string;
  /** All of them count: while a key is changed, the old one and the new one. */
  readonly keys: readonly SigningKey[];
  /** How old a signature may be when the mail is received, in milliseconds. */
  readonly max_age: number;
}

/** A secret of those who sign. */
export interface SigningKey {
  /** As it stands in the signature. */
  readonly id: string;
  readonly secret: string;
}

/** Domains whose own mail is signed: `example.com` that alone, `.example.com` its subdomains too. */
export interface DkimTrust {
  readonly domains: readonly string[];
}

/** Where it is known from who wrote a mail. */
export interface Authentication {
  /** Whose Authentication-Results count; undefined where nobody's do. */
  readonly authserv_id?: string | undefined;
  /** Whether mailcase verifies DKIM signatures itself, where it can matter. */
  readonly verify: boolean;
}

/** What is known of From, as interactions.sender_auth keeps it: verified, known to be forged, or nothing. */
export type SenderAuth = 'pass' | 'fail' | 'none';

/** What is found out of a message when it comes, and stored: nothing of it is found out again. */
export interface Verdict {
  /** Whether its x-headers are instructions, or only what a stranger wrote. */
  readonly trusted: boolean;
  /** Why, or why not. */
  readonly reason: string;
  readonly senderAuth: SenderAuth;
  /**
   * The header fields that count, by their names in lower case: those that a signature covers. What is mapped later, and
   * was covered by none, anybody may have added. Undefined where all count, since who sent the mail is trusted, and not
   * what stands in it.
   */
  readonly covered?: readonly string[] | undefined;
  /** Why From passes or fails; undefined where nothing is known, and in what was found out before and stored. */
  readonly senderWhy?: string | undefined;
  /** Of signatures that are right. Undefined where there is none, and where the message has been recorded before. */
  readonly nonces?: UsedNonces | undefined;
  /** What is known of From without them; undefined where it is the same. */
  readonly senderUnsigned?: SenderFinding | undefined;
}

/** What is known of From, and why. */
export interface SenderFinding {
  readonly senderAuth: SenderAuth;
  readonly senderWhy?: string | undefined;
}

/** What a signature that is right is known by: it counts for one mail, which is for the one to see to who records it. */
export interface Nonce {
  readonly value: string;
  /** The key that it was signed with. */
  readonly keyId: string;
}

export interface UsedNonces {
  /** For each way by which the mail is trusted, those of its signatures; the way is lost where another mail has one. */
  readonly byWay: readonly (readonly Nonce[])[];
  /** Whether the mail is trusted for signatures alone, and so not at all where all those ways are lost. */
  readonly isDecisive: boolean;
}

/** What one way says of a message. */
export interface Finding {
  readonly trusted: boolean;
  readonly reason: string;
  /** As in Verdict. */
  readonly covered?: readonly string[];
  /** Where it goes by signatures. */
  readonly nonces?: readonly Nonce[];
  /** Why From is what it says, where this way signs it and nothing else says so. */
  readonly senderWhy?: string;
}

/** What our own verification of a DKIM signature came to. */
export interface Verification {
  /** Which one of the message's DKIM-Signature fields, counted from 0 at the top. */
  readonly index: number;
  /** `temperror`: its key could not be looked up, and may be another time; `error`: it cannot be told at all. */
  readonly result: 'pass' | 'fail' | 'temperror' | 'error';
  /** Why it is not `pass`; ends a sentence. */
  readonly why: string;
}

/** What instructions decide, were they trusted, so that nothing else of the mail does. */
export interface Naming {
  /** Whether they name the customer, and the case. */
  named(headers: Headers): { readonly customer: boolean; readonly supportCase: boolean };
}

/** What a verdict goes by. */
export interface Evidence {
  /** The message's own header fields, all of them. */
  readonly headers: Headers;
  /** INTERNALDATE. */
  readonly receivedAt: Date;
  /** Why another reader may see other fields in the header; undefined where all see the same (see headOddity). */
  readonly oddity: string | undefined;
  /** Which header fields are instructions where they are trusted. */
  readonly mapping: MappedFields & Naming;
  /** What the folder holds: what was sent from here has come through no server that could say who wrote it. */
  readonly role: 'inbox' | 'sent';
  readonly authentication: Authentication;
  /** Of the signatures that were worth it; undefined where none was verified. */
  readonly verified?: readonly Verification[] | undefined;
}
