import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { SERVICE_ACCOUNT } from './oauth-service-account.ts';
import type { OAuthStore } from './oauth-store.ts';

/* How oidc-provider is set up: its clients, its scopes, and how long things live. */

/**
 * What becomes of a refresh token that is used: `strict`, it is replaced, and one that comes again ends the whole grant
 * (RFC 9700, section 4.14.2); `lenient`, it is replaced, and goes on working, as Microsoft has it; `none`, it stays, and
 * answers to it name none, as Google has it.
 */
export type Rotation = 'strict' | 'lenient' | 'none';

/** What can be changed while it runs, for all that is asked from then on. */
export interface OAuthSettings {
  rotation: Rotation;
  /** Seconds that an access token lives; whole ones. */
  accessTokenLife: number;
  refreshTokenLife: number;
  deviceCodeLife: number;
  /** Seconds between the questions of a device, as it is told (RFC 8628, section 3.2); undefined says nothing. */
  deviceInterval: number | undefined;
  /** Said in answers as `refresh_token_expires_in`, as Google does for an app in testing. */
  refreshTokenExpiresIn: number | undefined;
}

export const SCOPES = {
  gmail: 'https://mail.google.com/',
  exchange: 'https://outlook.office.com/IMAP.AccessAsUser.All',
  exchangeApp: 'https://outlook.office365.com/.default',
} as const;

/** Of each client that has one. */
export const SECRET = 'app-secret-4711';
export const PATHS = {
  authorization: '/authorize',
  device_authorization: '/devicecode',
  code_verification: '/device',
  token: '/token',
  introspection: '/token/introspection',
  revocation: '/token/revocation',
} as const;
const SIGNING_KEY: JsonWebKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  format: 'jwk',
});
/** Who asks about tokens. */
export const DOVECOT = { id: 'dovecot', secret: 'dovecot-secret' };

export function configuration(settings: OAuthSettings, store: OAuthStore, clientAuth: string): Configuration {
  const scopes = ['openid', 'email', 'offline_access', ...Object.values(SCOPES)];
  const native = {
    application_type: 'native' as const,
    redirect_uris: ['http://127.0.0.1/', 'http://localhost/'],
    response_types: ['code' as const],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  };
  const secret = { client_secret: SECRET, token_endpoint_auth_method: clientAuth as 'client_secret_post' };
  const noPerson = { redirect_uris: [], response_types: [] };
  return {
    adapter: (model: string) => store.adapter(model),
    // Its own would be a warning.
    jwks: { keys: [{ ...SIGNING_KEY, use: 'sig', alg: 'RS256' } as never] },
    clients: [
      { client_id: 'app', ...secret, ...noPerson, grant_types: ['client_credentials'] },
      { client_id: 'desktop', ...secret, ...native },
      { client_id: 'device', token_endpoint_auth_method: 'none', ...native },
      {
        ...{ client_id: DOVECOT.id, client_secret: DOVECOT.secret },
        ...{ token_endpoint_auth_method: 'client_secret_basic', ...noPerson, grant_types: [] },
      },
      {
        ...{ client_id: SERVICE_ACCOUNT, token_endpoint_auth_method: 'none', ...noPerson },
        grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
      },
    ],
    scopes,
    claims: { email: ['email'], openid: ['sub'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['of these tests alone'] },
    extraParams: ['access_type', 'login_hint'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, ...DEVICE_PAGES },
      introspection: { enabled: true, allowedPolicy: (_, client) => client.clientId === DOVECOT.id },
      revocation: { enabled: true, allowedPolicy: () => true },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    // Dovecot asks whose the token is. One of client_credentials is nobody's: it is the app's, who is no user.
    extraTokenClaims: (_, token) =>
      token.kind === 'ClientCredentials'
        ? { kind: 'app', username: '(app)' }
        : { kind: 'person', username: 'accountId' in token ? token.accountId : undefined },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: (_, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    expiresWithSession: () => false,
    pkce: { required: () => true },
    renderError: (ctx, out) => {
      ctx.type = 'text';
      ctx.body = `${out.error}: ${out.error_description ?? ''}`;
    },
    rotateRefreshToken: () => settings.rotation !== 'none',
    routes: PATHS,
    ttl: {
      AccessToken: () => settings.accessTokenLife,
      ClientCredentials: () => settings.accessTokenLife,
      RefreshToken: () => settings.refreshTokenLife,
      DeviceCode: () => settings.deviceCodeLife,
      ...{ AuthorizationCode: 60, Grant: 90 * 86_400, IdToken: 3_600, Interaction: 600, Session: 600 },
    },
  };
}

/** The pages on which a person types the code of a device, without a word more than a browser needs. */
const DEVICE_PAGES = {
  userCodeInputSource: async (ctx: KoaContextWithOIDC, form: string, _: unknown, error?: unknown) => {
    ctx.body = `<!DOCTYPE html>${error ? `<p>${String((error as Error).name)}</p>` : ''}${form}`;
  },
  userCodeConfirmSource: async (ctx: KoaContextWithOIDC, form: string) => {
    ctx.body = `<!DOCTYPE html>${form}`;
  },
  successSource: async (ctx: KoaContextWithOIDC) => {
    ctx.body = '<!DOCTYPE html><p>You are signed in on your device.</p>';
  },
};
