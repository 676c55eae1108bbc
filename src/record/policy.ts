import type { Redaction } from '../message/redact.ts';
import type { Status } from '../rules/directives.ts';

/** What the operator says of how mail becomes history. */
export interface Policy {
  /** More inbound mails of one customer than `messages` within `window` milliseconds are a flood. */
  readonly flood: { readonly messages: number; readonly window: number };
  /** What must not stand in an error that is kept, since it may quote the mail. */
  readonly redactions?: readonly Redaction[];
  /** Given where old mail is imported. */
  readonly importing?: Importing;
  /** Given where recorded mail is replayed: none of it is new, so none is a flood. */
  readonly replaying?: Replaying;
}

/**
 * When a receipt counts as marked processed although nobody has marked anything: at once for old mail that is imported,
 * since the folder it lies in stays as it is.
 */
export function processedWhenRecorded({ importing }: Policy): Date | null {
  return importing ? new Date() : null;
}

/** Recorded mail is held against the mapping and the rules of today. */
export interface Replaying {
  /** Who runs it, as the events keep it. */
  readonly actor: string;
  /** The time of all that it changes. */
  readonly at: Date;
}

/** Old mail fills a history up and moves nothing in it: it reopens no case, and what is newer stays. */
export interface Importing {
  /** What its new cases begin as, where no trusted header says so; undefined for the ordinary beginning. */
  readonly status: Status | undefined;
}
