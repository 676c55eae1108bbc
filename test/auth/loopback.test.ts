import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { type Loopback, listenForRedirect } from '../../src/auth/loopback.ts';

let loopback: Loopback | undefined;

afterEach(async () => {
  await loopback?.close();
});

async function listen(host = '127.0.0.1') {
  loopback = await listenForRedirect({ host, port: 0, state: 'the-state' });
  const { redirectUri, answer } = loopback;
  const at = (path: string, init: RequestInit = {}) => fetch(new URL(path, redirectUri), init);
  const isPending = () =>
    Promise.race([answer.then(() => false), new Promise((resolve) => setTimeout(resolve, 50, true))]);
  return { redirectUri, answer, at, isPending };
}

describe('listenForRedirect', () => {
  it('takes the one answer, and says so to the browser', async () => {
    const { redirectUri, answer, at } = await listen();
    expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const response = await at('/?code=the-code&state=the-state');
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(page).toContain('mailcase has the answer');
    expect(page).not.toMatch(/the-code|the-state/);
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect((await answer).searchParams.get('code')).toBe('the-code');
    // A second one is nobody's any more.
    expect((await at('/?code=another&state=the-state')).status).toBe(404);
  });

  it.each([
    ['GET', '/favicon.ico', 404],
    ['GET', '/other?code=c&state=the-state', 404],
    ['GET', '//evil.example/?code=c&state=the-state', 404],
    ['POST', '/?code=c&state=the-state', 404],
    ['GET', '/', 400],
    ['GET', '/?code=c', 400],
    ['GET', '/?code=c&state=guessed', 400],
    ['GET', '/?error=access_denied&state=guessed', 400],
    ['GET', '/?code=<b>c</b>&state=the-state&state=the-state', 400],
  ])('answers %s %s with %i, and goes on waiting', async (method, path, status) => {
    const { redirectUri, answer, at, isPending } = await listen();
    const response = await fetch(`${redirectUri.slice(0, -1)}${path}`, { method });
    expect([response.status, await response.text()]).toEqual([status, expect.not.stringContaining('<b>')]);
    expect(await isPending()).toBe(true);
    await (await at('/?code=good&state=the-state')).text();
    expect((await answer).searchParams.get('code')).toBe('good');
  });

  it('hands on that the person refused', async () => {
    const { answer, at } = await listen();
    expect(await (await at('/?error=access_denied&state=the-state')).text()).toContain('Nothing was allowed');
    expect((await answer).searchParams.get('error')).toBe('access_denied');
  });

  it('listens on 127.0.0.1 alone, whatever the browser calls it', async () => {
    const { redirectUri } = await listen('localhost');
    const { port, hostname } = new URL(redirectUri);
    expect(hostname).toBe('localhost');
    const others = Object.values(networkInterfaces())
      .flat()
      .map((each) => each?.address ?? '')
      .filter((address) => address !== '127.0.0.1' && !address.startsWith('fe80'));
    for (const address of [...others, '127.0.0.2']) {
      const host = address.includes(':') ? `[${address}]` : address;
      await expect(fetch(`http://${host}:${port}/`), address).rejects.toThrow();
    }
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(400);
  });

  it('says what to do about a port that is not free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(listenForRedirect({ host: '127.0.0.1', port, state: 's' })).rejects.toMatchObject({
      code: 'usage',
      message: `cannot listen on port ${port} of 127.0.0.1: another program has it: leave --port out, or name another`,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('closes while a browser holds connections open', async () => {
    const { redirectUri } = await listen();
    await (await fetch(redirectUri, { headers: { connection: 'keep-alive' } })).text();
    const before = Date.now();
    await loopback?.close();
    expect(Date.now() - before).toBeLessThan(900);
  });
});
