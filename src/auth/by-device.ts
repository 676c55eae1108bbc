import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'openid-client';
import { MailcaseError } from '../errors.ts';
import { linkedSignal } from '../waiting.ts';
import { askEndpoint, type OAuth2Client } from './endpoint.ts';
import { granted } from './grants.ts';
import { refusedByPerson } from './not-consented.ts';
import type { GrantedTokens } from './tokens.ts';

/** What a person is asked to do on a device that has a browser (RFC 8628, section 3.2). */
export interface DeviceCode {
  readonly address: string;
  readonly code: string;
  /** The address with the code in it; undefined where the server makes none. */
  readonly addressWithCode: string | undefined;
  /** For how long the code is good, in milliseconds. */
  readonly livesMs: number;
  /** What the server knows the login by. */
  readonly response: oauth.DeviceAuthorizationResponse;
}

/** How long is waited before it is asked again, where the server says nothing (RFC 8628, section 3.2), in seconds. */
const USUAL_INTERVAL_S = 5;

/** Where no answer came, it is asked half as often from then on (RFC 8628, section 3.5), but so often at least, in seconds. */
const LONGEST_INTERVAL_S = 60;

/** Asks for a code. @throws MailcaseError, see askEndpoint */
export async function askForDeviceCode(client: OAuth2Client, signal: AbortSignal): Promise<DeviceCode> {
  const { scope } = client.oauth2;
  return askEndpoint(client, [], signal, async (configuration) => {
    const asked = scope === undefined ? {} : { scope };
    const response = await oauth.initiateDeviceAuthorization(configuration, asked);
    return {
      address: response.verification_uri,
      code: response.user_code,
      addressWithCode: response.verification_uri_complete,
      livesMs: response.expires_in * 1000,
      response,
    };
  });
}

/**
 * Waits until the person has consented, and asks no more often than the server wants to be asked. An outage in between
 * ends nothing.
 *
 * @throws MailcaseError `act_refused` where the person has refused, or done nothing in time; what `signal` was aborted
 *   with; else see askEndpoint
 */
export async function awaitConsent(
  client: OAuth2Client,
  { response, livesMs }: DeviceCode,
  signal: AbortSignal,
): Promise<GrantedTokens> {
  const patience = linkedSignal([signal], { ms: livesMs, reason: () => expired(livesMs) });
  const ends = patience.signal;
  let interval = response.interval ?? USUAL_INTERVAL_S;
  try {
    for (;;) {
      try {
        return await askEndpoint(client, [response.device_code], ends, async (configuration) => {
          const asking = { ...response, interval };
          const options = { signal: ends };
          return granted(
            client,
            await oauth.pollDeviceAuthorizationGrant(configuration, asking, {}, options),
          );
        });
      } catch (error) {
        ends.throwIfAborted();
        const waitMs = passing(error);
        if (waitMs === undefined) throw meant(error, livesMs);
        interval = Math.min(2 * interval, Math.max(interval, LONGEST_INTERVAL_S));
        // The library waits for the interval before it asks.
        await sleep(Math.max(0, waitMs - interval * 1000), undefined, { signal: ends }).catch(() => {});
        ends.throwIfAborted();
      }
    }
  } finally {
    patience.release();
  }
}

/** @returns how long the server wants to be left alone, in milliseconds; undefined where asking again helps nobody */
function passing(error: unknown): number | undefined {
  if (!(error instanceof MailcaseError)) return undefined;
  if (error.code === 'imap_connect') return 0;
  return error.code === 'imap_throttled' ? Number(error.fields.retryAfterMs ?? 0) : undefined;
}

function meant(error: unknown, livesMs: number): unknown {
  if (!(error instanceof MailcaseError)) return error;
  const { oauthError } = error.fields;
  if (oauthError === 'expired_token' || oauthError === 'code_expired') return expired(livesMs);
  // The second is Microsoft's.
  const isRefusal = oauthError === 'access_denied' || oauthError === 'authorization_declined';
  return isRefusal ? refusedByPerson(oauthError, null) : error;
}

function expired(livesMs: number): MailcaseError {
  const minutes = Math.max(1, Math.round(livesMs / 60_000));
  return new MailcaseError(
    'act_refused',
    `nobody consented in time: the code was good for ${minutes} min. Run the same command again`,
  );
}
