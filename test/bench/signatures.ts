import { readHeaderBlock } from '../../src/message/header-block.ts';
import { Headers } from '../../src/message/headers.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { byHmac } from '../../src/trust/hmac.ts';
import { mail } from '../support/mail.ts';
import { KEY, signed, unixNow } from '../support/signed.ts';

/*
 * What it costs to verify a signature, for the mail of a shop, for many fields, and for what a stranger can do who knows
 * the id of a key. Reading the header is not in it: that is done for every mail. Run it with `npm run bench:signatures`.
 */
const mapping = headerMapping({ prefix: 'x-desk-' });
const TRUST = { header: 'x-mailcase-signature', keys: [KEY], max_age: 3_600_000 };
const RUNS = 5;

const custom = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-desk-case-custom-k${i}`, `value ${i} – ü`]));
const FROM = { From: 'The Shop <shop@example.com>' };
const ORDER = {
  ...FROM,
  'x-desk-customer-email': '"Åsa Öberg" <asa@example.org>',
  'x-desk-interaction-direction': 'out',
  'x-desk-case-external-id': 'order-10423',
  'x-desk-case-status': 'resolved',
  'x-desk-case-labels': 'order, shipping',
};

/** A right signature, above fields that it does not sign. */
const hostile = (fields: Record<string, string | string[]>) =>
  `${signed(mail(FROM)).split('\r\n', 1)[0]}\r\n${mail({ ...FROM, ...fields })}`;

measure('a shop, 5 fields', signed(mail(ORDER)), 5_000);
measure('a shop, 25 fields', signed(mail({ ...ORDER, ...custom(20) })), 2_000);
measure('a shop, 105 fields', signed(mail({ ...ORDER, ...custom(100) })), 500);
measure('no signature', mail(ORDER), 100_000);
measure('240 KB of text', hostile({ 'x-desk-case-subject': '=?utf-8?q?a?= '.repeat(17_000) }), 5);
measure('a megabyte of text', hostile({ 'x-desk-case-subject': 'x'.repeat(1_000_000) }), 5);
measure(
  '50 customers of 4,900 colons',
  hostile({ 'x-desk-customer-email': Array(50).fill(':'.repeat(4_900)) }),
  5,
);
measure(
  '50 customers of 4,900 quotes',
  hostile({ 'x-desk-customer-email': Array(50).fill('"'.repeat(4_900)) }),
  5,
);

/** The quickest of some runs, in microseconds of a processor for each verification, whatever else the machine does. */
function measure(what: string, source: string, times: number): void {
  const headers = new Headers(readHeaderBlock(Buffer.from(source), false));
  const at = new Date(unixNow() * 1000);
  const runs = Array.from({ length: RUNS }, () => {
    const start = process.cpuUsage();
    for (let n = 0; n < times; n += 1) byHmac(TRUST, headers, at, mapping);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / times;
  });
  const { trusted } = byHmac(TRUST, headers, at, mapping);
  const micros = Math.min(...runs).toLocaleString('en-US', { maximumFractionDigits: 1 });
  process.stdout.write(
    `${what.padEnd(30)} ${micros.padStart(9)} µs  ${trusted ? 'trusted' : 'not trusted'}\n`,
  );
}
