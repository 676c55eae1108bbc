import type { FetchedMessage } from '../imap/fetch.ts';
import { bodyStart, readHead } from '../message/head.ts';
import { Headers } from '../message/headers.ts';
import { readHeaders } from '../message/parse.ts';
import type { HeaderMapping } from '../rules/header-mapping.ts';
import { headOddity } from '../trust/strict-head.ts';
import type { Authentication, Evidence, Trust } from '../trust/trust.ts';

/** What of a folder's rules says what counts as evidence. */
export interface EvidenceRules {
  readonly trust: Trust;
  readonly authentication: Authentication;
  readonly mapping: HeaderMapping;
  readonly role: Evidence['role'];
}

/** What the verdict goes by; nothing is read of a header that does not count. */
export function evidenceOf(
  { trust, authentication, mapping, role }: EvidenceRules,
  { source, receivedAt }: Pick<FetchedMessage, 'source' | 'receivedAt'>,
): Evidence {
  const rest = { receivedAt, mapping, role, authentication };
  if (typeof trust !== 'object' && authentication.authserv_id === undefined && !authentication.verify) {
    return { ...rest, headers: new Headers([]), oddity: undefined };
  }
  const block = source.subarray(0, bodyStart(source));
  const head = readHead(block);
  return { ...rest, headers: readHeaders(head.lines), oddity: headOddity(block, head) };
}
