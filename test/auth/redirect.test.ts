import { describe, expect, it } from 'vitest';
import { readRedirect } from '../../src/auth/redirect.ts';

const REDIRECT = 'http://127.0.0.1:4711/';

describe('readRedirect', () => {
  it.each([
    ['as the browser has it', 'http://127.0.0.1:4711/?state=s&code=c'],
    ['with more in it', 'http://127.0.0.1:4711/?state=s&code=c&scope=x&authuser=0'],
    ['with a fragment', 'http://127.0.0.1:4711/?state=s&code=c#_=_'],
    ['broken by a terminal', ' http://127.0.0.1:4711/?st\n  ate=s&code=c \n'],
    ['in quotes', '"http://127.0.0.1:4711/?state=s&code=c"'],
    ['in angle brackets', '<http://127.0.0.1:4711/?state=s&code=c>'],
    ['with the host in capitals', 'HTTP://127.0.0.1:4711?state=s&code=c'],
    ['a refusal', 'http://127.0.0.1:4711/?state=s&error=access_denied'],
  ])('takes an address %s', (_, address) => {
    const read = readRedirect(address, REDIRECT, 's');
    expect(read).toBeInstanceOf(URL);
    expect((read as URL).searchParams.get('state')).toBe('s');
    expect((read as URL).href).toMatch(/^http:\/\/127\.0\.0\.1:4711\/\?[^#]+$/);
  });

  it.each([
    ['nothing', ' \n', 'is empty'],
    ['the code alone', '4/0AX4XfWh', 'is no address'],
    ['the address to open', 'https://accounts.google.com/o/oauth2/v2/auth?state=s', 'is another address'],
    ['another port', 'http://127.0.0.1:4712/?state=s&code=c', 'is another address'],
    ['another path', 'http://127.0.0.1:4711/x?state=s&code=c', 'is another address'],
    ['another host', 'http://localhost:4711/?state=s&code=c', 'is another address'],
    ['the beginning of it', 'http://127.0.0.1:4711/?state=s', 'has no `code`'],
    ['an empty code', 'http://127.0.0.1:4711/?state=s&code=', 'has no `code`'],
    ['no state', 'http://127.0.0.1:4711/?code=c', 'has no `state`'],
    ['the state of another login', 'http://127.0.0.1:4711/?code=c&state=t', 'belongs to another login'],
    [
      'a refusal of another login',
      'http://127.0.0.1:4711/?error=access_denied&state=t',
      'belongs to another',
    ],
    ['two codes', 'http://127.0.0.1:4711/?code=c&state=s&code=d', 'has `code` twice'],
    ['two states', 'http://127.0.0.1:4711/?code=c&state=s&state=t', 'has `state` twice'],
  ])('says why %s is no answer', (_, address, why) => {
    expect(readRedirect(address, REDIRECT, 's')).toContain(why);
  });
});
