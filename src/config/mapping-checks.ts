import type { z } from 'zod';
import { folding } from '../rules/facts.ts';
import { findTarget, type Target } from '../rules/fields.ts';
import { READER_NAMES, type ReaderName } from '../rules/readers.ts';
import { fits, unknownField, wrongValue } from './field-checks.ts';
import { complain, optionOf } from './fields.ts';
import type { Complaint } from './problems.ts';

/** Looks at what the entries of `headers.map` say together, and at their values. */
export function checkMapping(section: unknown, context: z.RefinementCtx): void {
  const map = optionOf(optionOf(section, 'headers'), 'map');
  const seen = new Map<string, number>();
  const secrets = secretHeaders(section);
  for (const [index, entry] of (Array.isArray(map) ? map : []).entries()) {
    const path = ['headers', 'map', index];
    const [header, sets] = [optionOf(entry, 'header'), optionOf(entry, 'sets')];
    if (typeof header === 'string' && secrets.includes(header)) {
      complain(
        context,
        { message: 'the header field of a secret or a signature (`trust`)', cure: 'map another one' },
        [...path, 'header'],
      );
    }
    if (typeof sets !== 'string') continue;
    const same = `${header} ${sets}`;
    const before = seen.get(same);
    if (before !== undefined && typeof header === 'string') {
      const message = `says the same as headers.map[${before}]`;
      complain(context, { message, cure: 'take one of the two out' }, [...path, 'header']);
    }
    seen.set(same, index);
    const target = targetOf(header, sets, path, context);
    if (target) checkReading(entry, target, path, context);
  }
}

function targetOf(
  header: unknown,
  sets: string,
  path: (string | number)[],
  context: z.RefinementCtx,
): Target | undefined {
  const isWild = typeof header === 'string' && header.endsWith('*');
  const isKeyed = sets.endsWith('.custom_fields.*');
  if (isWild && !isKeyed) {
    complain(context, MANY_NAMES, [...path, 'sets']);
    return undefined;
  }
  const complaint = unknownField(isKeyed ? sets.replace(/\*$/, 'key') : sets);
  if (complaint) {
    complain(context, complaint, [...path, 'sets']);
    return undefined;
  }
  if (typeof header === 'string' && isKeyed && !isWild) complain(context, NO_KEY, [...path, 'sets']);
  return findTarget(isKeyed ? sets.replace(/\*$/, 'key') : sets);
}

const MANY_NAMES: Complaint = {
  message: 'one field for header fields of many names (`*`)',
  cure: 'write `case.custom_fields.*` or `customer.custom_fields.*`; the `*` is the key',
};

const NO_KEY: Complaint = {
  message: 'a `*` for the key, and the header field has none',
  cure: 'put a `*` at the end of `header`, or name the custom field',
};

function checkReading(
  entry: unknown,
  target: Target,
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  const [given, separator, values] = ['reader', 'separator', 'values'].map((name) => optionOf(entry, name));
  const reader = READER_NAMES.find((name) => name === given) ?? target.field.reader;
  if (!fits(reader, target)) {
    const message = `cannot be kept in ${target.name}, which is read by \`${target.field.reader}\``;
    complain(context, { message, cure: 'take it out, or set a custom field' }, [...path, 'reader']);
    return;
  }
  if (separator !== undefined && reader !== 'labels') {
    complain(context, { message: 'is for labels alone', cure: 'take it out' }, [...path, 'separator']);
  }
  if (typeof values === 'object' && values !== null && !Array.isArray(values))
    checkValues(values, target, reader, path, context);
}

function checkValues(
  values: object,
  target: Target,
  reader: ReaderName,
  path: (string | number)[],
  context: z.RefinementCtx,
): void {
  const words = new Map<string, string>();
  for (const [word, value] of Object.entries(values)) {
    const key = folding.whole(word);
    if (words.has(key)) {
      const message = 'the same word as another here: upper and lower case are the same';
      complain(context, { message, cure: 'take one of the two out' }, [...path, 'values', word]);
    }
    words.set(key, word);
    if (typeof value !== 'string' || value.trim() === '') continue;
    const complaint = wrongValue(target, value, reader);
    if (complaint) complain(context, complaint, [...path, 'values', word]);
  }
}

/** Header fields that say whether instructions count, and so are none themselves. */
function secretHeaders(section: unknown): unknown[] {
  const mailboxes = optionOf(section, 'mailboxes');
  return (Array.isArray(mailboxes) ? mailboxes : []).flatMap((mailbox: unknown) =>
    ['secret', 'hmac'].map((way) => optionOf(optionOf(optionOf(mailbox, 'trust'), way), 'header')),
  );
}
