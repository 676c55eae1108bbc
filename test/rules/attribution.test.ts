import { describe, expect, it } from 'vitest';
import { ownMatcher } from '../../src/message/addresses.ts';
import {
  interactionKind,
  messageCustomer,
  messageDirection,
  messageParties,
  type Setting,
} from '../../src/rules/attribution.ts';
import { noDirectives } from '../../src/rules/directives.ts';
import { headerMapping } from '../../src/rules/header-mapping.ts';
import { messageOf } from '../message/build.ts';

const isOwn = ownMatcher(['lamps.example', 'help@group.example']);
const setting: Setting = { isOwn, role: 'inbox', senderAuth: 'none' };
const mapping = headerMapping({ prefix: 'x-desk-' });

const SHOP = 'From: shop@lamps.example';
const JOE = 'From: Joe <joe@example.com>';
const SUPPORT = 'To: support@lamps.example';

describe('direction and customer', () => {
  it.each([
    ['customer to support', [JOE, SUPPORT], 'in', 'joe@example.com'],
    ['shop to customer', [SHOP, 'To: joe@example.com'], 'out', 'joe@example.com'],
    [
      'shop to customer, support in Cc',
      [SHOP, 'To: joe@example.com', 'Cc: support@lamps.example'],
      'out',
      'joe@example.com',
    ],
    ['shop to support, customer in Cc', [SHOP, SUPPORT, 'Cc: joe@example.com'], 'out', 'joe@example.com'],
    [
      'shop to two customers: the first To',
      [SHOP, 'Cc: c@example.com', 'To: a@example.com, b@example.com'],
      'out',
      'a@example.com',
    ],
    ['shop from a +tag', ['From: shop+7@lamps.example', 'To: joe@example.com'], 'out', 'joe@example.com'],
    [
      'shop to a bouncing postmaster, customer in Cc',
      [SHOP, 'To: postmaster@x.example', 'Cc: joe@example.com'],
      'out',
      'joe@example.com',
    ],
    ['shop to a postmaster alone', [SHOP, 'To: postmaster@x.example'], 'out', undefined],
    ['shop to undisclosed recipients', [SHOP, 'To: undisclosed-recipients:;'], 'in', 'shop@lamps.example'],
    ['colleague to support', ['From: ann@lamps.example', SUPPORT], 'in', 'ann@lamps.example'],
    [
      'contact form',
      ['From: www@lamps.example', 'Reply-To: noor@example.net', SUPPORT],
      'in',
      'noor@example.net',
    ],
    ['Reply-To own: From', [JOE, 'Reply-To: shop@lamps.example', SUPPORT], 'in', 'joe@example.com'],
    ['Reply-To first', [JOE, 'Reply-To: joe@work.example', SUPPORT], 'in', 'joe@work.example'],
    [
      'Reply-To of two: the first that is not own',
      [JOE, 'Reply-To: a@lamps.example, b@x.example', SUPPORT],
      'in',
      'b@x.example',
    ],
    [
      'through an own list',
      ['From: help@group.example', 'X-Original-From: Joe <joe@example.com>', SUPPORT],
      'in',
      'joe@example.com',
    ],
    [
      'through an own list, with Reply-To',
      ['From: help@group.example', 'Reply-To: r@example.com', 'X-Original-From: joe@example.com', SUPPORT],
      'in',
      'r@example.com',
    ],
    [
      'a stranger with X-Original-From',
      ['From: eve@x.example', 'X-Original-From: joe@example.com', SUPPORT],
      'in',
      'eve@x.example',
    ],
    ['bounce', ['From: MAILER-DAEMON@mx.example', SUPPORT], 'in', undefined],
    ['bounce of the own server', ['From: mailer-daemon@lamps.example', SUPPORT], 'in', undefined],
    [
      'postmaster with Reply-To',
      ['From: postmaster@mx.example', 'Reply-To: joe@example.com', SUPPORT],
      'in',
      'joe@example.com',
    ],
    ['no From', [SUPPORT], 'in', undefined],
    ['no From but Reply-To', ['Reply-To: joe@example.com', SUPPORT], 'in', 'joe@example.com'],
    ['empty From', ['From: <>', SUPPORT], 'in', undefined],
    ['no headers of use', ['Subject: x'], 'in', undefined],
    [
      'own address as local part elsewhere',
      ['From: shop@lamps.example@evil.example', 'To: joe@example.com'],
      'in',
      'shop@lamps.example@evil.example',
    ],
    [
      'header: direction',
      [JOE, 'To: maja@example.com', 'X-Desk-Interaction-Direction: out'],
      'out',
      'maja@example.com',
    ],
    [
      'header: direction against own From',
      [SHOP, 'Reply-To: joe@example.com', 'To: a@example.com', 'X-Desk-Interaction-Direction: in'],
      'in',
      'joe@example.com',
    ],
    [
      'header: customer',
      [SHOP, 'To: a@example.com', 'X-Desk-Customer-Email: joe@example.com'],
      'out',
      'joe@example.com',
    ],
    [
      'header: customer who is own',
      [JOE, SUPPORT, 'X-Desk-Customer-Email: ann@lamps.example'],
      'in',
      'ann@lamps.example',
    ],
    [
      'header: customer refused',
      [JOE, SUPPORT, 'X-Desk-Customer-Email: postmaster@x.example'],
      'in',
      'joe@example.com',
    ],
  ])('%s', async (_, lines, direction, customer) => {
    const message = await messageOf(...lines, '', 'x');
    const directives = mapping.read(message.headers);
    expect(messageDirection(message, directives, setting).value).toBe(direction);
    const found = messageCustomer(message, directives, direction as 'in' | 'out', setting);
    expect(found.address?.address).toBe(customer);
  });

  it('without directives, the x-headers say nothing', async () => {
    const message = await messageOf(
      JOE,
      SUPPORT,
      'X-Desk-Customer-Email: a@example.com',
      'X-Desk-Interaction-Direction: out',
      '',
      'x',
    );
    expect(messageDirection(message, noDirectives(), setting).value).toBe('in');
    expect(messageCustomer(message, noDirectives(), 'in', setting)).toEqual({
      address: { name: 'Joe', address: 'joe@example.com' },
      ifKnown: undefined,
      isOwn: false,
      why: 'inbound: From',
    });
  });
});

describe('what the folder and the sender say', () => {
  const told = async (lines: string[], more: Partial<Setting> = {}) => {
    const message = await messageOf(...lines, '', 'x');
    const given = { ...setting, ...more };
    const direction = messageDirection(message, noDirectives(), given).value;
    return { direction, ...messageCustomer(message, noDirectives(), direction, given) };
  };
  const address = (value: string) => expect.objectContaining({ address: value });

  it.each<[name: string, lines: string[], more: Partial<Setting>, expected: object]>([
    [
      'a folder of sent mail is outbound',
      [JOE, 'To: maja@example.com'],
      { role: 'sent' },
      { direction: 'out', address: address('maja@example.com') },
    ],
    [
      'sent to ourselves: outbound, to nobody',
      [SHOP, SUPPORT],
      { role: 'sent' },
      { direction: 'out', address: undefined },
    ],
    [
      'From own, but forged, is inbound',
      [SHOP, 'To: joe@example.com'],
      { senderAuth: 'fail' },
      { direction: 'in' },
    ],
    [
      'From own and verified is outbound',
      [SHOP, 'To: joe@example.com'],
      { senderAuth: 'pass' },
      { direction: 'out', address: address('joe@example.com') },
    ],
    [
      'a contact form speaks for whom it names',
      ['From: www@lamps.example', 'Reply-To: noor@example.net', SUPPORT],
      {},
      { address: address('noor@example.net'), ifKnown: undefined },
    ],
    [
      'a forged contact form only claims it',
      ['From: www@lamps.example', 'Reply-To: noor@example.net', SUPPORT],
      { senderAuth: 'fail' },
      { address: address('noor@example.net'), ifKnown: { address: address('www@lamps.example') } },
    ],
    [
      'a stranger who names another in Reply-To only claims it',
      ['From: eve@e.example', 'Reply-To: joe@example.com', SUPPORT],
      {},
      { address: address('joe@example.com'), ifKnown: { address: address('eve@e.example') } },
    ],
    [
      'Reply-To with the address of From is no claim',
      [JOE, 'Reply-To: JOE@Example.com', SUPPORT],
      {},
      { ifKnown: undefined },
    ],
    [
      'a Reply-To without From has nobody to fall back on',
      ['Reply-To: joe@example.com', SUPPORT],
      {},
      { address: address('joe@example.com'), ifKnown: { address: undefined } },
    ],
    [
      'through an own list',
      ['From: help@group.example', 'X-Original-From: joe@example.com', SUPPORT],
      {},
      { address: address('joe@example.com'), ifKnown: undefined },
    ],
    [
      'a forged own list counts for nothing',
      ['From: help@group.example', 'X-Original-From: joe@example.com', SUPPORT],
      { senderAuth: 'fail' },
      {
        address: address('help@group.example'),
        why: 'inbound: From, though it is known to be forged',
      },
    ],
  ])('%s', async (_, lines, more, expected) => {
    expect(await told(lines, more)).toMatchObject(expected);
  });
});

it('through an own list that puts itself into From, with somebody else in Cc: inbound, and the writer is the customer', async () => {
  const lines = [
    'From: help@group.example',
    'X-Original-From: joe@example.com',
    SUPPORT,
    'Cc: maja@example.com',
  ];
  const message = await messageOf(...lines, '', 'x');
  expect(messageDirection(message, noDirectives(), setting).value).toBe('in');
  expect(messageCustomer(message, noDirectives(), 'in', setting).address?.address).toBe('joe@example.com');
});

describe('who takes part', () => {
  it.each<[name: string, lines: string[], expected: object]>([
    [
      'sender and recipients, without our own',
      [JOE, 'To: shop@lamps.example, Maja@Example.com', 'Cc: b@b.example'],
      { sender: 'joe@example.com', isFromOwn: false, recipients: ['maja@example.com', 'b@b.example'] },
    ],
    [
      'our own people are none',
      [SHOP, 'To: joe@example.com'],
      { sender: undefined, isFromOwn: true, recipients: ['joe@example.com'] },
    ],
    [
      'mail systems are none',
      ['From: MAILER-DAEMON@mx.example', 'To: postmaster@x.example'],
      { sender: undefined, isFromOwn: false, recipients: [] },
    ],
    [
      'what wrote itself addresses nobody',
      [JOE, 'To: maja@example.com', 'Auto-Submitted: auto-replied'],
      { sender: 'joe@example.com', recipients: [] },
    ],
    [
      'each once, by the key of the address',
      [JOE, 'To: ä@bücher.example, Ä@xn--bcher-kva.example'],
      { recipients: ['ä@xn--bcher-kva.example'] },
    ],
  ])('%s', async (_, lines, expected) => {
    expect(messageParties(await messageOf(...lines, '', 'x'), setting)).toMatchObject(expected);
  });

  it('of thousands of recipients, the first thousand', async () => {
    const to = Array.from({ length: 1500 }, (_, i) => `c${i}@example.com`).join(',\r\n ');
    const { recipients } = messageParties(await messageOf(SHOP, `To: ${to}`, '', 'x'), setting);
    expect(recipients).toHaveLength(1000);
    expect(recipients[999]).toBe('c999@example.com');
  });
});

describe('own lists', () => {
  it.each([
    [
      'own, by List-Post',
      ['List-Id: <x.groups.example>', 'List-Post: <https://x>, <mailto:Help@group.example?a=b>'],
      'mail',
    ],
    ['own address, by List-Id', ['List-Id: Help <help.group.example>'], 'mail'],
    ['own domain, by List-Id', ['List-Id: <support.lamps.example>'], 'mail'],
    ['own domain, dots in the local part', ['List-Id: <customer.support.lamps.example>'], 'mail'],
    ['own, with Precedence too', ['Precedence: list', 'List-Id: <support.lamps.example>'], 'mail'],
    ["another's", ['List-Id: <dev.project.example>'], 'list'],
    ["another's of an own domain", ['List-Id: <dev.group.example>'], 'list'],
    ["another's that begins alike", ['List-Id: <support.lamps.example.evil.example>'], 'list'],
    [
      "another's by List-Post",
      ['List-Id: <support.lamps.example>', 'List-Post: <mailto:dev@project.example>'],
      'list',
    ],
    ['Precedence alone', ['Precedence: list'], 'list'],
    ['no list', ['List-Post: <mailto:support@lamps.example>'], 'mail'],
    [
      'automatic reply through an own list',
      ['List-Id: <support.lamps.example>', 'X-Autoreply: yes'],
      'auto_reply',
    ],
    ['a List-Id of a thousand labels', [`List-Id: <${'a.'.repeat(1000)}support.lamps.example>`], 'mail'],
  ])('%s: %s', async (_, lines, kind) => {
    expect(interactionKind(await messageOf(...lines, '', 'x'), isOwn).value).toBe(kind);
  });
});
