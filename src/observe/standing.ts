import type { ErrorKind } from '../errors.ts';
import { counted, listed, readableTime } from '../terminal/words.ts';

/** A mailbox that nobody should go on waiting for. */
export interface Unhealthy {
  /** When the first of the failures ended that no good poll has followed. */
  readonly since: Date;
  /** What the last of them said; secrets are overwritten. */
  readonly why: string;
  /** How to mend it, where that is known. */
  readonly cure: string | undefined;
  readonly kind: ErrorKind;
  /** How many polls have failed since then. */
  readonly failures: number;
}

/** How one mailbox stands. */
export interface MailboxHealth {
  readonly name: string;
  /** Whether a poll has ended since the start, well or not. */
  readonly tried: boolean;
  readonly failingSince: Date | undefined;
  /** Set when it fails for longer than a hiccup lasts: see the option `unhealthy`. */
  readonly unhealthy: Unhealthy | undefined;
  /** By how much the poll under way has outrun its poll_timeout, in milliseconds; 0 where all is in order. */
  readonly overdueMs: number;
  /** The daemon that polls it instead of us. */
  readonly heldBy: string | undefined;
}

/** More names than this are counted only: it is one line of `systemctl status`. */
const MOST_NAMES = 3;

/** What the kinds of errors are for people. */
const KIND_WORDS: Readonly<Record<ErrorKind, string>> = {
  credentials: 'login rejected',
  throttled: 'throttled',
  network: 'not reached',
  other: 'error',
};

/** Most characters of a reason in that line: the log and `mailcase check` have all of it. */
const LONGEST_WHY = 80;

function shortened(why: string): string {
  return why.length <= LONGEST_WHY ? why : `${why.slice(0, LONGEST_WHY - 1).trimEnd()}…`;
}

/** `2 mailboxes, 1 failing: support since 14:05 UTC` */
export function standingLine(mailboxes: readonly MailboxHealth[], now: Date): string {
  const untried = mailboxes.filter(({ tried }) => !tried);
  const elsewhere = mailboxes.flatMap(({ name, heldBy }) =>
    heldBy === undefined ? [] : [`${name} by ${heldBy}`],
  );
  const overdue = mailboxes.filter(({ overdueMs }) => overdueMs > 0);
  const failing = mailboxes.flatMap(({ name, failingSince, unhealthy }) =>
    failingSince === undefined || unhealthy ? [] : [`${name} since ${readableSince(failingSince, now)}`],
  );
  const ill = mailboxes.flatMap(({ name, unhealthy }) =>
    unhealthy === undefined
      ? []
      : [
          `${name} since ${readableSince(unhealthy.since, now)} (${KIND_WORDS[unhealthy.kind]}: ${shortened(unhealthy.why)})`,
        ],
  );
  const parts = [
    ...part(ill, 'unhealthy'),
    ...part(failing, 'failing'),
    ...part(
      overdue.map(({ name }) => name),
      'beyond poll_timeout',
    ),
    ...part(
      untried.map(({ name }) => name),
      'not polled yet',
    ),
    ...part(elsewhere, 'polled by another daemon'),
  ];
  const all = counted(mailboxes.length, 'mailbox', 'mailboxes');
  return [
    all,
    ...(ill.length + failing.length + overdue.length + untried.length === 0 ? ['none failing'] : []),
    ...parts,
  ].join(', ');
}

/** `14:05 UTC`, with the date where it is not today's. */
export function readableSince(moment: Date, now: Date): string {
  const [day, time] = readableTime(moment).split(' ');
  return readableTime(now).startsWith(`${day} `) ? `${time} UTC` : `${day} ${time} UTC`;
}

function part(names: readonly string[], what: string): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MOST_NAMES);
  const rest = names.length - shown.length;
  return [`${names.length} ${what}: ${listed(rest > 0 ? [...shown, `${rest} more`] : shown)}`];
}
