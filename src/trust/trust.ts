/** Whose x-headers are applied, as the operator configured it for the mailbox. */
export type Trust = 'none' | 'all' | TrustWays;

/** Ways to be trusted; any of them is enough. */
export interface TrustWays {
  readonly secret?: SharedSecret | undefined;
}

/** A header field with a value that only the company's own systems know. */
export interface SharedSecret {
  /** Field name in lower case. */
  readonly header: string;
  readonly value: string;
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
}

/** What one way says of a message. */
export interface Finding {
  readonly trusted: boolean;
  readonly reason: string;
}
