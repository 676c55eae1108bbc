/**
 * A real OAuth2 server (oidc-provider) on a free loopback port, in the process of the tests. It can take after Microsoft
 * or after Google where the two differ, people consent by `browse` (see browser.ts), and Dovecot asks it about tokens
 * (see dovecot-oauth.ts).
 */
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { finishInteraction } from './oauth-consent.ts';
import { allowAssertions, nameClient, type ServiceAccount } from './oauth-service-account.ts';
import { OAuthStore } from './oauth-store.ts';

/** Its endpoints, by what they are for. */
export type Endpoint = 'token' | 'authorization' | 'device' | 'introspection' | 'revocation' | 'other';

/** What an endpoint answers instead of doing its work; `hang` never answers, `cut` breaks the connection off. */
export type Fault =
  | 'hang'
  | 'cut'
  | { status: number; body?: string; contentType?: string; headers?: Readonly<Record<string, string>> };

/**
 * What becomes of a refresh token that is used: `strict`, it is replaced, and one that comes again ends the whole grant
 * (RFC 9700, section 4.14.2); `lenient`, it is replaced, and goes on working, as Microsoft has it; `none`, it stays, and
 * answers to it name none, as Google has it.
 */
export type Rotation = 'strict' | 'lenient' | 'none';

export interface OAuthServerOptions {
  /**
   * Microsoft gives a refresh token for the scope offline_access, Google for access_type=offline with prompt=consent. It is
   * the default for `rotation` as well.
   */
  readonly like?: 'microsoft' | 'google';
  readonly rotation?: Rotation;
  /** How clients say who they are. */
  readonly clientAuth?: 'client_secret_post' | 'client_secret_basic';
  /** For whose mailboxes the service account may ask. */
  readonly delegated?: readonly string[];
}

export interface OAuthClient {
  readonly id: string;
  /** Undefined for a public client. */
  readonly secret: string | undefined;
}

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

export interface OAuthServer {
  readonly issuer: string;
  readonly urls: Readonly<
    Record<'token' | 'authorization' | 'device' | 'introspection' | 'revocation', string>
  >;
  /** With the credentials of Dovecot's client in it. */
  readonly introspectionUrl: string;
  /** Has a secret and no person: client_credentials. */
  readonly app: OAuthClient;
  /** An installed one that has a secret, as Google's do: a person consents in the browser. */
  readonly desktop: OAuthClient;
  /** A public one, as Microsoft's are: a person consents in the browser or on another device. */
  readonly device: OAuthClient;
  readonly serviceAccount: ServiceAccount;
  readonly settings: OAuthSettings;
  /** How often an endpoint was asked, faults included. */
  asked(endpoint: Endpoint): number;
  /** Grant types of the token requests that were answered with a token, in order. */
  readonly granted: readonly string[];
  /** Makes an endpoint answer so, the next `times` times (default: until `mend`). */
  break(endpoint: Endpoint, fault: Fault, times?: number): void;
  mend(): void;
  /** The person takes back what they allowed: refresh and access tokens of theirs are gone. */
  revoke(user: string): void;
  /** All access tokens are over before their time; refresh tokens are not. */
  expireAccessTokens(): void;
  /** The refresh tokens that would be taken, the newest last. */
  refreshTokens(): string[];
  stop(): Promise<void>;
}

export const SCOPES = {
  gmail: 'https://mail.google.com/',
  exchange: 'https://outlook.office.com/IMAP.AccessAsUser.All',
  exchangeApp: 'https://outlook.office365.com/.default',
} as const;

const SECRET = 'app-secret-4711';
const PATHS = {
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
const DOVECOT = { id: 'dovecot', secret: 'dovecot-secret' };

export async function startOAuthServer(options: OAuthServerOptions = {}): Promise<OAuthServer> {
  const {
    like = 'microsoft',
    clientAuth = 'client_secret_post',
    delegated = ['support@example.com'],
  } = options;
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const settings: OAuthSettings = {
    rotation: options.rotation ?? (like === 'google' ? 'none' : 'lenient'),
    ...{ accessTokenLife: 3_600, refreshTokenLife: 90 * 86_400, deviceCodeLife: 900 },
    ...{ deviceInterval: 1, refreshTokenExpiresIn: undefined },
  };
  const store = new OAuthStore(() => settings.rotation === 'lenient');
  const serviceAccount = makeServiceAccount(`${issuer}${PATHS.token}`);
  const provider = new Provider(issuer, configuration(settings, store, clientAuth));
  const granted: string[] = [];
  provider.on('grant.success', (ctx) => granted.push(String(ctx.oidc.params?.grant_type)));
  allowAssertions(provider, serviceAccount, delegated, Object.values(SCOPES));
  provider.use((ctx, next) => shapeAnswer(ctx as KoaContextWithOIDC, next, settings));

  const counts = new Map<Endpoint, number>();
  const faults = new Map<Endpoint, { fault: Fault; left: number }>();
  const answer = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const endpoint = endpointOf(request.url ?? '');
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
    const broken = faults.get(endpoint);
    if (broken && broken.left > 0) {
      broken.left -= 1;
      misbehave(broken.fault, request, response);
      return;
    }
    if (request.url?.startsWith('/interaction/')) {
      finishInteraction(provider, request, response).catch((error: unknown) =>
        response.destroy(error as Error),
      );
      return;
    }
    if (endpoint === 'token') {
      nameClient(request).then(
        (named) => answer(named, response),
        () => response.destroy(),
      );
      return;
    }
    if (endpoint === 'authorization') request.url = askForRefreshToken(request.url ?? '', like);
    answer(request, response);
  });

  return {
    issuer,
    urls: {
      token: `${issuer}${PATHS.token}`,
      authorization: `${issuer}${PATHS.authorization}`,
      device: `${issuer}${PATHS.device_authorization}`,
      introspection: `${issuer}${PATHS.introspection}`,
      revocation: `${issuer}${PATHS.revocation}`,
    },
    introspectionUrl: `${issuer.replace('//', `//${DOVECOT.id}:${DOVECOT.secret}@`)}${PATHS.introspection}`,
    app: { id: 'app', secret: SECRET },
    desktop: { id: 'desktop', secret: SECRET },
    device: { id: 'device', secret: undefined },
    serviceAccount,
    settings,
    granted,
    asked: (endpoint) => counts.get(endpoint) ?? 0,
    break: (endpoint, fault, times = Number.POSITIVE_INFINITY) => {
      faults.set(endpoint, { fault, left: times });
    },
    mend: () => faults.clear(),
    revoke: (user) => store.removeWhere(({ payload }) => payload.accountId === user),
    expireAccessTokens: () =>
      store.removeWhere(({ model }) => ['AccessToken', 'ClientCredentials'].includes(model)),
    refreshTokens: () => store.refreshTokens(),
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      // Dovecot keeps its connections.
      server.closeAllConnections();
      await closed;
    },
  };
}

function configuration(settings: OAuthSettings, store: OAuthStore, clientAuth: string): Configuration {
  const scopes = ['openid', 'email', 'offline_access', ...Object.values(SCOPES)];
  const native = {
    application_type: 'native' as const,
    redirect_uris: ['http://127.0.0.1/'],
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
    // Dovecot asks whose the token is. One of client_credentials is nobody's: it is the app's.
    extraTokenClaims: (_, token) =>
      token.kind === 'ClientCredentials'
        ? { kind: 'app' }
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

/** oidc-provider asks for offline_access together with prompt=consent; each of the two has half of it. */
function askForRefreshToken(path: string, like: 'microsoft' | 'google'): string {
  const url = new URL(path, 'http://127.0.0.1');
  if (url.pathname !== PATHS.authorization) return path;
  const query = url.searchParams;
  const scopes = new Set((query.get('scope') ?? '').split(' '));
  if (like === 'google') {
    const wanted =
      query.get('access_type') === 'offline' && query.get('prompt')?.split(' ').includes('consent');
    scopes.delete('offline_access');
    if (wanted) scopes.add('offline_access');
  } else if (scopes.has('offline_access') && !query.has('prompt')) {
    query.set('prompt', 'consent');
  }
  query.set('scope', [...scopes].join(' '));
  return `${url.pathname}${url.search}`;
}

/** What oidc-provider leaves out, or says more of than the two do. */
async function shapeAnswer(ctx: KoaContextWithOIDC, next: () => Promise<void>, settings: OAuthSettings) {
  await next();
  const body = ctx.body as Record<string, unknown> | undefined;
  if (ctx.status !== 200 || typeof body !== 'object' || body === null) return;
  if (ctx.path === PATHS.device_authorization && settings.deviceInterval !== undefined)
    body.interval = settings.deviceInterval;
  if (ctx.path !== PATHS.token) return;
  if (settings.rotation === 'none' && ctx.oidc.params?.grant_type === 'refresh_token')
    delete body.refresh_token;
  if (body.refresh_token !== undefined && settings.refreshTokenExpiresIn !== undefined)
    body.refresh_token_expires_in = settings.refreshTokenExpiresIn;
}

function endpointOf(path: string): Endpoint {
  const name = path.split('?')[0];
  if (name === PATHS.token) return 'token';
  if (name === PATHS.introspection) return 'introspection';
  if (name === PATHS.revocation) return 'revocation';
  if (name === PATHS.device_authorization) return 'device';
  return name?.startsWith(PATHS.authorization) ? 'authorization' : 'other';
}

function misbehave(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (fault === 'hang') return;
  if (fault === 'cut') {
    response.destroy();
    return;
  }
  const { status, body = '', contentType = 'application/json', headers = {} } = fault;
  response.writeHead(status, { 'content-type': contentType, ...headers }).end(body);
}

const SERVICE_ACCOUNT = 'mailcase@project.iam.gserviceaccount.example';

/** As Google hands it out, in a file. */
function makeServiceAccount(tokenUri: string): ServiceAccount {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = {
    type: 'service_account' as const,
    project_id: 'project',
    private_key_id: 'key-1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: SERVICE_ACCOUNT,
    client_id: '104711',
    token_uri: tokenUri,
  };
  return { key, publicKey };
}
