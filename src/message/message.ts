import type { Address } from './addresses.ts';
import type { Headers } from './headers.ts';
import type { Kind } from './kind.ts';
import type { Report } from './report.ts';

/** One attachment as it is listed; its bytes stay in the raw message. */
export interface Attachment {
  /** IMAP part number (RFC 3501, section 6.4.5), '1' for a message that is nothing but the attachment. */
  readonly part: string;
  readonly fileName: string | undefined;
  readonly contentType: string;
  readonly contentId: string | undefined;
  readonly disposition: string | undefined;
  readonly sizeBytes: number;
  /** Undefined where the bytes were left in the mailbox; then sizeBytes is of what is still encoded. */
  readonly sha256: Buffer | undefined;
}

/** A parsed message. Every text in it can be stored (see storableText) and nothing in it is trusted. */
export interface Message {
  readonly headers: Headers;
  /** Bare, without angle brackets. */
  readonly messageId: string | undefined;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  readonly subject: string | undefined;
  readonly from: Address | undefined;
  readonly replyTo: readonly Address[];
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  /** From the Date field; undefined when it is absent or no date. */
  readonly sentAt: Date | undefined;
  /** The Date field's body as it stands. */
  readonly dateText: string;
  readonly kind: Kind;
  /** What in it says so; '' for ordinary mail. */
  readonly kindWhy: string;
  /** What a bounce, a receipt or an automatic reply is about; undefined for everything else. */
  readonly report: Report | undefined;
  readonly text: string | undefined;
  readonly html: string | undefined;
  /** The first text/plain part alone. */
  readonly firstText: string | undefined;
  readonly attachments: readonly Attachment[];
  /** What of the mail is not in here, a sentence for each. */
  readonly cut: readonly string[];
}
