import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type Provider from 'oidc-provider';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** No assertion may live longer, in seconds. */
const LONGEST = 3_600;

/** How far the clocks may be apart, in seconds. */
const SKEW = 60;

/** Its address, which is also how oidc-provider knows it as a client. */
export const SERVICE_ACCOUNT = 'mailcase@project.iam.gserviceaccount.example';

export interface ServiceAccount {
  /** The content of the file that Google hands out. */
  readonly key: {
    readonly type: 'service_account';
    readonly project_id: string;
    readonly private_key_id: string;
    readonly private_key: string;
    readonly client_email: string;
    readonly client_id: string;
    readonly token_uri: string;
  };
  readonly publicKey: KeyObject;
}

/**
 * Lets a service account ask for tokens by what it has signed (RFC 7523), in the name of those whose mailboxes were
 * delegated to it, with Google's rules and in Google's words.
 */
export function allowAssertions(
  provider: Provider,
  account: ServiceAccount,
  delegated: readonly string[],
  scopes: readonly string[],
): void {
  const handler = async (ctx: KoaContextWithOIDC) => {
    const claims = readAssertion(String(ctx.oidc.params?.assertion ?? ''), account);
    const scope = String(claims.scope ?? '');
    const isAllowed = scope !== '' && scope.split(' ').every((each) => scopes.includes(each));
    const subject = String(claims.sub ?? '');
    if (!isAllowed || subject === '') throw new Unauthorized();
    if (!delegated.includes(subject)) throw grantError('Invalid email or User ID');
    const { AccessToken } = provider;
    const { client } = ctx.oidc;
    if (!client) throw new Unauthorized();
    const token = new AccessToken({ accountId: subject, client, scope, gty: GRANT } as never);
    ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: 'Bearer' };
  };
  provider.registerGrantType(GRANT, handler as never, ['assertion', 'scope']);
}

class Unauthorized extends errors.CustomOIDCProviderError {
  constructor() {
    super(
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
    );
  }
}

/** Without the library's own first sentence, which Google does not have. */
function grantError(description: string): Error {
  return new errors.CustomOIDCProviderError('invalid_grant', description);
}

/**
 * The same request with the client's name in it: Google knows the client by the assertion, oidc-provider wants to be told
 * before it reads that.
 */
export async function nameClient(request: IncomingMessage): Promise<IncomingMessage> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const form = new URLSearchParams(Buffer.concat(pieces).toString());
  const issuer = form.get('grant_type') === GRANT ? issuerOf(form.get('assertion') ?? '') : undefined;
  if (issuer !== undefined) form.set('client_id', issuer);
  const body = Buffer.from(form.toString());
  const { method, url, socket, httpVersion } = request;
  const headers = { ...request.headers, 'content-length': String(body.length) };
  return Object.assign(Readable.from(body.length > 0 ? [body] : []), {
    ...{ method, url, socket, httpVersion, headers },
  }) as unknown as IncomingMessage;
}

function issuerOf(assertion: string): string | undefined {
  try {
    const { iss } = payloadOf(assertion);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    // The grant says what is wrong with it.
    return undefined;
  }
}

function readAssertion(assertion: string, { key, publicKey }: ServiceAccount): Record<string, unknown> {
  const [head = '', payload = '', signature = ''] = assertion.split('.');
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg?: unknown };
  const isSigned =
    alg === 'RS256' &&
    verify('sha256', Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, 'base64url'));
  if (!isSigned) throw grantError('Invalid JWT Signature.');
  const claims = payloadOf(assertion);
  const now = Date.now() / 1000;
  const issuedAt = Number(claims.iat);
  const expiresAt = Number(claims.exp);
  const isInTime = issuedAt <= now + SKEW && expiresAt > now - SKEW && expiresAt - issuedAt <= LONGEST;
  if (!isInTime) {
    throw grantError(
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    );
  }
  if (claims.iss !== key.client_email) throw grantError('Invalid issuer: Not a valid email or user ID.');
  if (claims.aud !== key.token_uri) throw grantError('Invalid JWT: Failed audience check.');
  return claims;
}

function payloadOf(assertion: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

/** As Google hands it out, in a file. */
export function makeServiceAccount(tokenUri: string): ServiceAccount {
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
