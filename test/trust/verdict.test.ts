import { describe, expect, it } from 'vitest';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { trustedDirectives } from '../../src/rules/trusted-directives.ts';
import { sign } from '../../src/trust/hmac.ts';
import type { Trust } from '../../src/trust/trust.ts';
import { verdictOf, withoutSignatures } from '../../src/trust/verdict.ts';
import { headersOf } from '../message/build.ts';
import { evidence, RECEIVED_AT } from './evidence.ts';

const secret = (value: string): Trust => ({ secret: { header: 'x-secret', value } });

describe('verdicts', () => {
  it.each<[string, Trust, string[], boolean, string]>([
    ['all', 'all', [], true, 'trusts everybody'],
    ['none', 'none', [], false, 'trusts nobody'],
    ['none, with a secret', 'none', ['X-Secret: hunter2'], false, 'trusts nobody'],
    ['secret', secret('hunter2'), ['X-Secret: hunter2'], true, 'the right one'],
    ['secret, any letter case of the name', secret('hunter2'), ['X-SECRET: hunter2'], true, 'the right one'],
    ['secret, folded at once', secret('hunter2'), ['X-Secret:\r\n hunter2'], true, 'the right one'],
    ['secret, encoded', secret('hunter2'), ['X-Secret: =?utf-8?Q?hunter2?='], true, 'the right one'],
    [
      'secret beyond ASCII, encoded',
      secret('schlüssel'),
      ['X-Secret: =?utf-8?Q?schl=C3=BCssel?='],
      true,
      'the right one',
    ],
    ['secret beyond ASCII, raw', secret('schlüssel'), ['X-Secret: schlüssel'], true, 'the right one'],
    [
      'secret that looks encoded',
      secret('=?utf-8?Q?a?='),
      ['X-Secret: =?utf-8?Q?a?='],
      true,
      'the right one',
    ],
    ['wrong', secret('hunter2'), ['X-Secret: hunter3'], false, 'another one'],
    ['wrong, encoded', secret('hunter2'), ['X-Secret: =?utf-8?Q?hunter3?='], false, 'another one'],
    ['wrong letter case', secret('hunter2'), ['X-Secret: HUNTER2'], false, 'another one'],
    ['longer', secret('hunter2'), ['X-Secret: hunter2, hunter3'], false, 'another one'],
    ['the beginning of it', secret('hunter2'), ['X-Secret: hunter'], false, 'another one'],
    ['empty', secret('hunter2'), ['X-Secret:'], false, 'another one'],
    ['missing', secret('hunter2'), [], false, 'has no x-secret'],
    ['under another name', secret('hunter2'), ['X-Secret-2: hunter2'], false, 'has no x-secret'],
    ['twice', secret('hunter2'), ['X-Secret: hunter2', 'X-Secret: hunter2'], false, 'more than once'],
    ['twice, one wrong', secret('hunter2'), ['X-Secret: x', 'X-Secret: hunter2'], false, 'more than once'],
  ])('%s', (_, trust, lines, trusted, reason) => {
    const verdict = verdictOf(trust, evidence({ headers: headersOf(...lines) }));
    expect(verdict).toEqual({ trusted, reason: expect.stringContaining(reason), senderAuth: 'none' });
    expect(verdict.reason).not.toContain('hunter2');
  });
});

it('a right signature says who wrote a mail, whatever else is found; without it, that is what counts', () => {
  const key = { id: 'k', secret: 'a secret that is long enough for a key' };
  const hmac = { header: 'x-signature', keys: [key], max_age: 86_400_000 };
  const results = 'Authentication-Results: mx.example; dmarc=fail header.from=a.example';
  const fields = [results, 'From: a@a.example', 'X-Desk-Case-Status: closed'];
  const at = { at: RECEIVED_AT.getTime() / 1000, nonce: 'abcdefghijklmnopqrstuv' };
  const signed = sign(key, headersOf(...fields), headerMapping({ prefix: 'x-desk-' }), at);
  const authentication = { authserv_id: 'mx.example', verify: false };
  const by = (trust: Trust, ...more: string[]) =>
    verdictOf(trust, evidence({ headers: headersOf(...fields, ...more), authentication }));
  const verdict = by({ hmac }, `X-Signature: ${signed}`);
  expect(verdict).toMatchObject({ trusted: true, senderAuth: 'pass', senderWhy: 'x-signature signs it' });
  const forged = { trusted: false, senderAuth: 'fail', senderWhy: 'mx.example says dmarc=fail' };
  expect(withoutSignatures(verdict)).toMatchObject(forged);
  expect(by({ hmac })).toMatchObject(forged);
});

it('for whoever knows the secret all headers count, whatever a signature covers beside it', () => {
  const key = { id: 'k', secret: 'a secret that is long enough for a key' };
  const hmac = { header: 'x-signature', keys: [key], max_age: 86_400_000 };
  const fields = ['From: a@a.example', 'X-Desk-Case-Status: closed'];
  const at = { at: RECEIVED_AT.getTime() / 1000, nonce: 'abcdefghijklmnopqrstuv' };
  const signed = sign(key, headersOf(...fields), headerMapping({ prefix: 'x-desk-' }), at);
  const headers = headersOf(...fields, `X-Signature: ${signed}`, 'X-Secret: hunter2');
  const by = (trust: Trust) => verdictOf(trust, evidence({ headers }));
  expect(by({ hmac })).toMatchObject({ trusted: true, covered: ['x-desk-case-status'] });
  expect(by({ hmac, secret: { header: 'x-secret', value: 'hunter2' } })).toMatchObject({
    trusted: true,
    covered: undefined,
  });
});

describe('directives under a verdict', () => {
  const mapping = headerMapping({ prefix: 'x-desk-' }, ['x-desk-secret']);
  const headers = headersOf(
    'X-Desk-Case-Status: closed',
    'X-Desk-Case-Labels:',
    'X-Desk-Colour: red',
    'X-Desk-Secret: abc',
    'X-Other: 1',
  );

  it('trusted: applied', () => {
    const directives = trustedDirectives({ trusted: true, reason: '' }, mapping, headers);
    expect(directives.case.status).toBe('closed');
    expect(directives.applied).toHaveLength(1);
  });

  it('not trusted: nothing applied, everything kept with the reason, except the secret', () => {
    const directives = trustedDirectives({ trusted: false, reason: 'because' }, mapping, headers);
    expect(directives).toEqual({
      customer: { custom_fields: new Map() },
      case: { labels: [], custom_fields: new Map() },
      interaction: {},
      applied: [],
      refused: [
        { by: 'x-desk-case-status', value: 'closed', reason: 'not trusted: because' },
        { by: 'x-desk-colour', value: 'red', reason: 'not trusted: because' },
      ],
      decided: [],
    });
  });
});
