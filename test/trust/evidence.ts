import { bodyStart, readHead } from '../../src/message/head.ts';
import { Headers } from '../../src/message/headers.ts';
import { readHeaders } from '../../src/message/parse.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { headOddity } from '../../src/trust/strict-head.ts';
import type { Evidence } from '../../src/trust/trust.ts';

/** When the mails of these tests are received: 2026-11-09, 09:00 UTC. */
export const RECEIVED_AT = new Date(Date.UTC(2026, 10, 9, 9));

/** Evidence of a message, where a test does not say otherwise: nobody says who wrote it. */
export function evidence(given: Partial<Evidence> = {}): Evidence {
  return {
    headers: new Headers([]),
    receivedAt: RECEIVED_AT,
    oddity: undefined,
    mapping: headerMapping({ prefix: 'x-desk-' }),
    role: 'inbox',
    authentication: { authserv_id: undefined, verify: false },
    ...given,
  };
}

/** Evidence of a message as its bytes have it, with Authentication-Results of mx.example.net that count. */
export function evidenceIn(message: string | Buffer, given: Partial<Evidence> = {}): Evidence {
  const source = Buffer.from(message);
  const block = source.subarray(0, bodyStart(source));
  const head = readHead(block);
  return evidence({
    headers: readHeaders(head.lines),
    oddity: headOddity(block, head),
    authentication: { authserv_id: 'mx.example.net', verify: false },
    ...given,
  });
}
