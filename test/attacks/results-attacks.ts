import { arrived, B, FAIL, PASS, results, signature } from './arrival.ts';
import { SERVER } from './boxes.ts';
import { bytes, ORDERS, onTop, SHOP, strangersMail, type Victim } from './letters.ts';
import { AS_STRANGER, type Attack, type Build, type Honest, type Rows } from './table.ts';

/*
 * What can be done with Authentication-Results (RFC 8601): everything below the receiving server's own fields is the
 * sender's, whatever it looks like. But for where it is said, the mail claims to be the shop's.
 */

const NOT_FOUND = /mx\.shop\.example has found no DKIM signature good/;
const NO_RESULTS = /has no Authentication-Results of mx\.shop\.example that count/;

const FROM_SHOP = { From: `Lamp Shop <${ORDERS}>` };

/** In the shop's name, with a signature that would cover everything. */
const claimed = (of: Victim) => onTop(strangersMail(of, FROM_SHOP), signature());

/** What the attacker writes over his mail, and what the server says above that. */
const forged =
  (server: readonly string[], ...lines: readonly string[]): Build =>
  (of) =>
    arrived(onTop(claimed(of), ...lines), ...server);

/** The server says this, and nothing else is there. */
const found =
  (...server: readonly string[]): Build =>
  (of) =>
    arrived(claimed(of), ...server);

/** The server itself has written no results, so that the attacker's are the first there are. */
const alone = (id: string): Build => forged([], results(PASS, id));

const rows: Rows = [
  {
    name: 'results-glued-below',
    does: "writes results in the server's name right below the server's",
    mail: forged([FAIL], results(PASS)),
    why: NOT_FOUND,
    honest: found(PASS),
  },
  {
    name: 'results-below-received',
    does: 'writes them below a Received of his own',
    mail: forged(
      [FAIL],
      'Received: from a.example by mx.shop.example; Mon, 09 Nov 2026 09:15:00 +0000',
      results(PASS),
    ),
    why: NOT_FOUND,
  },
  {
    name: 'results-between-arc',
    does: 'hides them in an ARC set',
    mail: forged(
      ['dkim=none'],
      'ARC-Seal: i=1; a=rsa-sha256; cv=none; d=evil.example; s=k; b=QUFB',
      `ARC-Authentication-Results: i=1; ${SERVER}; ${PASS}`,
      results(PASS),
      'ARC-Message-Signature: i=1; a=rsa-sha256; d=evil.example; s=k; h=from; bh=QUFB; b=QUFB',
    ),
    why: NOT_FOUND,
  },
  {
    name: 'results-of-arc',
    does: 'counts on a chain of ARC that passes: whoever sealed it may have found what he liked',
    mail: forged(
      ['dkim=fail; arc=pass (i=1 dkim=pass dkdomain=shop.example)'],
      `ARC-Authentication-Results: i=1; ${SERVER}; ${PASS}`,
    ),
    why: NOT_FOUND,
  },
  {
    name: 'results-missing',
    does: 'counts on a server that writes none',
    mail: found(),
    why: NO_RESULTS,
    as: { senderAuth: 'none' },
  },
  {
    name: 'results-at-the-end',
    does: 'writes them below his other fields',
    mail: (of) => arrived(claimed(of).replace('\r\n\r\n', `\r\n${results(PASS)}\r\n\r\n`), FAIL),
    why: NOT_FOUND,
  },
  ...lookAlikes(),
  {
    name: 'results-without-id',
    does: 'comes through a server that does not say who it is (Exchange Online)',
    mail: (of) =>
      onTop(
        claimed(of),
        `Authentication-Results: spf=pass (sender IP is 192.0.2.7)\r\n smtp.mailfrom=${SHOP}; dkim=pass (signature was verified)\r\n header.d=${SHOP};dmarc=pass action=none header.from=${SHOP};compauth=pass reason=100`,
      ),
    why: NO_RESULTS,
    as: { senderAuth: 'none' },
  },
  {
    name: 'results-of-another-domain',
    does: 'signs with a domain of his own',
    mail: (of) =>
      arrived(
        onTop(strangersMail(of, FROM_SHOP), signature({ d: 'evil.example' })),
        `dkim=pass header.d=evil.example header.s=k1 header.b=${B}`,
      ),
    why: /signature of evil\.example is another domain's/,
  },
  {
    name: 'results-of-another-domain-in-his-name',
    does: 'signs with a domain of his own, in his own name',
    mail: (of) =>
      arrived(
        onTop(strangersMail(of), signature({ d: 'evil.example' })),
        `dkim=pass header.d=evil.example header.s=k1 header.b=${B}`,
      ),
    why: /From \(evil\.example\) is none of/,
    as: { ...AS_STRANGER, senderAuth: 'pass' },
  },
  {
    name: 'results-pass-in-comment',
    does: 'has a server that quotes him say pass in a comment',
    mail: found(`dkim=fail (not dkim=pass header.d=${SHOP} (nested; ${PASS})) header.d=${SHOP}`),
    why: NOT_FOUND,
    honest: found(
      `dkim=pass (2048-bit key; "unprotected" (really)) header.d=(the domain)${SHOP} header.s=k1`,
    ),
  },
  {
    name: 'results-pass-in-reason',
    does: 'has it say pass in a reason',
    mail: found(`dkim=fail reason="\\"; ${PASS}" header.d=${SHOP}`),
    why: NOT_FOUND,
    honest: found(`dkim=pass reason="good; (\\"really\\") dkim=fail" header.d=${SHOP}`),
  },
  {
    name: 'results-pass-in-property',
    does: 'has the pass in his envelope address, which the server repeats',
    mail: found(`spf=pass smtp.mailfrom="x; ${PASS}"@evil.example; dkim=fail header.d=${SHOP}`),
    why: NOT_FOUND,
    honest: found(`spf=none smtp.mailfrom="a; b"@${SHOP}; ${PASS}`),
  },
  {
    name: 'results-pass-out-of-comment',
    does: 'ends a comment in which a careless server repeats his envelope address',
    mail: found(
      `spf=pass (domain of "a) smtp.mailfrom=x; ${PASS}; x-a=pass ("@evil.example designates 192.0.2.7); ${FAIL}`,
    ),
    why: /says of one DKIM signature that it is good, and that it is not/,
  },
  {
    name: 'results-pass-of-another-method',
    does: 'counts on a reader that takes any pass',
    mail: found(
      `x-dkim=pass header.d=${SHOP}; dkim-adsp=pass header.from=${SHOP}; domainkeys=pass header.d=${SHOP}; dkim=neutral header.d=${SHOP}`,
    ),
    why: NOT_FOUND,
  },
  {
    name: 'results-pass-of-another-version',
    does: 'counts on a reader that does not know versions of methods',
    mail: found(`dkim/2=pass header.d=${SHOP} header.s=k1`),
    why: NO_RESULTS,
    as: { senderAuth: 'none' },
    honest: found(`dkim/1=pass header.d=${SHOP} header.s=k1`),
  },
  {
    name: 'results-like-pass',
    does: 'counts on a reader that looks for the letters',
    mail: found(`dkim=passed header.d=${SHOP}; dkim=pass-by header.d=${SHOP}`),
    why: NOT_FOUND,
    honest: found(`DKIM=Pass HEADER.D=Shop.Example header.s=k1`),
  },
  {
    name: 'results-identity-of-another',
    does: 'signs with his own domain, and says it is for an identity of the shop',
    mail: (of) =>
      arrived(
        onTop(strangersMail(of, FROM_SHOP), signature({ d: 'evil.example', more: ` i=@${SHOP};` })),
        `dkim=pass header.d=evil.example header.i=@${SHOP} header.s=k1`,
      ),
    why: /cannot be read: its i= cannot be taken/,
  },
  {
    name: 'results-identity-below-another',
    does: "has the shop's domain at the beginning of his own",
    mail: (of) =>
      arrived(
        onTop(strangersMail(of, FROM_SHOP), signature({ d: `${SHOP}.evil.example` })),
        `dkim=pass header.i=@${SHOP}.evil.example header.s=k1`,
      ),
    why: /signature of shop\.example\.evil\.example is another domain's/,
    honest: found(
      `dkim=pass header.i=@${SHOP} header.s=k1 header.b=${B}; spf=pass smtp.mailfrom=bounces@sender.example`,
    ),
  },
  {
    name: 'results-spf-alone',
    does: 'sends from a server that the shop allows for its domain too',
    mail: found(`spf=pass smtp.mailfrom=${SHOP}; dkim=none (message not signed)`),
    why: NOT_FOUND,
  },
  {
    name: 'results-dmarc-by-spf',
    does: 'passes DMARC by SPF, without a signature',
    mail: (of) =>
      arrived(
        strangersMail(of, FROM_SHOP),
        `spf=pass smtp.mailfrom=${SHOP}; dmarc=pass (p=reject) header.from=${SHOP}`,
      ),
    why: /it has no DKIM signature/,
  },
  {
    name: 'results-by-hello',
    does: 'says hello by a name that reads like a delivery within the house, which would have his own Received count',
    box: 'bytes',
    mail: (of) => {
      const received =
        'Received: from x(a)by(a)y(a)with(a)LMTP(a) (unknown [192.0.2.7]) by mx.shop.example with ESMTPS';
      return onTop(
        claimed(of),
        results(FAIL),
        received,
        results(PASS),
        'Received: from a.example by mx.shop.example',
      );
    },
    why: NOT_FOUND,
  },
  {
    name: 'results-junk',
    does: 'breaks the field off in the middle of a comment',
    mail: found(`${PASS} (and so on`),
    why: NO_RESULTS,
    as: { senderAuth: 'none' },
  },
];

/** Whoever else writes results: none of these ids is the server's. The last mail of a row stands for all that is equal. */
function lookAlikes(): Rows {
  const ids: readonly (readonly [name: string, id: string])[] = [
    ['suffix', `${SERVER}.evil.example`],
    ['prefix', `not${SERVER}`],
    ['homograph', SERVER.replace('x', '\u0445')],
    ['full-width', SERVER.replace('x', '\uFF58')],
    ['long-s', SERVER.replace('s', '\u017F')],
    ['port', `${SERVER}:25`],
    ['trailing-dot', `${SERVER}.`],
    ['comment-inside', `mx(a).${SHOP}`],
    ['comment-before-more', `${SERVER}(a).evil.example`],
    ['encoded-word', `=?utf-8?q?${SERVER}?=`],
    ['version-2', `${SERVER} 2`],
    ['space', `${SERVER} ${SHOP}`],
    ['escape', `"mx.shop\\.example.evil"`],
  ];
  return ids.map(([name, id]) => ({
    name: `results-id-${name}`,
    does: `writes results as ${id}, where the server has written none`,
    mail: alone(id),
    why: NO_RESULTS,
    as: { senderAuth: 'none' },
  }));
}

const nul: Rows[number] = {
  name: 'results-id-nul',
  does: "ends the server's name with a NUL, for a reader in C",
  mail: (of) => bytes(arrived(onTop(claimed(of), results(PASS, `${SERVER}\0.evil.example`)))),
  why: NO_RESULTS,
  as: { senderAuth: 'none' },
};

export const RESULTS_ATTACKS: readonly Attack[] = [...rows, nul].map((row) => ({ box: 'results', ...row }));

const HONEST: Readonly<Record<string, Build>> = {
  'results-id-any-case': (to) => onTop(claimed(to), results(PASS, 'MX.Shop.Example')),
  'results-id-quoted': (to) => onTop(claimed(to), results(PASS, `"${SERVER}"`)),
  'results-id-comment': (to) => onTop(claimed(to), results(PASS, `(milter) ${SERVER} (us)`)),
  'results-version-1': (to) => onTop(claimed(to), results(PASS, `${SERVER} 1`)),
  // OpenDMARC and OpenDKIM each write a field, and Dovecot its Received above both.
  'results-of-two-filters': found(`dmarc=pass (p=reject dis=none) header.from=${SHOP}`, PASS),
  'results-several-signatures': found(
    `dkim=fail header.d=evil.example header.s=x header.b=QUFB; dkim=pass header.d=sender.example header.s=y; ${PASS}; dmarc=pass header.from=${SHOP}`,
  ),
  'results-no-property-but-domain': found(`dkim=pass header.d=${SHOP}`),
  'results-folded-anywhere': found(`dkim \r\n\t=\r\n\t pass\r\n\theader . d\r\n\t=\r\n\t${SHOP}`),
};

export const RESULTS_HONEST: readonly Honest[] = Object.entries(HONEST).map(([name, mail]) => ({
  name,
  box: 'results',
  mail,
}));
