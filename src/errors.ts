/**
 * The closed list of what can go wrong outside one message's bytes.
 *
 * `temporary` says what a retry can hope for: a temporary failure is tried again with back-off and is never
 * blamed on a message. What is not on this list counts as temporary as well, because losing a message to a
 * misjudged error is worse than trying once more.
 */
export const ERROR_CODES = {
  config_invalid: { temporary: false },
  usage: { temporary: false },
  schema_older: { temporary: false },
  schema_newer: { temporary: false },
  would_drop_data: { temporary: false },
  database_unavailable: { temporary: true },
  database_embedded: { temporary: false },
  database_refused: { temporary: true },
  database_race: { temporary: true },
  database_cut: { temporary: true },
  imap_connect: { temporary: true },
  imap_credentials: { temporary: true },
  imap_throttled: { temporary: true },
  imap_folder_missing: { temporary: true },
  imap_command: { temporary: true },
  imap_flag_refused: { temporary: true },
  parser_threads: { temporary: true },
  poll_timeout: { temporary: true },
  poll_stuck: { temporary: true },
  lease_lost: { temporary: true },
  mailbox_leased: { temporary: true },
  stopped: { temporary: true },
  act_refused: { temporary: false },
  recording_broken: { temporary: true },
  message_unparsable: { temporary: false },
  message_unrecordable: { temporary: false },
  message_missing: { temporary: false },
} as const satisfies Record<string, { temporary: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export type ErrorFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** An error of mailcase's own: a code from the list above, a message for people, fields for the log. */
export class MailcaseError extends Error {
  readonly code: ErrorCode;
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; fields?: ErrorFields } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'MailcaseError';
    this.code = code;
    this.fields = options.fields ?? {};
  }

  get temporary(): boolean {
    return ERROR_CODES[this.code].temporary;
  }
}

/**
 * What an error asks for, where a mailbox cannot be polled: a person who mends the login (credentials), patience that the
 * server asks for (throttled), or another try (network, which is also a server in trouble). Never one for another: a
 * password is not mended by waiting, and an outage not by a new password.
 */
export type ErrorKind = 'credentials' | 'throttled' | 'network' | 'other';

const KINDS: Readonly<Partial<Record<ErrorCode, ErrorKind>>> = {
  imap_credentials: 'credentials',
  imap_throttled: 'throttled',
  imap_connect: 'network',
};

/** The kind of anything that was thrown; what is not of the mailbox's server, such as the database's outage, is `other`. */
export function kindOf(error: unknown): ErrorKind {
  return error instanceof MailcaseError ? (KINDS[error.code] ?? 'other') : 'other';
}

/** For how long a throttled error asks to be left alone, in milliseconds, where its server said so. */
export function retryAfterMs(error: unknown): number | undefined {
  if (kindOf(error) !== 'throttled') return undefined;
  const { retryAfterMs: ms } = (error as MailcaseError).fields;
  return typeof ms === 'number' && ms > 0 ? ms : undefined;
}

/** How to mend what was thrown, where it says so. */
export function cureOf(error: unknown): string | undefined {
  const cure = error instanceof MailcaseError ? error.fields.cure : undefined;
  return typeof cure === 'string' ? cure : undefined;
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    // What Node throws when every address of a host refused the connection; its own message is empty.
    return error.errors.map(errorMessage).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** The `code` that Node, pg and imapflow put on their errors, if there is one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
