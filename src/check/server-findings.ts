import type { DayUsed } from '../allowance.ts';
import { isLoopback } from '../config/checks.ts';
import type { MailboxConfig } from '../config/schema.ts';
import { cureOf, errorCode, errorMessage, kindOf, retryAfterMs } from '../errors.ts';
import { throughProxy } from '../imap/proxy.ts';
import type { Capability, ServerInfo } from '../imap/server.ts';
import { readableSize, readableTime } from '../terminal/words.ts';
import type { Finding, Section } from './finding.ts';

/** An extension: what mailcase uses it for, and what is lost without it. */
interface Use {
  readonly name: Capability;
  readonly gives: string;
  readonly lost: string;
}

const USES: readonly Use[] = [
  {
    name: 'IDLE',
    gives: 'tells of new mail at once',
    lost: 'new mail is found when `schedule` says so, and no sooner',
  },
  {
    name: 'MOVE',
    gives: 'moves processed mail in one step',
    lost: '`processed.move` copies mail and then deletes it',
  },
  {
    name: 'UIDPLUS',
    gives: 'deletes single messages',
    lost: '`processed.delete` cannot be done, nor `processed.move` without MOVE: others have marked mail \\Deleted too',
  },
  {
    name: 'SPECIAL-USE',
    gives: 'tells the folder of sent mail',
    lost: 'the folder of sent mail is only known by its name',
  },
];

/** The login, the server, the connection's encryption, and the extensions that matter. */
export function serverFindings(section: Section, mailbox: MailboxConfig, info: ServerInfo): Finding[] {
  const { imap } = mailbox;
  const what = info.name === undefined ? '' : `: ${info.name}`;
  return [
    section.ok('login', `${imap.user} is logged in at ${imap.host}:${imap.port}${throughProxy(imap)}${what}`),
    encryption(section, mailbox, info),
    extensions(section, info),
  ];
}

function encryption(section: Section, { imap }: MailboxConfig, { tls }: ServerInfo): Finding {
  if (tls) {
    const by = tls.authority === null ? '' : ` by the authority in ${tls.authority}`;
    return section.ok('tls_verified', `${tls.protocol}, the certificate is verified${by}`);
  }
  return isLoopback(imap.host) && imap.proxy === undefined
    ? section.ok('tls_loopback', 'without TLS, on this machine')
    : section.warning(
        'tls_missing',
        'without TLS: password and mail can be read on the way',
        'use `tls: implicit` or `tls: starttls`',
      );
}

/** What cannot be done for want of one is said with the folder. */
function extensions(section: Section, { capabilities }: ServerInfo): Finding {
  const has = ({ name }: Use) => capabilities.includes(name);
  const given = USES.filter(has).map(({ name, gives }) => `${name} (${gives})`);
  const missing = USES.filter((use) => !has(use)).map(({ name, lost }) => `without ${name}: ${lost}`);
  return section.ok('extensions', `extensions: ${given.join(', ') || 'none that mailcase uses'}`, missing);
}

/** What may still be downloaded today. */
export function downloadFinding(section: Section, { limit, used, waitsUntil }: DayUsed): Finding {
  const share = `${readableSize(used)} of ${readableSize(limit)} downloaded in the last 24 hours (daily_download)`;
  if (waitsUntil === undefined) return section.ok('download', share);
  return section.warning(
    'download_used_up',
    `${share}: mail waits in the mailbox until ${readableTime(waitsUntil)} UTC, and no sample is read`,
    'nothing is lost, it is taken then; raise `daily_download` where your provider allows more',
  );
}

/** Why a mailbox could not be looked at to the end. @param seconds how long its server was waited for, if that was too long */
export function failureFinding(
  section: Section,
  { imap }: MailboxConfig,
  error: unknown,
  seconds: number | undefined,
): Finding {
  const place = `${imap.host}:${imap.port}`;
  if (seconds !== undefined) {
    return section.problem(
      'mailbox_timeout',
      `${place} has not answered within ${seconds} s`,
      imap.tls === 'starttls'
        ? `${SILENCE_CURE}; a port that speaks TLS at once keeps silent, too: try \`tls: implicit\``
        : SILENCE_CURE,
    );
  }
  const cure = cureOf(error);
  switch (kindOf(error)) {
    case 'credentials':
      return section.problem('login_refused', errorMessage(error), cure ?? LOGIN_CURE);
    case 'throttled':
      return section.problem(
        'mailbox_throttled',
        errorMessage(error),
        cure ?? throttledCure(retryAfterMs(error)),
      );
    case 'network':
      return section.problem('not_connected', errorMessage(error), cure ?? connectCure(causeCode(error)));
    default:
      return section.problem('mailbox_failed', errorMessage(error), cure ?? FAILED_CURE);
  }
}

const LOGIN_CURE = 'correct how `imap` logs in';
const SILENCE_CURE =
  'see that `imap.host`, `imap.port` and `imap.tls` are right, and that no firewall swallows the connection; a busy server may answer later';

function throttledCure(ms: number | undefined): string {
  const wait = ms === undefined ? 'wait' : `wait ${Math.ceil(ms / 1000)} s, as it asks for`;
  return `${wait}, then run it again; see what else reads the mailbox`;
}

const FAILED_CURE = 'run it again; if it stays so, the log of `mailcase run --once` has more';

function connectCure(code: string | undefined): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name cannot be looked up: correct `imap.host`, or see that DNS works here';
    case 'ECONNREFUSED':
      return 'nothing listens there: is the server running? If it is, correct `imap.host` and `imap.port` (993 for tls: implicit, 143 for starttls)';
    default:
      return 'see that `imap.host`, `imap.port` and `imap.tls` are right, and that the network lets it through';
  }
}

function causeCode(error: unknown): string | undefined {
  return error instanceof Error ? errorCode(error.cause) : undefined;
}
