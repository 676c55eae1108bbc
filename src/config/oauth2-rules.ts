import type { z } from 'zod';
import { complain, optionOf } from './fields.ts';
import { readServiceAccount, type ServiceAccount } from './oauth2-checks.ts';
import {
  FLOWS,
  type Flow,
  type OAuth2Preset,
  presetOf,
  REFRESH_TOKEN_LIFETIMES,
  scopeOf,
} from './oauth2-presets.ts';
import type { GivenOAuth2 } from './oauth2-schema.ts';
import type { Complaint } from './problems.ts';
import { PROVIDERS, type Provider, providerOf } from './provider.ts';

/* What the options of OAuth2 mean together, and with those of the mailbox around them. */

/** How access tokens are got, with all that the provider's presets fill in. */
export interface OAuth2Config {
  readonly flow: Flow;
  readonly token_url: string;
  readonly authorization_url: string | undefined;
  readonly device_authorization_url: string | undefined;
  /** Words with spaces between them; undefined asks for what the app has been given. */
  readonly scope: string | undefined;
  readonly mechanism: 'xoauth2' | 'oauthbearer' | undefined;
  /** Empty with a service account. */
  readonly client_id: string;
  readonly client_secret: string | undefined;
  readonly client_auth: 'post' | 'basic' | 'none';
  /** Given with the flow service_account. */
  readonly account: (ServiceAccount & { readonly subject: string }) | undefined;
  /** How long a refresh token lives that is not used, in milliseconds; undefined where that is not known. */
  readonly refresh_token_lifetime: number | undefined;
}

/** Options that a flow has no use for: whoever wrote one meant another flow. */
const MEANINGLESS: Readonly<Record<Flow, readonly string[]>> = {
  client_credentials: [
    'key',
    'subject',
    'authorization_url',
    'device_authorization_url',
    'refresh_token_lifetime',
  ],
  refresh_token: ['key', 'subject'],
  service_account: [
    ...['tenant', 'client_id', 'client_secret', 'client_auth'],
    ...['authorization_url', 'device_authorization_url', 'refresh_token_lifetime'],
  ],
};

/** Words for several directories, in none of which an app has a mailbox. */
const NO_DIRECTORY = ['common', 'organizations', 'consumers'];

/** A way to log in: exactly one. @param section `imap` */
export function refuseNoLogin(section: unknown, context: z.RefinementCtx): void {
  const [password, oauth2] = ['password', 'oauth2'].map((name) => optionOf(section, name));
  if (password !== undefined && oauth2 !== undefined) {
    const message = '`password` and `oauth2` exclude each other';
    complain(context, { message, cure: 'take one of the two out' }, ['oauth2']);
  }
  if (password !== undefined || oauth2 !== undefined) return;
  if (providerIn(section) !== 'exchange') {
    complain(context, MISSING, ['password']);
    return;
  }
  const cure =
    'add `oauth2: {flow: client_credentials, tenant: …, client_id: …, client_secret: …}`, or `password` for a server on premises';
  complain(context, { message: 'needs `oauth2`, since Exchange Online takes no passwords', cure });
}

/** @param section `imap` */
export function refuseOAuth2(section: unknown, context: z.RefinementCtx): void {
  const given = optionOf(section, 'oauth2');
  const flow = FLOWS.find((each) => each === optionOf(given, 'flow'));
  if (flow === undefined) return;
  for (const [name, complaint] of complaintsAbout(section, given, flow)) {
    complain(context, complaint, name === undefined ? ['oauth2'] : ['oauth2', name]);
  }
}

/** An option of `oauth2`, or the section as a whole, and what is wrong with it. */
type Found = readonly [name: string | undefined, complaint: Complaint];

function* complaintsAbout(section: unknown, given: unknown, flow: Flow): Generator<Found> {
  const provider = providerIn(section);
  const has = (name: string) => optionOf(given, name) !== undefined;
  const wrong = wrongFlow(provider, flow);
  if (wrong !== undefined) {
    yield ['flow', wrong];
    return;
  }
  for (const name of MEANINGLESS[flow]) {
    if (has(name)) yield [name, { message: `means nothing with \`flow: ${flow}\``, cure: 'take it out' }];
  }
  if (flow === 'service_account') {
    if (!has('key')) yield ['key', MISSING];
  } else {
    if (!has('client_id')) yield ['client_id', MISSING];
    const wantsSecret = flow === 'client_credentials' || (provider === 'gmail' && !has('token_url'));
    if (wantsSecret && !has('client_secret')) {
      yield ['client_secret', MISSING];
    }
  }
  yield* complaintsAboutSecret(given);
  yield* complaintsAboutEndpoints(section, given, flow);
}

function* complaintsAboutSecret(given: unknown): Generator<Found> {
  const secret = optionOf(given, 'client_secret');
  const auth = optionOf(given, 'client_auth');
  if (auth === 'none' && secret !== undefined) {
    yield [
      'client_auth',
      { message: 'none, though there is a `client_secret`', cure: 'take one of the two out' },
    ];
  }
  if ((auth === 'post' || auth === 'basic') && secret === undefined) {
    yield [
      'client_auth',
      { message: `${auth}, without a \`client_secret\``, cure: 'add the secret, or take this out' },
    ];
  }
}

function* complaintsAboutEndpoints(section: unknown, given: unknown, flow: Flow): Generator<Found> {
  const provider = providerIn(section);
  const has = (name: string) => optionOf(given, name) !== undefined;
  const tenant = optionOf(given, 'tenant');
  if (provider !== 'exchange' && tenant !== undefined && flow !== 'service_account') {
    yield [
      'tenant',
      {
        message: "a part of Microsoft's endpoints, and the provider is another",
        cure: 'take it out, or set `imap.provider: exchange`',
      },
    ];
  }
  if (has('token_url')) {
    if (provider === 'exchange' && !has('scope') && scopeOf(provider, flow, hostIn(section)) === undefined)
      yield [undefined, NO_SCOPE];
    return;
  }
  if (presetFor(section, flow, '') === undefined) {
    // A key of Google's says where to ask.
    if (flow === 'service_account') return;
    const cure =
      provider === 'exchange'
        ? 'add `token_url: …` and `scope: …`: this host is none of the worldwide Exchange Online'
        : 'add `token_url: …`, or `imap.provider: gmail` or `exchange` if it is one of them';
    yield [
      undefined,
      { message: 'needs `token_url`, which is known of no server but those of Gmail and Exchange', cure },
    ];
    return;
  }
  if (provider !== 'exchange') return;
  if (tenant === undefined) {
    yield ['tenant', MISSING];
  } else if (flow === 'client_credentials' && NO_DIRECTORY.includes(String(tenant).toLowerCase())) {
    yield [
      'tenant',
      {
        message: 'stands for several directories, and an app logs in to one',
        cure: 'write the id of your directory, or one of its domains: `tenant: example.com`',
      },
    ];
  }
}

function wrongFlow(provider: Provider, flow: Flow): Complaint | undefined {
  if (provider === 'gmail' && flow === 'client_credentials') {
    return {
      message: 'Gmail has no such login: an app of its own owns no mailbox there',
      cure: 'use `service_account` (Google Workspace), or `refresh_token` and `mailcase login`',
    };
  }
  if (provider === 'exchange' && flow === 'service_account') {
    return {
      message: "Exchange has no such login: service accounts are Google's",
      cure: 'use `client_credentials`, or `refresh_token` and `mailcase login`',
    };
  }
  return undefined;
}

/** Of an option that is not there, explain.ts says how it is written. */
const MISSING: Complaint = { message: 'required, but missing', cure: 'add it' };

/** Microsoft's sign-in answers no request without one. */
const NO_SCOPE: Complaint = {
  message: 'needs `scope`, since this host is of a cloud of its own',
  cure: "add `scope: …`: for an app `https://SERVER/.default`, for a person `https://SERVER/IMAP.AccessAsUser.All offline_access`, with the cloud's own server",
};

/** Fills in what the provider's preset knows. */
export function completeOAuth2(
  given: GivenOAuth2,
  imap: { readonly provider: Provider; readonly host: string | undefined; readonly user: string },
): OAuth2Config {
  const { flow, tenant, client_id = '', client_secret, key, subject } = given;
  const preset = presetOf(imap.provider, flow, imap.host, tenant ?? '');
  const read = key === undefined ? undefined : readServiceAccount(key);
  const account =
    read === undefined || 'message' in read ? undefined : { ...read, subject: subject ?? imap.user };
  return {
    flow,
    ...endpointsOf(given, preset),
    token_url: given.token_url ?? account?.tokenUrl ?? preset?.token_url ?? '',
    scope: given.scope?.trim() ?? scopeOf(imap.provider, flow, imap.host) ?? (account && GMAIL_SCOPE),
    mechanism: given.mechanism,
    client_id,
    client_secret,
    client_auth: given.client_auth ?? (client_secret === undefined ? 'none' : 'post'),
    account,
    refresh_token_lifetime: given.refresh_token_lifetime ?? REFRESH_TOKEN_LIFETIMES[imap.provider],
  };
}

/** Endpoints of the preset do not belong to a token endpoint of somebody else. */
function endpointsOf(given: GivenOAuth2, preset: OAuth2Preset | undefined) {
  const { authorization_url, device_authorization_url } = given;
  const known = given.token_url === undefined ? preset : undefined;
  return {
    authorization_url: authorization_url ?? known?.authorization_url,
    device_authorization_url: device_authorization_url ?? known?.device_authorization_url,
  };
}

const GMAIL_SCOPE = 'https://mail.google.com/';

function providerIn(section: unknown): Provider {
  const named = PROVIDERS.find((each) => each === optionOf(section, 'provider'));
  return named ?? providerOf(hostIn(section) ?? '');
}

function hostIn(section: unknown): string | undefined {
  const host = optionOf(section, 'host');
  return typeof host === 'string' ? host : undefined;
}

function presetFor(section: unknown, flow: Flow, tenant: string): OAuth2Preset | undefined {
  return presetOf(providerIn(section), flow, hostIn(section), tenant);
}

/** Refresh tokens are kept encrypted, so there has to be a key. @param file the whole configuration */
export function refuseNoTokenKey(file: unknown, context: z.RefinementCtx): void {
  const mailboxes = optionOf(file, 'mailboxes');
  if (optionOf(file, 'token_key') !== undefined || !Array.isArray(mailboxes)) return;
  for (const [index, mailbox] of mailboxes.entries()) {
    const oauth2 = optionOf(optionOf(mailbox, 'imap'), 'oauth2');
    if (optionOf(oauth2, 'flow') !== 'refresh_token') continue;
    complain(
      context,
      {
        message: 'needs `token_key`: refresh tokens are kept in the database, encrypted with it',
        cure: 'make one with `openssl rand -base64 32 > token-key`, and add `token_key: "${file:token-key}"` at the top level',
      },
      ['mailboxes', index, 'imap', 'oauth2', 'flow'],
    );
  }
}
