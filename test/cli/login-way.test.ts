import { describe, expect, it } from 'vitest';
import { wayFor } from '../../src/cli/login-way.ts';
import type { Provider } from '../../src/config/provider.ts';
import type { OAuth2Config } from '../../src/config/schema.ts';

const both = { authorization_url: 'https://a.example/', device_authorization_url: 'https://d.example/' };
const browser = { authorization_url: 'https://a.example/' };
const device = { device_authorization_url: 'https://d.example/' };

const way = (options: object, urls: object, provider: Provider = 'imap') =>
  wayFor(options, urls as OAuth2Config, provider);

describe('wayFor', () => {
  it.each([
    ['a code, where there is one', {}, both, 'exchange', { kind: 'device' }],
    ['a browser here, where there is no code', {}, browser, 'gmail', here('127.0.0.1', 0)],
    ['what is asked for', { loopback: true }, both, 'imap', here('127.0.0.1', 0)],
    ['a browser, where a port is given', { port: '8421' }, both, 'imap', here('127.0.0.1', 8421)],
    ["Microsoft's name for this machine", { loopback: true }, both, 'exchange', here('localhost', 0)],
    ['a code that is asked for', { device: true }, both, 'imap', { kind: 'device' }],
    ['pasting', { paste: true, port: '8421' }, both, 'imap', { ...here('127.0.0.1', 8421), kind: 'paste' }],
  ] as const)('takes %s', (_, options, urls, provider, expected) => {
    expect(way(options, urls, provider)).toEqual(expected);
  });

  it('sends a browser elsewhere to a port that nobody is given', () => {
    for (let i = 0; i < 100; i += 1) {
      const { port } = way({ paste: true }, both) as { port: number };
      expect(port).toBeGreaterThanOrEqual(49_152);
      expect(port).toBeLessThanOrEqual(65_535);
    }
  });

  it.each([
    [{ device: true, paste: true }, both, 'imap', '--device and --paste exclude each other: leave one out'],
    [{ device: true, port: '1' }, both, 'imap', '--port is for --loopback and --paste: leave it out'],
    [{ loopback: true, port: '0' }, both, 'imap', '--port is no port: write a number from 1 to 65535'],
    [{ loopback: true, port: '65536' }, both, 'imap', '--port is no port: write a number from 1 to 65535'],
    [{ loopback: true, port: '80x' }, both, 'imap', '--port is no port: write a number from 1 to 65535'],
    [{ device: true }, browser, 'gmail', 'Google gives no device code for mail: use --loopback, or --paste'],
    [{ device: true }, browser, 'imap', 'set `imap.oauth2.device_authorization_url`, or use --loopback'],
    [{ paste: true }, device, 'imap', 'set `imap.oauth2.authorization_url`, or use --device'],
    [{}, {}, 'imap', 'set `imap.oauth2.authorization_url`'],
  ] as const)('refuses %j with %j', (options, urls, provider, message) => {
    const attempt = () => way(options, urls, provider);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

function here(host: string, port: number) {
  return { kind: 'loopback', host, port };
}
