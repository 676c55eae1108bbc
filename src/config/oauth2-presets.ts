import { type Provider, providerOf } from './provider.ts';

/** How a mailbox gets its access tokens; see OAuth2Config. */
export const FLOWS = ['client_credentials', 'refresh_token', 'service_account'] as const;
export type Flow = (typeof FLOWS)[number];

/** What is known of a provider's OAuth2 server. */
export interface OAuth2Preset {
  readonly token_url: string;
  /** With what the provider wants to be asked beside the standard, as its query. */
  readonly authorization_url: string;
  /** Undefined where no device code is given for the scope of mail. */
  readonly device_authorization_url: string | undefined;
  readonly scope: string;
}

/** Those of Exchange's own clouds for China and for governments differ, and are set by hand. */
const WORLDWIDE_EXCHANGE = /^outlook\.(office365|office)\.com\.?$|^imap-mail\.outlook\.com\.?$/i;

/** Stands for the tenant in Microsoft's endpoints. */
const TENANT = '{tenant}';

const MICROSOFT = `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0`;

/**
 * The endpoints and the scope of a provider; undefined where nobody can know them.
 *
 * @param host of the IMAP server; undefined for the provider's own
 */
export function presetOf(
  provider: Provider,
  flow: Flow,
  host: string | undefined,
  tenant: string,
): OAuth2Preset | undefined {
  if (provider === 'gmail') return GMAIL;
  if (provider !== 'exchange' || (host !== undefined && !WORLDWIDE_EXCHANGE.test(host))) return undefined;
  const at = (endpoint: string) => `${MICROSOFT}/${endpoint}`.replace(TENANT, encodeURIComponent(tenant));
  return {
    token_url: at('token'),
    authorization_url: at('authorize'),
    device_authorization_url: at('devicecode'),
    scope: exchangeScope(flow),
  };
}

/** An app asks for all that it was given; a person's consent is for this, and for a refresh token. */
function exchangeScope(flow: Flow): string {
  return flow === 'client_credentials'
    ? 'https://outlook.office365.com/.default'
    : 'https://outlook.office.com/IMAP.AccessAsUser.All offline_access';
}

/**
 * The scope of a provider, also where its endpoints are set by hand: behind a relay, the mailbox is what it was.
 * Undefined for standard servers, and for Exchange's own clouds, which have scopes of their own.
 */
export function scopeOf(provider: Provider, flow: Flow, host: string | undefined): string | undefined {
  if (provider === 'gmail') return GMAIL.scope;
  if (provider !== 'exchange' || isOwnCloud(host)) return undefined;
  return exchangeScope(flow);
}

function isOwnCloud(host: string | undefined): boolean {
  return host !== undefined && providerOf(host) === 'exchange' && !WORLDWIDE_EXCHANGE.test(host);
}

const GMAIL: OAuth2Preset = {
  token_url: 'https://oauth2.googleapis.com/token',
  // Without these two, Google gives a refresh token only the first time that a person consents.
  authorization_url: 'https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent',
  // Google's device codes are not for the scope of mail.
  device_authorization_url: undefined,
  scope: 'https://mail.google.com/',
};

/** How long a refresh token lives that is not used, in milliseconds, where the answers do not say: Microsoft's for work accounts. */
export const REFRESH_TOKEN_LIFETIMES: Readonly<Partial<Record<Provider, number>>> = {
  exchange: 90 * 24 * 60 * 60 * 1000,
};
