import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { pastedRedirect } from '../../src/cli/pasted.ts';

const REDIRECT = 'http://localhost:50123/';
const STATE = 'the-state-of-this-login';
const WHOLE = `${REDIRECT}?code=${'0.AXkA-'.repeat(60)}&state=${STATE}&session_state=4e5f6a7b`;
const { signal } = new AbortController();

async function pasted(...lines: string[]) {
  const said: string[] = [];
  const input = Readable.from(lines.map((line) => `${line}\n`));
  const url = await pastedRedirect(input, REDIRECT, STATE, (text) => said.push(text), signal);
  return { code: url?.searchParams.get('code'), said };
}

const CODE = new URL(WHOLE).searchParams.get('code');
const broken = WHOLE.match(/.{1,78}/g) ?? [];

it('takes an address that a mail has broken over many lines', async () => {
  expect(broken.length).toBeGreaterThan(3);
  expect((await pasted(...broken)).code).toBe(CODE);
});

it.each([
  ['nothing', ['']],
  ['words', ['what do I do now?', 'hello']],
  ['half of another try', ['http://localhost:50123/?code=abc']],
  ['another login', [`${REDIRECT}?code=abc&state=another`]],
  ['what a terminal would do something with', ['\u001b[2J\u0007']],
])('takes it after %s', async (_, garbage) => {
  const { code, said } = await pasted(...garbage, WHOLE);
  expect(code).toBe(CODE);
  // Of what was pasted nothing is said: it may hold a code, or what a terminal acts on.
  for (const text of said) {
    expect(text).not.toMatch(/abc|hello/);
    expect(text).not.toContain('\u001b');
  }
});

it('ends with the input', async () => {
  expect((await pasted('garbage')).code).toBeUndefined();
});
