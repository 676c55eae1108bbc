// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the notation that operators write.
import { z } from 'zod';
import { headerName, sharedSecret } from './checks.ts';
import { ALWAYS, complain, optionOf, text } from './fields.ts';

/* Whose header fields are instructions; see mailbox-schema.ts. */

const SECRET_EXAMPLE = 'secret: {header: x-our-secret, value: "${TRUST_SECRET}"}';

/** How trust by a shared secret is written, for whoever proposes it. */
export const TRUST_BY_SECRET = `trust: {${SECRET_EXAMPLE}}`;

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

/** The ways to be trusted, any of which is enough. */
const ways = z.strictObject({ secret: secret.optional() }).superRefine((section: unknown, context) => {
  if (WAYS.some((name) => optionOf(section, name) !== undefined)) return;
  complain(context, {
    message: 'says no way to be trusted',
    cure: `add one of ${WAYS.map((name) => `\`${name}\``).join(', ')}, or write \`trust: none\``,
  });
}, ALWAYS);

const WAYS = ['secret'];

export const trust = z
  .union([z.enum(['none', 'all']), ways])
  .prefault('none')
  .meta({ later: { now: '`none`, `all`, or a map with `secret`', names: ['hmac', 'dkim'] } })
  .describe(
    "Whose header fields are instructions: nobody's (none), everybody's (all), or of who knows a secret.",
  );
