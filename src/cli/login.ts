import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf } from '../auth/endpoint.ts';
import { type RefreshStanding, refreshStanding } from '../auth/standing.ts';
import { bindingOf, readTokens, storeLogin, tokenKeysOf } from '../auth/token-store.ts';
import { type GrantedTokens, msLeft, accessToken as toAccessToken } from '../auth/tokens.ts';
import { tryLogin } from '../auth/try-login.ts';
import { nearest } from '../config/nearest.ts';
import type { Provider } from '../config/provider.ts';
import type { Config, MailboxConfig, OAuth2Config } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { readableTime } from '../terminal/words.ts';
import { answer, configFor, EXIT, printToCopy } from './context.ts';
import { consentBy } from './login-consent.ts';
import { type WayOptions, wayFor } from './login-way.ts';
import { withDatabaseOf } from './with-database.ts';

export interface LoginOptions extends WayOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** `mailcase login [MAILBOX]` */
export async function loginCommand(name: string | undefined, options: LoginOptions): Promise<number> {
  const loaded = await configFor(options.config);
  const mailbox = mailboxNamed(loaded.config.mailboxes, name);
  const oauth2 = refreshTokenFlow(mailbox);
  const way = wayFor(options, oauth2, mailbox.imap.provider);
  const interrupted = onInterrupt();
  // Whoever takes the answer out of standard output does not want to read on.
  const output = options.json === true ? process.stderr : process.stdout;
  const say = (text: string) => printToCopy(text, output);
  const client = clientOf(mailbox, oauth2);
  // The database first: nobody consents for nothing.
  return withDatabaseOf(loaded, async (db) => {
    const tokens = await consentBy(way, {
      ...{ client, imap: mailbox.imap, say, signal: interrupted },
      input: way.kind === 'paste' || process.stdin.isTTY ? process.stdin : undefined,
    });
    const givenAt = Date.now();
    if (tokens.refreshToken === undefined) throw noRefreshToken(oauth2, mailbox.imap.provider);
    say(`\nConsented. Trying the login at ${mailbox.imap.host} …`);
    await tryLogin(mailbox, tokens.accessToken, interrupted);
    const granted = { ...tokens, refreshToken: tokens.refreshToken };
    const standing = await untilStored(say, interrupted, () =>
      store(db, loaded.config, mailbox, granted, givenAt),
    );
    const stored = {
      ...{ mailbox: mailbox.name, user: mailbox.imap.user, way: way.kind, stored: true },
      refresh_token_dies_at: standing?.diesAt ?? null,
    };
    answer(options.json, stored, () => summary(mailbox, standing));
    return EXIT.done;
  });
}

/** The mailbox that is meant, or the only one. */
function mailboxNamed(mailboxes: readonly MailboxConfig[], name: string | undefined): MailboxConfig {
  const [first, ...others] = mailboxes;
  const names = mailboxes.map((each) => each.name);
  if (name === undefined) {
    if (first && others.length === 0) return first;
    throw new MailcaseError('usage', `which mailbox? Write one of ${names.join(', ')} after \`login\``);
  }
  const found = mailboxes.find((each) => each.name === name);
  if (found) return found;
  const meant = nearest(name, names);
  const hint = meant === undefined ? `write one of ${names.join(', ')}` : `did you mean ${meant}?`;
  throw new MailcaseError('usage', `there is no mailbox ${harmless(name)}: ${hint}`);
}

/** @throws MailcaseError `usage` where no person has to consent */
function refreshTokenFlow({ name, imap }: MailboxConfig): OAuth2Config {
  const { oauth2 } = imap;
  if (oauth2?.flow === 'refresh_token') return oauth2;
  const why =
    oauth2 === undefined
      ? 'logs in with a password. For a login that a person consents to, take `imap.password` out and set `imap.oauth2: {flow: refresh_token, …}`'
      : `logs in by itself (\`flow: ${oauth2.flow}\`), nobody has to consent: \`mailcase check --mailbox ${name}\` says whether it works`;
  throw new MailcaseError('usage', `the mailbox ${name} ${why}`);
}

/** Ctrl-C and its like: what is under way ends in good order, and a second one ends the process at once. */
function onInterrupt(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () =>
      stop.abort(new MailcaseError('stopped', 'ended before it was done: nothing was stored')),
    );
  }
  return stop.signal;
}

/** @returns how the refresh token stands; undefined where somebody has taken it out since */
async function store(
  db: Database,
  config: Config,
  mailbox: MailboxConfig,
  { accessToken, refreshToken, livesMs, refreshLivesMs }: GrantedTokens & { refreshToken: string },
  givenAt: number,
): Promise<RefreshStanding | undefined> {
  const [keys, binding, now] = [tokenKeysOf(config), bindingOf(mailbox), Date.now()];
  await storeLogin(db, keys, binding, {
    ...{ accessToken, refreshToken, refreshLivesMs, isSameRefreshToken: false },
    ...msLeft(toAccessToken(accessToken, livesMs, givenAt), now),
  });
  const stored = await readTokens(db, keys, binding);
  return stored && refreshStanding(stored.times, mailbox.imap.oauth2?.refresh_token_lifetime, now);
}

/** How often it is tried to store what the database did not take, in milliseconds. */
const STORE_AGAIN_MS = 2_000;

/** The person has done their part, so an outage of the database is waited for. */
async function untilStored<T>(
  say: (text: string) => void,
  interrupted: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== 'database_unavailable') throw error;
      if (failures === 0)
        say(`${harmless(errorMessage(error))}\nIt is tried again, until it is stored (Ctrl-C ends it) …`);
      await sleep(STORE_AGAIN_MS, undefined, { signal: interrupted }).catch(() => {});
      interrupted.throwIfAborted();
    }
  }
}

/** What makes each provider give one. */
function noRefreshToken({ scope }: OAuth2Config, provider: Provider): MailcaseError {
  const cure =
    provider === 'gmail'
      ? '`imap.oauth2.authorization_url` has to end in `?access_type=offline&prompt=consent`, as it does where it is not set'
      : (scope ?? '').split(' ').includes('offline_access')
        ? 'see that the app may have refresh tokens, at the provider'
        : 'add `offline_access` to `imap.oauth2.scope`';
  const what = 'the provider gave no refresh token, and without one the login would end within the hour';
  return new MailcaseError('imap_credentials', `${what}: nothing was stored. ${cure}`);
}

function summary({ name, imap }: MailboxConfig, standing: RefreshStanding | undefined): string {
  const { diesAt, isPutOff } = standing ?? {};
  const unless = isPutOff ? ', unless it is used before, as each renewal does' : '';
  const end = diesAt && `The refresh token dies on ${readableTime(diesAt)} UTC${unless}.`;
  return [
    `The login of ${harmless(imap.user)} works, and is stored for the mailbox ${name}.`,
    'A daemon that runs takes it by itself.',
    ...(end ? [end] : []),
  ].join('\n');
}
