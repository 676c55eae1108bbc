/**
 * A real OAuth2 server (oidc-provider) on a free loopback port, in the process of the tests. It can take after Microsoft
 * or after Google where the two differ, people consent by `browse` (see browser.ts), and Dovecot asks it about tokens
 * (see dovecot-oauth.ts).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { finishInteraction } from './oauth-consent.ts';
import {
  configuration,
  DOVECOT,
  type OAuthSettings,
  PATHS,
  type Rotation,
  SCOPES,
  SECRET,
} from './oauth-provider.ts';
import {
  allowAssertions,
  makeServiceAccount,
  nameClient,
  type ServiceAccount,
} from './oauth-service-account.ts';
import { OAuthStore } from './oauth-store.ts';
import { askForRefreshToken, type Fault, misbehave, shapeAnswer } from './oauth-ways.ts';

export { SCOPES } from './oauth-provider.ts';

/** Its endpoints, by what they are for. */
export type Endpoint = 'token' | 'authorization' | 'device' | 'introspection' | 'revocation' | 'other';

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

function endpointOf(path: string): Endpoint {
  const name = path.split('?')[0];
  if (name === PATHS.token) return 'token';
  if (name === PATHS.introspection) return 'introspection';
  if (name === PATHS.revocation) return 'revocation';
  if (name === PATHS.device_authorization) return 'device';
  return name?.startsWith(PATHS.authorization) ? 'authorization' : 'other';
}
