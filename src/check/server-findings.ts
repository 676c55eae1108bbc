import { isLoopback } from '../config/checks.ts';
import type { MailboxConfig } from '../config/schema.ts';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import type { Capability, ServerInfo } from '../imap/server.ts';
import type { FoundMailbox } from '../record/folders.ts';
import { readableTime } from '../terminal/words.ts';
import type { Finding, Section } from './finding.ts';

/** An extension: what mailcase uses it for, and what is lost without it. */
interface Use {
  readonly name: Capability;
  readonly gives: string;
  readonly lost: string;
}

const USES: readonly Use[] = [
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
    section.ok('login', `${imap.user} is logged in at ${imap.host}:${imap.port}${what}`),
    encryption(section, mailbox, info),
    extensions(section, info),
  ];
}

function encryption(section: Section, { imap }: MailboxConfig, { tls }: ServerInfo): Finding {
  if (tls?.isVerified) return section.ok('tls_verified', `${tls.protocol}, the certificate is verified`);
  if (tls) {
    return section.problem(
      'tls_unverified',
      `${tls.protocol}, but the certificate was not verified`,
      'take NODE_TLS_REJECT_UNAUTHORIZED=0 out of the environment: with it, anybody on the way can pass for the server',
    );
  }
  return isLoopback(imap.host)
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

/** How the daemon's polls went, as the database has it. */
export function pollFindings(section: Section, mailbox: FoundMailbox | undefined): Finding[] {
  if (mailbox === undefined) return [section.ok('never_polled', 'not polled yet')];
  const { lastPolledAt, lastError, polledBy } = mailbox;
  const when =
    lastPolledAt === null ? 'no poll went well yet' : `last polled ${readableTime(lastPolledAt)} UTC`;
  const last = polledBy === null ? when : `${when}; it is ${polledBy}'s to poll`;
  if (lastError === null) return [section.ok('last_poll', last)];
  return [
    section.warning(
      'last_poll_failed',
      `${last}; the last attempt failed: ${lastError}`,
      'what stands below says whether it is still so; the next good poll takes the error away',
    ),
  ];
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
      'see that `imap.host`, `imap.port` and `imap.tls` are right, and that no firewall swallows the connection; a busy server may answer later',
    );
  }
  const code = error instanceof MailcaseError ? error.code : undefined;
  if (code === 'imap_credentials') {
    return section.problem('login_refused', errorMessage(error), loginCure(imap.host));
  }
  if (code === 'imap_connect') {
    return section.problem('not_connected', errorMessage(error), connectCure(causeCode(error)));
  }
  return section.problem(
    'mailbox_failed',
    errorMessage(error),
    'run it again; if it stays so, the log of `mailcase run --once` has more',
  );
}

function loginCure(host: string): string {
  if (/(^|\.)(gmail|googlemail)\.com$/i.test(host)) {
    return 'Gmail takes an app password (2-step verification has to be on), not the password of the account';
  }
  if (/(^|\.)(office365|outlook)\.com$/i.test(host)) {
    return 'Exchange Online takes no passwords at all, and this version of mailcase has no other login';
  }
  return 'correct `imap.user` and `imap.password`; some providers want IMAP switched on, or a password made for one program';
}

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
