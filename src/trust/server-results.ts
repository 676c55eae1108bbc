import type { Headers } from '../message/headers.ts';
import { type AuthenticationResults, parseAuthenticationResults } from './authentication-results.ts';
import { asciiLowerCase } from './domains.ts';

const AUTHENTICATION_RESULTS = 'authentication-results';

/**
 * The results that the mailbox's own receiving server has written into a message, and no sender.
 *
 * Above the first Received, which the server writes when it takes the message over, nobody else has written: all that
 * stands there under its name counts. A server that writes its results below (Gmail) writes them above all that the
 * sender sent, so the topmost field is its own, if it has its name. Below that nothing counts: a sender's own forgery
 * would stand right there. RFC 8601, section 5, has a server take out fields under its own name that come with a mail.
 *
 * @param authservId the name that it gives itself
 */
export function serverResults(headers: Headers, authservId: string): readonly AuthenticationResults[] {
  const wanted = asciiLowerCase(authservId);
  const isIts = (results: AuthenticationResults) => results.authservId === wanted;
  const above = headers.fields.slice(
    0,
    Math.max(
      0,
      headers.fields.findIndex(({ key }) => key === 'received'),
    ),
  );
  const certain = read(above).filter(isIts);
  return certain.length > 0 ? certain : read(headers.all(AUTHENTICATION_RESULTS).slice(0, 1)).filter(isIts);
}

/** Who seems to receive a mailbox's mail: whose the topmost results are, whoever has written them. */
export function topmostAuthservId(headers: Headers): string | undefined {
  return read(headers.all(AUTHENTICATION_RESULTS).slice(0, 1))[0]?.authservId;
}

function read(fields: Headers['fields']): AuthenticationResults[] {
  return fields
    .filter(({ key }) => key === AUTHENTICATION_RESULTS)
    .flatMap(({ raw }) => {
      const results = parseAuthenticationResults(raw);
      return 'refused' in results ? [] : [results];
    });
}
