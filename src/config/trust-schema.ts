import { z } from 'zod';
import { headerMapping } from '../rules/header-mapping.ts';
import { KEY_ID, SIGNATURE_HEADER } from '../trust/signature.ts';
import { headerName, keyId, sharedSecret, signingSecret } from './checks.ts';
import { domainEntry } from './domain-checks.ts';
import { ALWAYS, complain, duration, optionOf, text } from './fields.ts';

/* Whose header fields are instructions; see mailbox-schema.ts. */

const SECRET_EXAMPLE = 'secret: {header: x-our-secret, value: "${TRUST_SECRET}"}';

const secret = z
  .strictObject({
    header: text(headerName, 'the name of a header field: x- and up to 58 printable ASCII characters')
      .toLowerCase()
      .meta({ unprinted: true, example: 'header: x-our-secret' })
      .describe(
        'The name of the header field that carries the secret; its value is overwritten before a mail is stored.',
      ),
    value: text(sharedSecret, 'at least 16 printable ASCII characters')
      .meta({ secret: true, example: 'value: "${TRUST_SECRET}"' })
      .describe('The secret that the field must hold.'),
  })
  .meta({ example: SECRET_EXAMPLE })
  .describe(
    'A header field with a value that only your own systems know, for copies that no customer gets: a Bcc copy is the very mail that the customer gets.',
  );

const HMAC_EXAMPLE = 'hmac: {keys: [{id: "2026-11", secret: "${SIGNING_KEY}"}]}';

/** How trust by signatures is written, for whoever proposes it. */
export const TRUST_BY_HMAC = `trust: {${HMAC_EXAMPLE}}`;

const signingKey = z
  .strictObject({
    id: text(keyId, '1 to 64 letters, digits, dots, underscores and hyphens')
      .meta({ example: 'id: "2026-11"', pattern: KEY_ID.source })
      .describe('What signatures call the key; it stands in each of them.'),
    secret: text(signingSecret, 'at least 32 characters')
      .meta({ secret: true, example: 'secret: "${SIGNING_KEY}"' })
      .describe('The secret that signatures are made with; it stands in no mail.'),
  })
  .meta({ example: '{id: "2026-11", secret: "${SIGNING_KEY}"}' })
  .describe('A key that the sending systems know too.');

const hmac = z
  .strictObject({
    header: text(headerName, 'the name of a header field: x- and up to 58 printable ASCII characters')
      .toLowerCase()
      .prefault(SIGNATURE_HEADER)
      .describe('The name of the header field that carries the signature.'),
    keys: z
      .array(signingKey)
      .min(1)
      .superRefine(refuseSameKeys, ALWAYS)
      .meta({ example: 'keys: [{id: "2026-11", secret: "${SIGNING_KEY}"}]' })
      .describe(
        'The keys that count. `mailcase sign` signs with the first, so the newest stands first; to change a key, have both here until no mail comes that was signed with the old one.',
      ),
    max_age: duration(
      ['1m', 'a mail takes longer to be delivered'],
      ['365d', 'somebody could make use of a signed mail that never came, long after it was sent'],
    )
      .prefault('5d')
      .describe(
        'How old a signature may be when the mail server receives the mail; servers on the way try for up to 5 days to deliver it.',
      ),
  })
  .meta({ example: HMAC_EXAMPLE })
  .describe(
    'A header field that signs From and all header fields that are instructions. The way for Bcc copies: the customer can read it, and send it again, but change nothing, and each signature counts for one mail.',
  );

/** Two keys of one name could not be told apart, and a secret under two names is one key all the same. */
function refuseSameKeys(keys: unknown, context: z.RefinementCtx): void {
  if (!Array.isArray(keys)) return;
  for (const [name, message, cure] of [
    ['id', 'two keys have this id', 'give each key an id of its own'],
    ['secret', 'two keys have this secret', 'make another one with `openssl rand -hex 32`'],
  ] as const) {
    const values = keys.map((key) => optionOf(key, name));
    for (const [index, value] of values.entries()) {
      if (typeof value !== 'string' || values.indexOf(value) === index) continue;
      complain(context, { message, cure }, [index, name]);
    }
  }
}

/** How trust by DKIM is written, for whoever proposes it. */
export const TRUST_BY_DKIM = 'trust: {dkim: {domains: [example.com]}}';

const dkim = z
  .strictObject({
    domains: z
      .array(
        text(domainEntry, 'a domain').describe(
          'A domain alone (example.com), or its subdomains too (.example.com).',
        ),
      )
      .min(1)
      .meta({ example: 'domains: [example.com]' })
      .describe('The domains that sign all of their own mail with DKIM, the header fields with it.'),
  })
  .meta({ example: 'dkim: {domains: [example.com]}' })
  .describe(
    'A DKIM signature of the domain in From that covers the header fields: it stands in what the customer gets, too, and lets him change nothing.',
  );

/** The ways to be trusted, any of which is enough. */
const ways = z
  .strictObject({ secret: secret.optional(), hmac: hmac.optional(), dkim: dkim.optional() })
  .superRefine((section: unknown, context) => {
    if (WAYS.some((name) => optionOf(section, name) !== undefined)) return;
    complain(context, {
      message: 'says no way to be trusted',
      cure: `add one of ${WAYS.map((name) => `\`${name}\``).join(', ')}, or write \`trust: none\``,
      onlyAlone: true,
    });
  }, ALWAYS)
  .superRefine((section: unknown, context) => {
    const [bySecret, byHmac] = WAYS.map((name) => headerOf(section, name));
    if (bySecret === undefined || bySecret !== byHmac) return;
    complain(
      context,
      {
        message: 'is the header field of `secret` too, whose value is overwritten in every mail',
        cure: 'give each of them a field of its own',
      },
      ['hmac', 'header'],
    );
  }, ALWAYS);

const WAYS = ['secret', 'hmac', 'dkim'];

/** The header field that a way to be trusted goes by, in lower case. */
function headerOf(ways: unknown, name: string): string | undefined {
  const header = optionOf(optionOf(ways, name), 'header');
  return typeof header === 'string' ? header.toLowerCase() : undefined;
}

export const trust = z
  .union([z.enum(['none', 'all']), ways])
  .prefault('none')
  .describe(
    "Whose header fields are instructions: nobody's (none), everybody's (all), or of who knows a secret or signs them.",
  );

/** A header field that says whether instructions count is none itself. @param file the whole configuration */
export function refuseMappedTrustHeaders(file: unknown, context: z.RefinementCtx): void {
  const prefix = optionOf(optionOf(file, 'headers'), 'prefix');
  const mailboxes = optionOf(file, 'mailboxes');
  if (typeof prefix !== 'string' || !Array.isArray(mailboxes)) return;
  const desk = optionOf(optionOf(file, 'headers'), 'desk') !== false;
  const { isMapped } = headerMapping({ prefix: prefix.toLowerCase(), desk });
  for (const [index, mailbox] of mailboxes.entries()) {
    for (const name of WAYS) {
      const header = headerOf(optionOf(mailbox, 'trust'), name);
      if (header === undefined || !isMapped(header)) continue;
      complain(
        context,
        {
          message: 'a header field of this name is an instruction already, by `headers.prefix`',
          cure: 'give it a name that sets nothing, e.g. `x-our-signature`',
        },
        ['mailboxes', index, 'trust', name, 'header'],
      );
    }
  }
}
