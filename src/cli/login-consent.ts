import { beginBrowserLogin, consentAddress, redeemCode } from '../auth/by-browser.ts';
import { askForDeviceCode, awaitConsent } from '../auth/by-device.ts';
import type { OAuth2Client } from '../auth/endpoint.ts';
import { listenForRedirect, redirectUriOf } from '../auth/loopback.ts';
import type { GrantedTokens } from '../auth/tokens.ts';
import { isAddress } from '../config/domain-checks.ts';
import type { ImapConfig } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';
import { harmless } from '../terminal/harmless.ts';
import { counted } from '../terminal/words.ts';
import { linkedSignal, onAbort } from '../waiting.ts';
import type { Way } from './login-way.ts';
import { pastedRedirect } from './pasted.ts';

/** How long a browser is waited for, in milliseconds: as long as Microsoft's codes for devices live. */
const PATIENCE_MS = 15 * 60_000;

export interface Asking {
  readonly client: OAuth2Client;
  readonly imap: ImapConfig;
  /** Tells the person what to do; harmless already. */
  readonly say: (text: string) => void;
  /** Where a person pastes; undefined where nobody is there who could. */
  readonly input: NodeJS.ReadableStream | undefined;
  /** Ends it, with a MailcaseError that says why. */
  readonly signal: AbortSignal;
}

/** Has a person consent. @throws MailcaseError where nobody did, or it was somebody's mistake */
export function consentBy(way: Way, asking: Asking): Promise<GrantedTokens> {
  if (way.kind === 'device') return consentOnDevice(asking);
  return way.kind === 'paste' ? consentElsewhere(asking, way) : consentHere(asking, way);
}

async function consentOnDevice({ client, imap, say, signal }: Asking): Promise<GrantedTokens> {
  const device = await askForDeviceCode(client, signal);
  const whole = device.addressWithCode;
  say(`${opening(client, imap)} on any device with a browser, open

  ${harmless(device.address)}

and enter the code

  ${harmless(device.code)}
${whole === undefined ? '' : `\n(or open ${harmless(whole)}, where it is filled in)\n`}
${signInAs(imap)} The code is good for ${minutes(device.livesMs)}.
Waiting (Ctrl-C ends it) …`);
  return awaitConsent(client, device, signal);
}

async function consentHere(asking: Asking, { host, port }: BrowserWay): Promise<GrantedTokens> {
  const { client, imap, say, input, signal } = asking;
  const login = beginBrowserLogin();
  const loopback = await listenForRedirect({ host, port, state: login.state });
  const { redirectUri } = loopback;
  const waiting = patience(signal);
  try {
    const address = await consentAddress(login, client.oauth2, redirectUri, hintOf(imap));
    say(`${opening(client, imap)} in a browser on this machine, open

  ${address}

${signInAs(imap)} Waiting for the browser to come back to ${redirectUri} (Ctrl-C ends it) …
${noBrowserHere(redirectUri, input !== undefined)}`);
    const never = untilAborted(waiting.signal);
    // Where nothing can be pasted any more, the browser may still come.
    const paste =
      input &&
      pastedRedirect(input, redirectUri, login.state, say, waiting.signal).then((url) => url ?? never);
    const answer = await Promise.race([loopback.answer, never, ...(paste ? [paste] : [])]);
    waiting.end();
    return await redeemCode(login, client, answer, signal);
  } finally {
    waiting.end();
    await loopback.close();
  }
}

async function consentElsewhere(asking: Asking, { host, port }: BrowserWay): Promise<GrantedTokens> {
  const { client, imap, say, input, signal } = asking;
  const login = beginBrowserLogin();
  const redirectUri = redirectUriOf(host, port);
  const address = await consentAddress(login, client.oauth2, redirectUri, hintOf(imap));
  const waiting = patience(signal);
  try {
    say(`${opening(client, imap)} in any browser, open

  ${address}

${signInAs(imap)} In the end the browser goes to an address that begins with
${redirectUri} and does not load. Copy all of that address out of the browser, and paste it here:`);
    const answer = await pastedRedirect(
      input ?? process.stdin,
      redirectUri,
      login.state,
      say,
      waiting.signal,
    );
    waiting.signal.throwIfAborted();
    if (answer === undefined) {
      throw new MailcaseError('stopped', 'no address was pasted before the input ended: nothing was stored');
    }
    return await redeemCode(login, client, answer, signal);
  } finally {
    waiting.end();
  }
}

type BrowserWay = Extract<Way, { host: string }>;

function opening({ mailbox }: OAuth2Client, { user }: ImapConfig): string {
  return `To let mailcase read ${harmless(user)} (mailbox ${mailbox}),`;
}

/** At Exchange a shared mailbox has no password to sign in with. */
function signInAs({ user, provider }: ImapConfig): string {
  const others = provider === 'exchange' ? ', or as somebody who has full access to it' : '';
  return `Sign in as ${harmless(user)}${others}.`;
}

function noBrowserHere(redirectUri: string, canPaste: boolean): string {
  const { port, hostname } = new URL(redirectUri);
  const tunnel = `From another machine: ssh -L ${port}:127.0.0.1:${port} to this one, and open it there.`;
  return canPaste
    ? `\n${tunnel} Or open it in any browser; it ends at an address\nof ${hostname}:${port} that does not load: paste that address here.`
    : `\n${tunnel} Or use --paste.`;
}

/** With which account, where the browser knows several. */
function hintOf({ user }: ImapConfig): string | undefined {
  return isAddress(user) ? user : undefined;
}

/** Until the person has come back, for as long as that may take. */
function patience(signal: AbortSignal): { readonly signal: AbortSignal; end(): void } {
  const over = new AbortController();
  const linked = linkedSignal([signal, over.signal], { ms: PATIENCE_MS, reason: nobodyCame });
  return {
    signal: linked.signal,
    end: () => {
      over.abort();
      linked.release();
    },
  };
}

function nobodyCame(): MailcaseError {
  return new MailcaseError(
    'act_refused',
    `nobody consented within ${minutes(PATIENCE_MS)}: nothing was stored. Run the same command again`,
  );
}

function untilAborted(signal: AbortSignal): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    onAbort(signal, () => reject(signal.reason));
  });
  // Nobody may be waiting for it any more.
  promise.catch(() => {});
  return promise;
}

function minutes(ms: number): string {
  return counted(Math.max(1, Math.round(ms / 60_000)), 'minute');
}
