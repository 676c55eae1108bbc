import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { pastedRedirect } from '../../src/cli/pasted.ts';

const REDIRECT = 'http://127.0.0.1:4711/';
const GOOD = 'http://127.0.0.1:4711/?state=s&code=the-code';
const never = new AbortController().signal;

async function paste(...lines: string[]) {
  const said: string[] = [];
  const input = Readable.from(lines.map((line) => `${line}\n`));
  const url = await pastedRedirect(input, REDIRECT, 's', (text) => said.push(text), never);
  return { code: url?.searchParams.get('code'), said };
}

describe('pastedRedirect', () => {
  it.each([
    ['an address', [GOOD]],
    ['one after empty lines', ['', ' ', GOOD]],
    ['one in two lines', ['http://127.0.0.1:4711/?state=s&', 'code=the-code']],
    ['one after a wrong one', ['http://127.0.0.1:4711/?state=other&code=c', GOOD]],
    ['one after something else', ['what?', GOOD]],
    ['one without a line break', [GOOD.slice(0, -1), 'e']],
  ])('takes %s', async (_, lines) => {
    const { code } = await paste(...lines);
    expect(code).toMatch(/^the-cod/);
  });

  it('says what was wrong, and waits for another one', async () => {
    const { said, code } = await paste('4/0AX', 'http://127.0.0.1:4711/?state=old&code=c');
    expect(code).toBeUndefined();
    expect(said).toEqual([
      'That is no address: it begins with http://127.0.0.1:4711/. Paste it here:',
      'That belongs to another login: open the address that is shown here. Paste it here:',
    ]);
  });

  it('ends with the login', async () => {
    const stop = new AbortController();
    const waiting = pastedRedirect(new PassThrough(), REDIRECT, 's', () => {}, stop.signal);
    setTimeout(() => stop.abort(), 20);
    expect(await waiting).toBeUndefined();
  });
});
