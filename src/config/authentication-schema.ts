import { z } from 'zod';
import { authservId, nameServer } from './checks.ts';
import { complain, duration, optionOf, text, trueOrFalse } from './fields.ts';

/* Where it is known from who wrote a mail; see mailbox-schema.ts. */

export const authentication = z
  .strictObject({
    authserv_id: text(authservId, 'the name of a server, as it stands in Authentication-Results')
      .optional()
      .meta({
        example: 'authserv_id: mx.example.com',
        byDefault: 'mx.google.com with imap.gmail.com; else nobody',
      })
      .describe(
        'Whose Authentication-Results count: what the server that receives mail for this mailbox calls itself there. Exchange Online gives no name, so its results cannot be told from a forgery.',
      ),
    verify: trueOrFalse()
      .prefault(false)
      .describe(
        'Verifies DKIM signatures here, with a question to DNS for each key: where the results of `authserv_id` do not say it already, who wrote a mail, and whether mail from `trust.dkim.domains` is to be trusted.',
      ),
    wait: duration(
      ['1s', 'no name server comes back in less'],
      ['7d', 'the mail would be seen by nobody all that time'],
    )
      .prefault('1h')
      .describe(
        'How long a mail waits whose key cannot be looked up, because no name server answers; then it is recorded as untrusted.',
      ),
    dns: z
      .array(
        text(nameServer, 'an IP address, perhaps with a port').describe(
          'An IP address: 192.0.2.53, 192.0.2.53:5353.',
        ),
      )
      .min(1)
      .optional()
      .meta({ example: 'dns: [192.0.2.53]', byDefault: "the machine's own" })
      .describe('The name servers that are asked for keys.'),
  })
  .prefault({})
  .describe('Where it is known from who wrote a mail.');

/** What Gmail calls itself in Authentication-Results. */
const GMAIL_AUTHSERV_ID = 'mx.google.com';

/** Whose results count where nothing is said. @param host of the mailbox */
export function authservIdOf(host: string): string | undefined {
  return /^imap\.(?:gmail|googlemail)\.com$/i.test(host) ? GMAIL_AUTHSERV_ID : undefined;
}

/** DKIM that nobody verifies would never trust a mail, and say so of each. */
export function refuseUnverified(section: unknown, context: z.RefinementCtx): void {
  if (optionOf(optionOf(section, 'trust'), 'dkim') === undefined) return;
  const given = optionOf(section, 'authentication');
  const host = optionOf(optionOf(section, 'imap'), 'host');
  if (optionOf(given, 'verify') !== false || optionOf(given, 'authserv_id') !== undefined) return;
  if (typeof host !== 'string' || authservIdOf(host) !== undefined) return;
  complain(
    context,
    {
      message: 'nothing says whether a signature is good',
      cure:
        'set `authentication: {authserv_id: …}` to what your receiving server calls itself in the ' +
        'Authentication-Results of a mail, or `authentication: {verify: true}`',
    },
    ['trust', 'dkim'],
  );
}
