import type { Provider } from '../config/provider.ts';
import type { ErrorKind } from '../errors.ts';
import { type Said, waitOf } from './said.ts';

/** What an answer of the server means, and what to do about it. */
export interface Refusal {
  readonly kind: ErrorKind;
  /** How long it is to be left alone, in milliseconds: as it says, or else as its vendor does; undefined where nobody does. */
  readonly retryAfterMs: number | undefined;
  /** What is behind the words, where they do not say it themselves. */
  readonly meaning: string | undefined;
  readonly cure: string;
}

/** An answer that is known: by its words, by its response code (RFC 5530), or by both. The first that fits counts. */
interface Known {
  readonly kind: ErrorKind;
  readonly codes?: readonly string[];
  readonly text?: RegExp;
  /** Response codes that say more than such words do, which then do not count. */
  readonly exceptCodes?: readonly string[];
  /** At the login only, or only after it; else whenever it is said. */
  readonly at?: Said['at'];
  readonly status?: readonly Said['status'][];
  readonly meaning?: string;
  /** Else that of the kind. */
  readonly cure?: string;
  readonly leastMs?: number;
}

/** Google: an account over its limits is shut for 1 to 24 hours. In milliseconds. */
const BANDWIDTH_REST_MS = 60 * 60 * 1000;

/** No server is waited for longer, in milliseconds, whatever it says: it would never be asked again. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000;

/** What speaks of the command alone, whatever stands in the name of a folder that it quotes. */
const OF_COMMAND: Known = {
  kind: 'other',
  at: 'session',
  codes: [
    ...[
      'NONEXISTENT',
      'TRYCREATE',
      'ALREADYEXISTS',
      'NOPERM',
      'CANNOT',
      'CLIENTBUG',
      'BADCHARSET',
      'EXPUNGEISSUED',
    ],
    // It may be the bug of one message, which must not end the work on all others.
    'SERVERBUG',
  ],
  text: /does(n't| not) exist|(no such|unknown|invalid|illegal) (mailbox|folder)|(mailbox|folder) (could )?not (be )?found|unknown command/i,
};

const THROTTLED: readonly Known[] = [
  {
    kind: 'throttled',
    text: /request is throttled|backoff time/i,
    meaning: 'too many requests in a short time',
    cure: 'nothing is to be done once; if it comes again and again, poll less often, and see what else reads the mailbox',
  },
  {
    kind: 'throttled',
    text: /command or bandwidth limits|bandwidth limit|exceeded .*bandwidth/i,
    meaning:
      'more was downloaded in a day than the provider allows, Gmail 2500 MB; it ends by itself within a day',
    cure: 'see what else downloads from this account, and lower `daily_download` to leave room for it; an import of old mail can be spread over days (`mailcase import --limit`)',
    leastMs: BANDWIDTH_REST_MS,
  },
  {
    kind: 'throttled',
    text: /too many (simultaneous |concurrent |open )?connections|maximum number of (\w+ )?connections|connections? limit|too many (simultaneous |concurrent )?sessions/i,
    meaning: 'other programs have all connections open that one account may have',
    cure: 'close other mail programs on this account, or raise the limit of a server of your own (Dovecot: mail_max_userip_connections)',
  },
  {
    // The front door took the login and found no way to the mailbox behind it: so the password or token is right.
    kind: 'throttled',
    text: /user is authenticated but not connected/i,
    meaning:
      'the login is right, and the mailbox behind it is not to be had: `imap.user` is not the address of the mailbox, the permission or the licence is missing, or it was connected to too often',
    cure: 'see that `imap.user` is the mailbox, that it has a licence and IMAP switched on (Get-CASMailbox), and that the app or user may open it (Add-MailboxPermission); where it went well before, wait',
  },
  {
    // Exchange ends sessions that are too many or too busy so, with a number of its own.
    kind: 'throttled',
    text: /^connection (is )?closed\. 1[0-9]\b/i,
    status: ['BYE'],
    meaning: 'Exchange ended the connection, as it does with too many or too busy ones',
    cure: 'nothing is to be done once; if it comes again and again, poll less often, and see what else reads the mailbox',
  },
  {
    kind: 'throttled',
    text: /rate limit|too many (failed |invalid )?(login|log-?[io]n|authentication|auth) (attempts|failures)|too many (attempts|requests|commands in)|slow down|throttl/i,
    meaning: 'the server was asked too often in a short time',
  },
  {
    kind: 'throttled',
    text: /temporarily (been )?(locked|blocked|disabled|suspended|banned)/i,
    meaning: 'the account or this machine is shut out for a while, as after too many attempts',
    cure: 'see that no other program tries an old password, then wait',
  },
  { kind: 'throttled', codes: ['THROTTLED'], meaning: 'the server was asked too often in a short time' },
  // In the middle of the work it is a limit of one command, and OVERQUOTA a full mailbox.
  { kind: 'throttled', codes: ['LIMIT', 'OVERQUOTA'], at: 'login' },
];

/** Codes of which each says that the login is wrong, or wants a person, whatever else is said. */
const FOR_GOOD = ['EXPIRED', 'WEBALERT', 'CONTACTADMIN', 'PRIVACYREQUIRED'];

const PASSING: readonly Known[] = [
  {
    kind: 'network',
    // The first stem is that of many languages. Cyrus says `generic failure` where its saslauthd is away.
    text: /tempora(?!ry passw)|vorübergehend|tijdelijk|try again (later|in)|server (is )?(busy|unavailable)|lookup failed|system error|internal (\w+ )?(error|failure)|generic failure|overload|shutting down|(cannot|can't|could not|unable to|failed to) (connect|contact|reach)|connection refused/i,
    exceptCodes: FOR_GOOD,
    meaning: 'the server is in trouble itself',
  },
  {
    kind: 'network',
    // Words that may also stand in a sentence about a login that is rejected.
    text: /unavailable|backend|timed? ?out|not responding|maintenance/i,
    exceptCodes: [...FOR_GOOD, 'AUTHENTICATIONFAILED', 'AUTHORIZATIONFAILED'],
    meaning: 'the server is in trouble itself',
  },
  {
    kind: 'network',
    text: /session (has )?expired|session invalidated|access ?token ?expired|inactiv|idle for too long|auto-?logout/i,
    at: 'session',
    meaning: 'the server ended a session that was old or idle',
  },
  { kind: 'network', codes: ['UNAVAILABLE'], meaning: 'the server is in trouble itself' },
  { kind: 'network', codes: ['SERVERBUG', 'INUSE'], at: 'login' },
  {
    kind: 'network',
    text: /too many invalid imap commands/i,
    meaning: 'the server understood none of several commands',
    cure: 'see that `imap.host` and `imap.port` are those of an IMAP server; if they are, report it as a defect of mailcase, with the log at `log: {level: debug}`',
  },
];

/** What leaves no doubt that the login is rejected, even where it goes on about trying again later. */
const REJECTED_OUTRIGHT: readonly Known[] = [
  {
    kind: 'credentials',
    at: 'login',
    text: /application-?\s?specific password/i,
    meaning: 'the account has 2-step verification, and its own password is not taken by programs',
    cure: 'make an app password for mailcase (https://myaccount.google.com/apppasswords) and set it as `imap.password`',
  },
  {
    kind: 'credentials',
    at: 'login',
    text: /web ?login required|log in (via|with) your web browser/i,
    meaning: 'Google wants a person to sign in first',
    cure: 'sign in to the account with a browser, from the same network if that can be, answer what is asked there, then try again',
  },
  {
    kind: 'credentials',
    at: 'login',
    text: /(invalid|incorrect|wrong|bad) (credentials|password|user ?(name|id) or)/i,
  },
];

const REJECTED: readonly Known[] = [
  {
    kind: 'credentials',
    codes: ['WEBALERT'],
    cure: 'sign in to the account with a browser, and answer what is asked there',
  },
  {
    kind: 'credentials',
    codes: ['EXPIRED'],
    meaning: 'the password or token was right once and has expired',
    cure: 'make a new one and set it in the configuration',
  },
  {
    kind: 'credentials',
    codes: ['AUTHORIZATIONFAILED'],
    meaning: 'the password or token is right, and may not open this mailbox',
    cure: 'see that `imap.user` is right, and that it was given the right to open the mailbox',
  },
  {
    kind: 'credentials',
    codes: ['PRIVACYREQUIRED'],
    text: /plaintext|requires? (tls|ssl|encryption)|privacy required/i,
    meaning: 'the server takes no login without encryption',
    cure: 'use `tls: implicit` or `tls: starttls`',
  },
  {
    kind: 'credentials',
    codes: ['CONTACTADMIN'],
    meaning: 'the account is closed to programs until its administrator opens it',
    cure: 'ask the administrator of the mail server',
  },
  {
    kind: 'credentials',
    text: /imap (access )?is disabled|imap.*not enabled|not enabled for imap|account is (disabled|locked|suspended)|login is disabled|basic ?auth\w* is (disabled|blocked)/i,
    meaning: 'the account may not log in by IMAP, or not in this way',
    cure: 'switch IMAP on for the account, see that it is not locked, and that the server takes this way to log in (with `tls: none`, many take none)',
  },
];

/**
 * What the server's refusal means. A passing trouble is never taken for a rejected password, nor the other way round;
 * where its words say neither, a NO at the login is what the standard has it for: name or password rejected (RFC 9051,
 * section 6.2.3), and everything else speaks of one command.
 *
 * @param said at the greeting, at the login, in answer to a command, or as BYE
 */
export function refusalOf(said: Said, provider: Provider): Refusal {
  const before = [OF_COMMAND, ...THROTTLED, ...REJECTED_OUTRIGHT, ...PASSING];
  const known = before.find((each) => fits(each, said)) ?? loginRefusal(said);
  if (known) return asRefusal(sayingWhat(known, said, provider), said, provider);
  if (said.status === 'BYE') return asRefusal({ kind: 'network' }, said, provider);
  return asRefusal(otherRefusal(said, provider), said, provider);
}

function loginRefusal(said: Said): Known | undefined {
  if (said.at !== 'login') return undefined;
  if (said.oauthStatus !== undefined)
    return /^5\d\d$/.test(said.oauthStatus) ? { kind: 'network' } : { kind: 'credentials' };
  const known = REJECTED.find((each) => fits(each, said));
  if (known) return known;
  const isRejected =
    said.code === 'AUTHENTICATIONFAILED' ||
    said.status === 'NO' ||
    /invalid credentials|(authentication|login|authenticate) failed/i.test(said.text);
  return isRejected ? { kind: 'credentials' } : undefined;
}

/** Most servers say no more of a token than of a password. */
function sayingWhat(known: Known, said: Said, provider: Provider): Known {
  const isByToken = said.isByToken === true || said.oauthStatus !== undefined;
  const isBare = known.kind === 'credentials' && known.cure === undefined && known.meaning === undefined;
  return isByToken && isBare && said.at === 'login' ? tokenRejected(provider) : known;
}

function tokenRejected(provider: Provider): Known {
  const whose =
    provider === 'exchange'
      ? 'that whoever it was made for may open the mailbox; for an app: IMAP.AccessAsApp with admin consent, New-ServicePrincipal with the object id of the enterprise application, Add-MailboxPermission, each of which takes up to an hour to be everywhere'
      : 'that whoever it was made for may open the mailbox';
  return {
    kind: 'credentials',
    meaning: 'the access token is not taken for this mailbox',
    cure: `see that \`imap.user\` is the mailbox, that the token was made for IMAP (\`imap.oauth2.scope\`), and ${whose}`,
  };
}

function otherRefusal({ at, status, text }: Said, provider: Provider): Known {
  if (status === 'BAD' && at === 'login') {
    return {
      kind: 'other',
      meaning: 'the server did not take the login as a command that it knows',
      cure:
        provider === 'exchange'
          ? 'see that IMAP and this way to log in are switched on for the mailbox (Get-CASMailbox, authentication policies), and that the token is whole'
          : 'see that `imap.host`, `imap.port` and `imap.tls` are those of an IMAP server that takes this way to log in',
    };
  }
  if (/command error\. 1\d/i.test(text)) {
    return { kind: 'other', meaning: 'Exchange did not take the command: too long, or not at this moment' };
  }
  return { kind: 'other' };
}

function fits({ codes, text, exceptCodes, at, status }: Known, said: Said): boolean {
  if (at !== undefined && at !== said.at) return false;
  if (status !== undefined && !status.includes(said.status)) return false;
  if (exceptCodes?.includes(said.code ?? '')) return false;
  // A rule with codes and words is met by either.
  return codes?.includes(said.code ?? '') === true || text?.test(said.text) === true;
}

function asRefusal({ kind, meaning, cure, leastMs }: Known, { text }: Said, provider: Provider): Refusal {
  const toldMs = kind === 'throttled' ? waitOf(text) : undefined;
  const retryAfterMs = toldMs === undefined ? leastMs : Math.min(toldMs, LONGEST_WAIT_MS);
  return { kind, retryAfterMs, meaning, cure: cure ?? cureOf(kind, provider) };
}

function cureOf(kind: ErrorKind, provider: Provider): string {
  switch (kind) {
    case 'credentials':
      return loginCure(provider);
    case 'throttled':
      return 'it is tried again later; if it comes again and again, poll less often, and see what else reads the mailbox';
    case 'network':
      return 'it is tried again; if it stays so, ask whoever runs the mail server';
    default:
      return 'it is tried again; if it stays so, the log at `log: {level: debug}` has more';
  }
}

function loginCure(provider: Provider): string {
  switch (provider) {
    case 'gmail':
      return 'Gmail takes an app password (2-step verification has to be on) or OAuth2, not the password of the account; if it worked until now, the app password was taken back, as a new password of the account does: make another one';
    case 'exchange':
      return 'Exchange Online takes no passwords, only OAuth2; a server on premises takes `imap.user` and `imap.password` if IMAP is switched on for the mailbox';
    default:
      return 'correct `imap.user` and `imap.password`; some providers want IMAP switched on, or a password made for one program';
  }
}
