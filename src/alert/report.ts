import { hostname } from 'node:os';
import type { Condition } from '../config/schema.ts';
import { harmless } from '../terminal/harmless.ts';
import { readableTime } from '../terminal/words.ts';
import type { Message } from './state.ts';

/** What is handed to the command or posted to the webhook, as JSON; README.md has it for whoever reads it. */
export interface Report {
  /** One line for people. Chat services show it. */
  readonly text: string;
  readonly state: Message | 'test';
  readonly mailbox: string | null;
  readonly condition: Condition | null;
  /** What goes together: an alarm, its repeats and its all-clear. */
  readonly key: string;
  readonly since: string | null;
  readonly at: string;
  readonly why: string | null;
  readonly cure: string | null;
  /** The machine that sends it. */
  readonly host: string;
}

/** What is reported of. */
export interface Subject {
  readonly mailbox: string;
  readonly condition: Condition;
  readonly since: number | undefined;
  readonly why: string | undefined;
}

/** Longest text, in UTF-16 code units: it goes into a variable, a message on a telephone. */
const LONGEST_TEXT = 1_000;

const NAMES: Readonly<Record<Condition, string>> = {
  stale: 'is not polled',
  credentials: 'cannot log in',
  quarantine: 'has mail in quarantine',
  headers_not_applied: 'does not apply x-headers of own mail',
};

const ENDS: Readonly<Record<Condition, string>> = {
  stale: 'is polled again',
  credentials: 'can log in again',
  quarantine: 'has no mail in quarantine any more',
  headers_not_applied: 'applies x-headers of own mail again, or no more came for a day',
};

const CURES: Readonly<Record<Condition, string>> = {
  stale: '`mailcase check` says what is wrong',
  credentials: '`mailcase check` says whether it is well',
  quarantine: '`mailcase quarantine list` shows them',
  headers_not_applied:
    'let the sending system sign them, or mend `trust`; `mailcase check --sample` says more',
};

/** @param mask overwrites secrets: what a server said may quote the login */
export function reportOf(
  { mailbox, condition, since, why }: Subject,
  state: Message,
  at: Date,
  mask: (text: string) => string,
): Report {
  const isOver = state === 'all_clear';
  const reason = isOver || why === undefined ? null : clean(mask(why));
  const cure = isOver ? null : CURES[condition];
  const moment = since === undefined ? undefined : new Date(since);
  const began = moment === undefined ? '' : ` (since ${readableTime(moment)} UTC)`;
  const said = isOver
    ? `all clear: mailbox ${mailbox} ${ENDS[condition]}`
    : `${state === 'repeat' ? 'still: ' : ''}mailbox ${mailbox} ${NAMES[condition]}${began}: ${reason ?? ''}. ${cure}`;
  return {
    text: clean(`mailcase: ${said}`),
    ...{ state, mailbox, condition },
    key: `mailcase/${mailbox}/${condition}`,
    since: isOver ? null : (moment?.toISOString() ?? null),
    at: at.toISOString(),
    why: reason,
    cure,
    host: hostname(),
  };
}

export function testReport(at: Date): Report {
  return {
    text: `mailcase: a test from ${clean(hostname())}: alarms arrive here`,
    ...{ state: 'test', mailbox: null, condition: null, key: 'mailcase/test' },
    ...{ since: null, at: at.toISOString(), why: null, cure: null, host: hostname() },
  };
}

/**
 * What a server or a mail says must not give orders: control characters to a terminal, < and & to a chat service, which reads
 * `<!channel>` as a call to everybody.
 */
function clean(text: string): string {
  const quiet = harmless(text).replaceAll('<', '‹').replaceAll('>', '›').replaceAll('&', '＆');
  return quiet.length <= LONGEST_TEXT ? quiet : `${quiet.slice(0, LONGEST_TEXT - 1)}…`;
}
