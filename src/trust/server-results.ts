import type { Headers } from '../message/headers.ts';
import { type AuthenticationResults, parseAuthenticationResults } from './authentication-results.ts';
import { asciiLowerCase } from './domains.ts';

const AUTHENTICATION_RESULTS = 'authentication-results';

/**
 * The results that the mailbox's own receiving server has written into a message, and no sender.
 *
 * Above the first Received, which the server writes when it takes the message over, nobody else has written: all that
 * stands there under its name counts. Where a mailbox server of the same house got it by LMTP, its own Received does not
 * count as the first: each filter in front of it (OpenDKIM, OpenDMARC) has written a field of its own between the two.
 *
 * A server that writes its results below (Gmail) writes them above all that the sender sent, so the topmost field is its
 * own, if it has its name. Below that nothing counts: a sender's own forgery would stand right there. RFC 8601, section 5,
 * has a server take out fields under its own name that come with a mail.
 *
 * @param authservId the name that it gives itself
 */
export function serverResults(headers: Headers, authservId: string): readonly AuthenticationResults[] {
  const wanted = asciiLowerCase(authservId);
  const isIts = (results: AuthenticationResults) => results.authservId === wanted;
  const [last, before] = headers.all('received');
  const takenOver = last && before && LOCAL_DELIVERY.test(last.raw) ? before : last;
  const above = takenOver ? headers.fields.slice(0, headers.fields.indexOf(takenOver)) : [];
  const certain = read(above).filter(isIts);
  return certain.length > 0 ? certain : read(headers.all(AUTHENTICATION_RESULTS).slice(0, 1)).filter(isIts);
}

/** Who seems to receive a mailbox's mail: whose the topmost results are, whoever has written them. */
export function topmostAuthservId(headers: Headers): string | undefined {
  return read(headers.all(AUTHENTICATION_RESULTS).slice(0, 1))[0]?.authservId;
}

/**
 * A Received of LMTP (RFC 2033), which does not go over the Internet: the message was handed over within a house. Nothing
 * is read into it: a sender chooses the name behind `from` when he says hello, and what he puts there, brackets and all,
 * must not become a clause.
 */
const LOCAL_DELIVERY =
  /^(?:from[ \t]+[\w.:[\]-]+[ \t]+(?:\([^()]*\)[ \t]*)?)?by[ \t]+[\w.:[\]-]+[ \t]+(?:\([^()]*\)[ \t]*)?with[ \t]+LMTPS?A?(?:[ \t;]|$)/i;

function read(fields: Headers['fields']): AuthenticationResults[] {
  return fields
    .filter(({ key }) => key === AUTHENTICATION_RESULTS)
    .flatMap(({ raw }) => {
      const results = parseAuthenticationResults(raw);
      return 'refused' in results ? [] : [results];
    });
}
