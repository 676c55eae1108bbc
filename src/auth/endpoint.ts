import * as oauth from 'openid-client';
import { type Response as Answered, type Dispatcher, fetch } from 'undici';
import type { MailboxConfig, OAuth2Config } from '../config/schema.ts';
import { throughProxy } from '../imap/proxy.ts';
import { linkedSignal } from '../waiting.ts';
import { dispatcherFor, LONGEST_ANSWER, type Way } from './dispatcher.ts';
import { readable } from './readable.ts';
import { type Answer, explainAnswer, explainSilence } from './refusals.ts';

/** Who asks an OAuth2 server, and where. */
export interface OAuth2Client {
  /** The mailbox's name. */
  readonly mailbox: string;
  readonly oauth2: OAuth2Config;
  readonly way: Way;
}

export function clientOf({ name, imap }: MailboxConfig, oauth2: OAuth2Config): OAuth2Client {
  return { mailbox: name, oauth2, way: imap };
}

/**
 * How long an answer may take, in milliseconds. While a refresh token is replaced, a row of the database is locked, and
 * the database gives up a transaction that says nothing for 20 s.
 */
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * Asks an OAuth2 server something, once. What goes wrong is said in three kinds, and without what was shown.
 *
 * @param shown secrets that are shown to it
 * @param ask is given the configuration for the calls of openid-client
 * @throws MailcaseError `imap_credentials`, `imap_throttled` or `imap_connect`
 */
export async function askEndpoint<T>(
  client: OAuth2Client,
  shown: readonly string[],
  signal: AbortSignal,
  ask: (configuration: oauth.Configuration) => Promise<T>,
): Promise<T> {
  const { oauth2, mailbox, way } = client;
  const { client_secret } = oauth2;
  const asked = {
    ...{ mailbox, flow: oauth2.flow, url: oauth2.token_url, through: throughProxy(way) },
    secrets: [...shown, ...(client_secret === undefined ? [] : [client_secret])],
  };
  const wire = new Wire(client, signal);
  const configuration = configurationOf(oauth2);
  configuration[oauth.customFetch] = (url, options) => wire.fetch(url, options);
  try {
    return await ask(configuration);
  } catch (error) {
    if (wire.failure !== undefined)
      throw explainSilence(wire.failure, { ...asked, url: wire.url ?? asked.url });
    if (wire.answer === undefined) throw error;
    throw explainAnswer(wire.answer, { ...asked, url: wire.url ?? asked.url });
  } finally {
    await wire.close();
  }
}

function configurationOf(oauth2: OAuth2Config): oauth.Configuration {
  const { token_url, authorization_url, device_authorization_url, client_id } = oauth2;
  const server: oauth.ServerMetadata = {
    // Nobody looks at it: no token is taken here that names who issued it.
    issuer: new URL(token_url).origin,
    token_endpoint: token_url,
    ...(authorization_url && { authorization_endpoint: authorization_url }),
    ...(device_authorization_url && { device_authorization_endpoint: device_authorization_url }),
  };
  const name = oauth2.account?.email ?? client_id;
  const configuration = new oauth.Configuration(server, name, undefined, authenticationOf(oauth2));
  configuration.timeout = ANSWER_TIMEOUT_MS / 1000;
  // Only on this machine: see endpointUrl in src/config.
  if (token_url.startsWith('http:')) oauth.allowInsecureRequests(configuration);
  return configuration;
}

function authenticationOf({ client_auth, client_secret, account }: OAuth2Config): oauth.ClientAuth {
  // What a service account signs says who asks; a client's id beside it would be one too many.
  if (account !== undefined) return () => {};
  switch (client_auth) {
    case 'post':
      return oauth.ClientSecretPost(client_secret);
    case 'basic':
      return oauth.ClientSecretBasic(client_secret);
    case 'none':
      return oauth.None();
  }
}

/** Requests over HTTP that can be explained afterwards. Each asking has its own connection: they are an hour apart. */
class Wire {
  /** The last answer. */
  answer: Answer | undefined;
  /** Why there was none. */
  failure: unknown;
  /** Where the last one went. */
  url: string | undefined;
  private readonly dispatcher: Dispatcher;
  private readonly signal: AbortSignal;

  constructor({ way }: OAuth2Client, signal: AbortSignal) {
    this.signal = signal;
    this.dispatcher = dispatcherFor(way);
  }

  async fetch(url: string, options: oauth.CustomFetchOptions): Promise<Response> {
    this.answer = undefined;
    this.failure = undefined;
    this.url = url;
    const { signal: limit, body, headers, method, redirect } = options;
    const either = linkedSignal([this.signal, ...(limit ? [limit] : [])]);
    try {
      const { dispatcher } = this;
      const request = { headers, method, redirect, dispatcher, signal: either.signal };
      const response = await fetch(url, { ...request, body: body as string | URLSearchParams });
      const text = await textOf(response);
      this.answer = { status: response.status, headers: response.headers, text };
      return new Response(isEmpty(response.status) ? null : readable(text), {
        status: response.status,
        headers: [...response.headers].filter(([name]) => KEPT_HEADERS.includes(name)),
      });
    } catch (error) {
      this.failure = error;
      throw error;
    } finally {
      either.release();
    }
  }

  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }
}

/** What is unpacked counts too: a packed answer can be a thousand times as long. */
async function textOf(response: Answered): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.byteLength;
    if (length > LONGEST_ANSWER) throw new Error('the answer is too long for one of an OAuth2 server');
    parts.push(part);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

const KEPT_HEADERS = ['content-type', 'www-authenticate', 'retry-after'];

function isEmpty(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
