import type { Status } from '../rules/directives.ts';

/** What the operator says of how mail becomes history. */
export interface Policy {
  /** More inbound mails of one customer than `messages` within `window` milliseconds are a flood. */
  readonly flood: { readonly messages: number; readonly window: number };
  /** Given where old mail is imported. */
  readonly importing?: Importing;
}

/** Old mail fills a history up and moves nothing in it: it reopens no case, and what is newer stays. */
export interface Importing {
  /** What its new cases begin as, where no trusted header says so; undefined for the ordinary beginning. */
  readonly status: Status | undefined;
}
