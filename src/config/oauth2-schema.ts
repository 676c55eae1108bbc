import { z } from 'zod';
import { filledIn } from './checks.ts';
import { duration, text } from './fields.ts';
import { endpointUrl, oauth2Scope, serviceAccountKey, tenantName } from './oauth2-checks.ts';
import { FLOWS } from './oauth2-presets.ts';

/* How to log in with OAuth2; what the options mean together is in oauth2-rules.ts. */

const anyText = filledIn(() => undefined);

const endpoint = (name: string, what: string) =>
  text(endpointUrl, 'a URL, https:// (http:// only on this machine)')
    .optional()
    .meta({
      unprinted: true,
      example: `${name}: https://login.example.com/oauth2/${name.replace('_url', '')}`,
      byDefault: 'that of the provider',
    })
    .describe(what);

export const oauth2 = z
  .strictObject({
    flow: z
      .enum(FLOWS)
      .meta({ example: 'flow: client_credentials' })
      .describe(
        'How access tokens are got: with the secret of an app (client_credentials: Exchange), with what a person consented to in `mailcase login MAILBOX` (refresh_token), or with the key of a service account (service_account: Google Workspace).',
      ),
    tenant: text(tenantName, 'the id of a directory, or one of its domains')
      .optional()
      .meta({ example: 'tenant: example.com' })
      .describe(
        "Exchange: the directory (tenant), by its id or one of its domains; it is a part of Microsoft's endpoints.",
      ),
    client_id: text(anyText)
      .optional()
      .meta({ unprinted: true, example: 'client_id: 11111111-2222-3333-4444-555555555555' })
      .describe('The id of the app (client) as the provider gave it; not with service_account.'),
    client_secret: text(anyText)
      .optional()
      .meta({ secret: true, example: 'client_secret: "${file:client-secret}"' })
      .describe('The secret of the app: its value, not its id. Apps that are public clients have none.'),
    client_auth: z
      .enum(['post', 'basic', 'none'])
      .optional()
      .meta({ byDefault: 'post with a `client_secret`, else none' })
      .describe('How the app shows its secret: in the body (post), in the header (basic), or not at all.'),
    key: text(serviceAccountKey, "the JSON of a service account's key")
      .optional()
      .meta({ secret: true, example: 'key: "${file:google-key.json}"' })
      .describe('The key of the service account: the JSON file that Google gives for it.'),
    subject: text(anyText)
      .optional()
      .meta({ example: 'subject: support@example.com', byDefault: '`imap.user`' })
      .describe('For whom the service account acts: an account of the domain.'),
    token_url: endpoint('token_url', 'Where tokens are asked for.'),
    authorization_url: endpoint(
      'authorization_url',
      'Where a person consents, in a browser, for `mailcase login`.',
    ),
    device_authorization_url: endpoint(
      'device_authorization_url',
      'Where `mailcase login` asks for a code that a person types on any device.',
    ),
    scope: text(oauth2Scope, 'words with spaces between them')
      .optional()
      .meta({ example: 'scope: https://mail.google.com/', byDefault: 'that of the provider' })
      .describe('What the tokens are to be good for.'),
    mechanism: z
      .enum(['xoauth2', 'oauthbearer'])
      .optional()
      .meta({ byDefault: 'what the server offers, oauthbearer first' })
      .describe('How the mail server is given the access token.'),
    refresh_token_lifetime: duration(
      ['1h', 'it would be dead before the next poll'],
      ['1000d', 'no provider keeps one so long'],
    )
      .optional()
      .meta({ byDefault: 'what the provider says; else 90d with Exchange, and not known elsewhere' })
      .describe(
        'How long a refresh token lives that is not used: the log and `mailcase check` warn before it dies.',
      ),
  })
  .meta({
    example:
      'oauth2: {flow: client_credentials, tenant: example.com, client_id: …, client_secret: "${file:client-secret}"}',
  })
  .describe('Instead of `password`: how to log in with OAuth2.');

/** What stands in the file. */
export type GivenOAuth2 = z.output<typeof oauth2>;
