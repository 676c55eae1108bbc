import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Keys, LISTED, resolverOf } from '../../src/dkim/keys.ts';
import { type DnsReply, type DnsServer, startDnsServer } from '../support/dns-server.ts';

let dns: DnsServer;

beforeAll(async () => {
  dns = await startDnsServer();
});

afterAll(() => dns.stop());

const NAME = 'mail._domainkey.example.com';
const RECORD = `v=DKIM1; p=${'A'.repeat(400)}`;

/** Keys of a clock that a test turns. */
function keysAt(start = 0) {
  const clock = { now: start };
  return { clock, keys: new Keys(resolverOf([dns.address]), LISTED, () => clock.now) };
}

describe('keys', () => {
  it.each<[string, DnsReply, object]>([
    ['a record in several strings', [RECORD], { records: [RECORD] }],
    ['several records', ['v=spf1', RECORD], { records: ['v=spf1', RECORD] }],
    ['no such name', 'NXDOMAIN', { absent: true }],
    ['no TXT record', 'NODATA', { absent: true }],
    ['a name server that fails', 'SERVFAIL', { temperror: 'the name server says SERVFAIL' }],
    ['one that refuses', 'REFUSED', { temperror: 'the name server refuses to answer' }],
    ['one that is silent', 'silence', { temperror: 'no name server answers' }],
  ])('%s', async (_, reply, expected) => {
    dns.set(NAME, reply);
    const before = dns.asked.length;
    const begun = performance.now();
    expect(await keysAt().keys.look(NAME)).toEqual(expected);
    // Without a bound of ours, two tries take 15 seconds.
    expect(performance.now() - begun).toBeLessThan(LISTED.longest + 5_000);
    expect(dns.asked.length - before).toBeLessThanOrEqual(LISTED.tries);
  });

  it('nobody listens there', async () => {
    const gone = await startDnsServer();
    await gone.stop();
    const keys = new Keys(resolverOf([gone.address]));
    expect(await keys.look(NAME)).toEqual({ temperror: 'no name server answers' });
  });

  it.each<[DnsReply, seconds: number]>([
    [[RECORD], 300],
    ['NXDOMAIN', 60],
    ['SERVFAIL', 15],
  ])('are kept for a while, and no longer: %s', async (reply, seconds) => {
    dns.set(NAME, reply);
    const { clock, keys } = keysAt();
    const askings = async () => {
      const before = dns.asked.length;
      await keys.look(NAME);
      return dns.asked.length - before;
    };
    expect(await askings()).toBeGreaterThan(0);
    clock.now = seconds * 1000 - 1;
    expect(await askings()).toBe(0);
    clock.now = seconds * 1000;
    expect(await askings()).toBeGreaterThan(0);
  });

  it('that many ask for at once are asked for once', async () => {
    dns.set(NAME, [RECORD]);
    const { keys } = keysAt();
    const before = dns.asked.length;
    const answers = await Promise.all(Array.from({ length: 50 }, () => keys.look(NAME)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ records: [RECORD] })]),
    );
    expect(dns.asked.length - before).toBe(1);
  });

  it('are kept of so many names at most, the newest', async () => {
    let askings = 0;
    const keys = new Keys(async () => {
      askings += 1;
      return [[RECORD]];
    });
    for (let i = 0; i <= 500; i += 1) await keys.look(`s${i}._domainkey.example.com`);
    await keys.look('s500._domainkey.example.com');
    expect(askings).toBe(501);
    await keys.look('s0._domainkey.example.com');
    expect(askings).toBe(502);
  });
});
