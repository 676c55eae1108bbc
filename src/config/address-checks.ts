import { isUsableAddress } from '../message/addresses.ts';
import { folding } from '../rules/facts.ts';
import type { Condition, Part } from '../rules/rule.ts';
import type { Complaint, Say } from './problems.ts';

/** Parts that are addresses, without the names beside them; and how those are looked at. */
const ADDRESSES: Readonly<Partial<Record<Part, string>>> = {
  from: '`part: from_name`',
  reply_to: '`header: Reply-To`',
  to: '`header: To`',
  cc: '`header: Cc`',
  recipient: '`header: To` and `header: Cc`',
  return_path: '`header: Return-Path`',
  delivered_to: '`header: Delivered-To`',
};

/** Parts that stand between angle brackets in the mail, and are taken out of them. */
const BRACKETED: readonly Part[] = ['message_id', 'list_id'];

/** Says where a text is compared with a part that can never be so: a name with an address, an id with its brackets. */
export function checkComparedTexts(condition: Condition, path: (string | number)[], say: Say): void {
  const { part, equals, one_of, starts_with, ends_with, contains } = condition;
  if (part === undefined) return;
  const wholes = [
    ...(equals === undefined ? [] : [{ text: equals, below: ['equals'] }]),
    ...(one_of ?? []).map((text, index) => ({ text, below: ['one_of', index] })),
  ];
  for (const { text, below } of wholes) {
    const complaint = wrongWhole(part, folding.whole(text));
    if (complaint) say(complaint, [...path, ...below]);
  }
  const names = ADDRESSES[part];
  if (names === undefined) return;
  for (const [name, text] of [
    ['starts_with', starts_with?.trimStart()],
    ['ends_with', ends_with?.trimEnd()],
    ['contains', contains],
  ] as const) {
    if (text === undefined || !/[\s<>]/.test(text)) continue;
    const message = 'never holds: an address has neither white space nor angle brackets';
    say({ message, cure: `write what the address has; names beside addresses are in ${names}` }, [
      ...path,
      name,
    ]);
  }
}

function wrongWhole(part: Part, text: string): Complaint | undefined {
  // What is empty is said already.
  if (text === '') return undefined;
  const names = ADDRESSES[part];
  if (names === undefined) {
    if (!BRACKETED.includes(part) || !/^<[^<>]*>$/.test(text)) return undefined;
    return { message: 'never holds: it is compared without angle brackets', cure: 'take the brackets out' };
  }
  if (isUsableAddress(text)) return undefined;
  const message = 'never holds: it is no address, which is all that is compared here';
  if (text === '<>') return { message, cure: 'write `exists: false` for an empty one' };
  if (/^@?[^\s@<>"]+$/.test(text) && text.includes('.')) {
    return { message, cure: 'write `ends_with: "@example.com"` for the addresses of a domain' };
  }
  return {
    message,
    cure: `write the address alone, e.g. \`joe@example.com\`; names beside addresses are in ${names}`,
  };
}
