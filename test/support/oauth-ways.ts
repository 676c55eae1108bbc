import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { type OAuthSettings, PATHS } from './oauth-provider.ts';

/* What oidc-provider does not do of itself: the ways of Microsoft and of Google, and faults. */

/** What an endpoint answers instead of doing its work; `hang` never answers, `cut` breaks the connection off. */
export type Fault =
  | 'hang'
  | 'cut'
  | { status: number; body?: string; contentType?: string; headers?: Readonly<Record<string, string>> };

/** oidc-provider asks for offline_access together with prompt=consent; each of the two has half of it. */
export function askForRefreshToken(path: string, like: 'microsoft' | 'google'): string {
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
export async function shapeAnswer(
  ctx: KoaContextWithOIDC,
  next: () => Promise<void>,
  settings: OAuthSettings,
) {
  await next();
  const body = ctx.body as Record<string, unknown> | undefined;
  if (ctx.status !== 200 || typeof body !== 'object' || body === null) return;
  if (ctx.path === PATHS.device_authorization && settings.deviceInterval !== undefined)
    body.interval = settings.deviceInterval;
  // Dovecot takes an answer that names nobody for a failure of the server's, and not of the token's.
  if (ctx.path === PATHS.introspection && body.active === false) body.kind = 'none';
  if (ctx.path !== PATHS.token) return;
  if (settings.rotation === 'none' && ctx.oidc.params?.grant_type === 'refresh_token')
    delete body.refresh_token;
  if (body.refresh_token !== undefined && settings.refreshTokenExpiresIn !== undefined)
    body.refresh_token_expires_in = settings.refreshTokenExpiresIn;
}

export function misbehave(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (fault === 'hang') return;
  if (fault === 'cut') {
    response.destroy();
    return;
  }
  const { status, body = '', contentType = 'application/json', headers = {} } = fault;
  response.writeHead(status, { 'content-type': contentType, ...headers }).end(body);
}
