import { expect, it } from 'vitest';
import { heldSecrets, holdSecrets, insideBase64 } from '../../src/observe/live-secrets.ts';
import { secretMask } from '../../src/observe/log.ts';

const TOKEN = 'ya29.a0AfH6SMB-x_yZ0123456789~abc/def+ghi=';

it('blanks what comes up while a mask is in use', () => {
  const mask = secretMask(['the-password']);
  expect(mask(`Bearer ${TOKEN}`)).toContain(TOKEN);
  holdSecrets('a mailbox', [TOKEN]);
  expect(mask(`Bearer ${TOKEN}, the-password`)).toBe('Bearer [secret], [secret]');
  expect(mask(`?access_token=${encodeURIComponent(TOKEN)}`)).toBe('?access_token=[secret]');
});

it.each([
  ['XOAUTH2', `user=support@example.com\u0001auth=Bearer ${TOKEN}\u0001\u0001`],
  ['XOAUTH2 of a user with a letter more', `user=supports@example.com\u0001auth=Bearer ${TOKEN}\u0001\u0001`],
  ['XOAUTH2 of a user with two', `user=supportss@example.com\u0001auth=Bearer ${TOKEN}\u0001\u0001`],
  ['OAUTHBEARER', `n,a=u@example.com,\u0001host=h\u0001port=993\u0001auth=Bearer ${TOKEN}\u0001\u0001`],
  ['the token alone', TOKEN],
])('blanks the token inside of base64: %s', (_, sasl) => {
  holdSecrets('a mailbox', [TOKEN]);
  const line = secretMask([])(`A1 AUTHENTICATE X ${Buffer.from(sasl).toString('base64')}`);
  expect(line).toContain('[secret]');
  // What is left is too little of it to be of use to anybody.
  for (const form of insideBase64(TOKEN)) expect(line).not.toContain(form);
  const left = line
    .split('[secret]')
    .map((part) => Buffer.from(part.split(' ').at(-1) ?? '', 'base64').toString('latin1'));
  expect(left.join('')).not.toMatch(/ya29|a0AfH6|abc\/def/);
});

it('keeps a few of each owner, the newest, so that it does not grow', () => {
  for (let n = 0; n < 1_000; n += 1) holdSecrets('another mailbox', [`token-number-${n}`]);
  expect(heldSecrets().filter((each) => each.startsWith('token-number-'))).toEqual(
    [996, 997, 998, 999].map((n) => `token-number-${n}`),
  );
  holdSecrets('another mailbox', ['token-number-999']);
  expect(heldSecrets().filter((each) => each.startsWith('token-number-'))).toHaveLength(4);
});
