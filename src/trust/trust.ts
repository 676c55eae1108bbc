/** Whose x-headers are applied, as the operator configured it for the mailbox. */
export type Trust = 'none' | 'all' | TrustWays;

/** Ways to be trusted; any of them is enough. */
export interface TrustWays {
  readonly secret?: SharedSecret | undefined;
  readonly hmac?: HmacTrust | undefined;
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

/** What is known of From, as interactions.sender_auth keeps it: verified, known to be forged, or nothing. */
export type SenderAuth = 'pass' | 'fail' | 'none';

/** What is found out of a message when it comes, and stored: nothing of it is found out again. */
export interface Verdict {
  /** Whether its x-headers are instructions, or only what a stranger wrote. */
  readonly trusted: boolean;
  /** Why, or why not. */
  readonly reason: string;
  readonly senderAuth: SenderAuth;
  /** Of a signature that is right. Undefined where there is none, and where the message has been recorded before. */
  readonly nonce?: UsedNonce | undefined;
}

/** The nonce of a signature that is right: it counts for one mail, which is for the one to see to who records it. */
export interface Nonce {
  readonly value: string;
  /** The key that it was signed with. */
  readonly keyId: string;
}

export interface UsedNonce extends Nonce {
  /** Whether the mail is trusted for its signature alone, and so not at all where another mail has its nonce. */
  readonly isDecisive: boolean;
}

/** What one way says of a message. */
export interface Finding {
  readonly trusted: boolean;
  readonly reason: string;
  /** Where it goes by a signature. */
  readonly nonce?: Nonce;
}
