import type { Flow } from '../config/oauth2-presets.ts';
import { type ErrorCode, errorCode, errorMessage, MailcaseError } from '../errors.ts';
import { quotedDescription } from './description.ts';
import { byLogin, cured, type Kind, type Meaning } from './meaning.ts';
import { MICROSOFT_CODES } from './microsoft-codes.ts';
import { TEXTS, WORDS } from './words.ts';

/*
 * What an OAuth2 server's refusal means, in the same three kinds as those of a mail server: whoever waits for a person does
 * not ask again and again, and an outage asks no person for anything.
 */

/** What was asked, for whom. */
export interface Asked {
  /** The mailbox's name. */
  readonly mailbox: string;
  readonly flow: Flow;
  /** Where. */
  readonly url: string;
  /** ` through the HTTP proxy proxy.example.com:3128`; empty where the connection is direct. */
  readonly through?: string;
  /** What was shown, and must not be shown to anybody else. */
  readonly secrets: readonly string[];
}

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

const CODES: Readonly<Record<Kind, ErrorCode>> = {
  credentials: 'imap_credentials',
  throttled: 'imap_throttled',
  network: 'imap_connect',
};

/** The longest wait that is believed, in milliseconds: a day. */
const LONGEST_WAIT_MS = 24 * 60 * 60_000;

/**
 * Why an answer holds no token.
 *
 * @param now to count a date of Retry-After from
 */
export function explainAnswer(answer: Answer, asked: Asked, now = Date.now()): MailcaseError {
  const { status, text } = answer;
  const said = readError(text);
  const words = said === undefined ? undefined : quoted(said, asked.secrets);
  const meaning = meaningOf(status, said, asked.flow);
  if (meaning === undefined) return noToken(answer, asked);
  const what = `${hostOf(asked.url)} gave no token: ${words ?? `HTTP status ${status}`}`;
  const because = meaning.meaning === undefined ? '' : ` (${meaning.meaning})`;
  return new MailcaseError(CODES[meaning.kind], `${what}${because}`, {
    fields: {
      cure: meaning.isMendedByLogin ? loginAgain(asked) : meaning.cure,
      oauthError: said?.error,
      ...(meaning.kind === 'throttled' && { retryAfterMs: retryAfterMs(answer, now) }),
    },
  });
}

/** A refusal whose words are known counts for what they say; else the status does. */
function meaningOf(status: number, said: OAuthError | undefined, flow: Flow): Meaning | undefined {
  if (status === 429 || status === 503) return { kind: 'throttled', meaning: undefined, cure: undefined };
  const known = said && (MICROSOFT_CODES[numberOf(said) ?? ''] ?? textMeaning(said) ?? wordMeaning(said));
  if (known) return known;
  if (said?.error === 'invalid_grant') return invalidGrant(flow);
  if (status >= 500)
    return {
      kind: 'network',
      meaning: undefined,
      cure: 'it is tried again; if it stays so, ask the provider',
    };
  if (said !== undefined && status >= 400 && status !== 407)
    return cured('see that the options of `imap.oauth2` are right');
  return undefined;
}

function textMeaning({ description }: OAuthError): Meaning | undefined {
  return TEXTS.find(([text]) => text.test(description))?.[1];
}

/** The word is the server's: it may be `constructor` as well. */
function wordMeaning({ error }: OAuthError): Meaning | undefined {
  return Object.hasOwn(WORDS, error) ? WORDS[error] : undefined;
}

function invalidGrant(flow: Flow): Meaning {
  if (flow === 'refresh_token') return byLogin('the refresh token is not taken any more');
  return flow === 'service_account'
    ? cured('see that `imap.oauth2.key` and `imap.oauth2.subject` are right, and the clock of this machine')
    : cured('see that `imap.oauth2.client_id` and `imap.oauth2.client_secret` are right');
}

/** An answer that is none of an OAuth2 server: of a proxy, a portal, another web server. */
function noToken({ status, headers, text }: Answer, { url }: Asked): MailcaseError {
  const type = headers.get('content-type')?.split(';')[0]?.trim().slice(0, 60);
  const kind = text.trim() === '' ? 'nothing' : (type ?? 'something without a type');
  return new MailcaseError(
    'imap_connect',
    `${hostOf(url)} did not answer as an OAuth2 server does: HTTP status ${status}, ${kind}`,
    {
      fields: {
        cure: 'see that `imap.oauth2.token_url` is right, and that no proxy or portal on the way answers in its place',
      },
    },
  );
}

/** Why there was no answer at all: the network, or whoever stands at its other end. */
export function explainSilence(error: unknown, { url, through = '' }: Asked): MailcaseError {
  const inner = innermost(error);
  const code = errorCode(inner);
  const isTimeout =
    code === 'UND_ERR_CONNECT_TIMEOUT' || /Timeout/.test((inner as Error | undefined)?.name ?? '');
  const said = isTimeout ? 'no answer in time' : errorMessage(inner);
  return new MailcaseError('imap_connect', `cannot ask ${hostOf(url)}${through} for a token: ${said}`, {
    cause: inner,
    fields: { cure: silenceCure(code, said) },
  });
}

function silenceCure(code: string | undefined, said: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return 'the name cannot be looked up: see that DNS works here, and that `imap.oauth2.token_url` is right';
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code ?? '') || /certificate|self-signed/i.test(said)) {
    return 'the certificate is not one that is trusted here: for an authority of your own, set `imap.ca`';
  }
  if (/proxy|socks/i.test(said)) {
    return 'see that `imap.proxy` is right, its user and password too, and that the proxy lets this through';
  }
  return 'see that this machine may connect to it, and that `imap.oauth2.token_url` is right';
}

/** fetch says only that it failed; why is in what it was caused by. */
function innermost(error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && inner.cause !== undefined; depth += 1) {
    inner = inner.cause;
  }
  return inner;
}

interface OAuthError {
  readonly error: string;
  readonly description: string;
}

/** RFC 6749, section 5.2; and Google's other form, of its APIs. */
function readError(text: string): OAuthError | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { error, error_description: description } = Object(body) as Readonly<Record<string, unknown>>;
  if (typeof error === 'string' && error !== '') {
    return { error: error.slice(0, 60), description: typeof description === 'string' ? description : '' };
  }
  const { status, message } = Object(error) as Readonly<Record<string, unknown>>;
  if (typeof status !== 'string') return undefined;
  return {
    error: status.slice(0, 60).toLowerCase(),
    description: typeof message === 'string' ? message : '',
  };
}

/** `7000215` of `AADSTS7000215: Invalid client secret provided. …` */
function numberOf({ description }: OAuthError): string | undefined {
  return /\bAADSTS(\d{4,8})\b/.exec(description)?.[1];
}

/** Word and description, without anything that was shown or looks like a token. */
function quoted({ error, description }: OAuthError, secrets: readonly string[]): string {
  const longestFirst = secrets.filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  const blank = (text: string) =>
    longestFirst
      .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
      .replace(LOOKS_LIKE_TOKEN, '[secret]');
  const words = quotedDescription(description, blank);
  const word = blank(error).replace(/[^\x20-\x7e]/g, '?');
  return words === '' ? word : `${word}: ${words}`;
}

/** A JWT, or a run of letters and digits longer than any word and any id. */
const LOOKS_LIKE_TOKEN = /\beyJ[\w-]+\.[\w-]*\.?[\w-]*|[A-Za-z0-9+/_=-]{48,}/g;

/** Retry-After (RFC 9110, section 10.2.3): seconds, or a date. */
function retryAfterMs({ headers }: Answer, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_WAIT_MS) : undefined;
}

export function loginAgain({ mailbox, flow }: Pick<Asked, 'mailbox' | 'flow'>): string {
  return flow === 'refresh_token'
    ? `run \`mailcase login ${mailbox}\``
    : 'have an administrator consent to the app at the provider';
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the OAuth2 server';
}
