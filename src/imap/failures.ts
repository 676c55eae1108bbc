import type { ImapConfig } from '../config/schema.ts';
import { type ErrorCode, type ErrorKind, errorCode, errorMessage, MailcaseError } from '../errors.ts';
import type { Heard } from './heard.ts';
import { notOffered } from './login.ts';
import { proxyFailure, throughProxy } from './proxy.ts';
import { type Refusal, refusalOf } from './refusals.ts';
import { oauthStatusOf, type Said, withoutTiming } from './said.ts';
import { tlsCure } from './tls.ts';

/*
 * From what imapflow and the socket below it throw to errors of ours, which say what it means and how to mend it. What the
 * server itself has said counts before what became of the connection: one that is closed because the server is to be left
 * alone looks like one that broke.
 */

const CODES: Readonly<Record<ErrorKind, ErrorCode>> = {
  credentials: 'imap_credentials',
  throttled: 'imap_throttled',
  network: 'imap_connect',
  other: 'imap_command',
};

/** What imapflow and the socket below it say to a command whose connection has gone; the database's errors are its own. */
const BROKEN_OFF = new Set([
  ...['NoConnection', 'EConnectionClosed', 'StateLogout', 'ETIMEOUT'],
  ...['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
]);

/** What imapflow adds to its errors. */
interface Details {
  readonly authenticationFailed?: unknown;
  readonly responseStatus?: unknown;
  readonly responseText?: unknown;
  readonly serverResponseCode?: unknown;
  readonly oauthError?: unknown;
}

/** Why there is no session. */
export function connectError(imap: ImapConfig, error: unknown, heard: Heard): MailcaseError {
  const place = `${imap.host}:${imap.port}`;
  const said = saidOf(error, 'login', heard);
  if (said !== undefined) {
    const refusal = refusalOf({ ...said, isByToken: imap.oauth2 !== undefined }, imap.provider);
    const what =
      said.status === 'BYE' || refusal.kind === 'network'
        ? `${place} does not let ${imap.user} in now`
        : `${place} refused the login of ${imap.user}`;
    return asError(refusal, `${what}: ${wordsOf(said)}`, error);
  }
  const withoutOAuth2 = notOffered(place, error);
  if (withoutOAuth2 !== undefined) return withoutOAuth2;
  if ((error as Details).authenticationFailed === true) {
    // imapflow's own verdict on what the server offers; nothing was sent.
    const cure = 'see that `imap.tls` is not `none`, and that the server takes a login of this kind';
    const text = `cannot log in to ${place} (tls: ${imap.tls}): ${errorMessage(error)}`;
    return new MailcaseError('imap_credentials', text, { cause: error, fields: { cure } });
  }
  const { responseText } = error as Details;
  const words = typeof responseText === 'string' ? responseText : errorMessage(error);
  const proxy = proxyFailure(imap, error);
  const hint = tlsCure(errorCode(error) ?? '', words, imap);
  const cure = proxy ? PROXY_CURE : hint === '' ? undefined : HINT_CURE;
  const where = `${place}${throughProxy(imap)}`;
  const text = `cannot connect to ${where} (tls: ${imap.tls}): ${proxy?.said ?? `${words}${hint}`}`;
  return new MailcaseError('imap_connect', text, {
    cause: proxy?.cause ?? error,
    ...(cure !== undefined && { fields: { cure } }),
  });
}

/* Where the words have a cure in brackets already: what else might be wrong with a connection would lead astray. */
const PROXY_CURE =
  'it is the way through `imap.proxy` that fails, not the mail server: see the words in brackets';
const HINT_CURE =
  'the server answers, so it is about TLS (`imap.tls`, `imap.port`, `imap.ca`): do what the words in brackets say';

/** What a command failed with, in words of ours; what is not the server's or the connection's stays as it is. */
export function commandError(imap: ImapConfig, error: unknown, heard: Heard): unknown {
  if (error instanceof MailcaseError) return error;
  const said = saidOf(error, 'session', heard);
  if (said !== undefined) {
    const refusal = refusalOf(said, imap.provider);
    const what = said.status === 'BYE' ? 'the server ended the connection' : 'the server refused a command';
    return asError(refusal, `${what}: ${wordsOf(said)}`, error);
  }
  if (!BROKEN_OFF.has(errorCode(error) ?? '')) return error;
  return new MailcaseError('imap_connect', `the connection broke off: ${errorMessage(error)}`, {
    cause: error,
  });
}

/** Where imapflow answers false: the server refused, or the connection is gone, which says nothing of the server. */
export function refusalError(imap: ImapConfig, heard: Heard, what: string, isOpen: boolean): MailcaseError {
  const said = heard.throttled ?? (isOpen ? heard.refused : heard.bye);
  if (said === undefined) {
    return isOpen
      ? new MailcaseError('imap_command', `the server refused ${what}`)
      : new MailcaseError('imap_connect', 'the connection was closed');
  }
  return asError(refusalOf(said, imap.provider), `the server refused ${what}: ${wordsOf(said)}`, undefined);
}

/** What the server has to do with an error; undefined where the connection alone failed. */
function saidOf(error: unknown, at: Said['at'], heard: Heard): Said | undefined {
  // The connection is closed at once then, so that the error may be of our own making.
  if (heard.throttled) return heard.throttled;
  const { responseStatus, responseText, serverResponseCode, oauthError } = error as Details;
  // What is refused before the login, such as STARTTLS, says nothing of it.
  const isMeant = at === 'session' || (error as Details).authenticationFailed === true;
  if (isMeant && (responseStatus === 'NO' || responseStatus === 'BAD')) {
    return {
      at,
      status: responseStatus,
      code: typeof serverResponseCode === 'string' ? serverResponseCode : heard.refused?.code,
      text: typeof responseText === 'string' ? withoutTiming(responseText) : '',
      oauthStatus: oauthStatusOf(oauthError),
    };
  }
  const code = errorCode(error) ?? '';
  return BROKEN_OFF.has(code) || code.startsWith('ClosedAfterConnect') ? heard.bye : undefined;
}

function asError(
  { kind, retryAfterMs, meaning, cure }: Refusal,
  text: string,
  cause: unknown,
): MailcaseError {
  const message = meaning === undefined ? text : `${text} (${meaning})`;
  const fields = { cure, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return new MailcaseError(CODES[kind], message, { ...(cause !== undefined && { cause }), fields });
}

function wordsOf({ code, text, oauthStatus }: Said): string {
  return [
    ...(code === undefined || code === 'ALERT' ? [] : [`[${code}]`]),
    text === '' ? 'no words' : text,
    ...(oauthStatus === undefined ? [] : [`(token: ${oauthStatus})`]),
  ].join(' ');
}
