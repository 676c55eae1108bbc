import { describe, expect, it } from 'vitest';
import { serverResults } from '../../src/trust/server-results.ts';
import { headersOf } from '../message/build.ts';

const OURS = 'Authentication-Results: mx.example.net; dkim=pass header.d=one.example';
const OURS_TOO = 'Authentication-Results: mx.example.net; dmarc=pass header.from=two.example';
const FORGED = 'Authentication-Results: mx.example.net; dkim=pass header.d=forged.example';
const OTHERS = 'Authentication-Results: mx.evil.example; dkim=pass header.d=evil.example';
const JUNK = 'Authentication-Results: mx.example.net; dkim';
const RECEIVED = 'Received: from a by b';
const LMTP =
  'Received: from mx.example.net ([127.0.0.1])\r\n\tby imap.example.net with LMTP\r\n\tid ABC (envelope-from <x>)';
const X_RECEIVED = 'X-Received: by 2002:a05';

describe('which results count', () => {
  it.each<[string, string[], string[]]>([
    ['above the first Received', [OURS, RECEIVED, 'From: a@b.example'], ['one.example']],
    ['several above it', [OURS, OURS_TOO, RECEIVED, FORGED], ['one.example', 'two.example']],
    ['with others between them', [OURS, OTHERS, OURS_TOO, RECEIVED], ['one.example', 'two.example']],
    ['below it, the topmost', [RECEIVED, X_RECEIVED, OURS, 'Received: from x by y', FORGED], ['one.example']],
    ['glued under the real one', [RECEIVED, OURS, FORGED], ['one.example']],
    ['the topmost is another server’s', [RECEIVED, OTHERS, FORGED], []],
    ['the topmost cannot be read', [RECEIVED, JUNK, FORGED], []],
    ['what stands above cannot be read', [JUNK, RECEIVED, FORGED], []],
    ['no Received: only the topmost is certain', [OURS, FORGED], ['one.example']],
    [
      'several below the Received of LMTP',
      [LMTP, OURS, OURS_TOO, RECEIVED, FORGED],
      ['one.example', 'two.example'],
    ],
    ['by LMTP, below the server’s Received', [LMTP, RECEIVED, OURS, FORGED], ['one.example']],
    [
      'by LMTP as Cyrus has it',
      ['Received: from mx (mx [unix socket]) by imap (Cyrus 3.8) with LMTPA; Mon', OURS, OURS_TOO, RECEIVED],
      ['one.example', 'two.example'],
    ],
    ['by LMTP alone: only the topmost', [LMTP, OURS, FORGED], ['one.example']],
    ['LMTP in a name', [`${RECEIVED} (by with LMTP)`, OURS, FORGED, RECEIVED], ['one.example']],
    [
      'LMTP in a quoted name',
      ['Received: from "x by y with LMTP" by b with SMTP', OURS, FORGED, RECEIVED],
      ['one.example'],
    ],
    [
      'LMTP in a comment in a comment',
      ['Received: from x (a (b) by y with LMTP by z (c)) by b with SMTP', OURS, FORGED, RECEIVED],
      ['one.example'],
    ],
    [
      'LMTP in a name that has no blank in it',
      ['Received: from x(a)by(a)y(a)with(a)LMTP(a) (unknown) by b with SMTP', OURS, FORGED, RECEIVED],
      ['one.example'],
    ],
    ['LMTP further down', [RECEIVED, LMTP, OURS, FORGED, RECEIVED], ['one.example']],
    ['none', [RECEIVED, 'From: a@b.example'], []],
    ['a look-alike of the field', [RECEIVED, FORGED.replace('Results', 'Result')], []],
    ['of ARC', [`ARC-${FORGED}`, RECEIVED], []],
  ])('%s', (_, lines, expected) => {
    const values = serverResults(headersOf(...lines), 'MX.example.net').flatMap(({ results }) =>
      results.flatMap(({ properties }) => properties.map(({ value }) => value)),
    );
    expect(values).toEqual(expected);
  });
});
