import { KINDS } from '../message/kind.ts';
import { DIRECTIONS, STATUSES } from '../rules/directives.ts';
import { FIELD_NAMES, findTarget, isCustom, isText, type Target } from '../rules/fields.ts';
import { asField, READERS, type ReaderName, type Reading } from '../rules/readers.ts';
import type { Template } from '../rules/template.ts';
import { nearest } from './nearest.ts';
import type { Complaint } from './problems.ts';

/* Names of fields and their values, as headers and rules name them. */

/** What is wrong with the name of a field, if anything. */
export function unknownField(name: string): Complaint | undefined {
  if (findTarget(name)) return undefined;
  if (FIELD_NAMES.includes(name)) {
    return { message: 'a `*` in place of a key', cure: `write the key: \`${name.replace('*', 'tier')}\`` };
  }
  const message = 'no field of this name';
  const below = fieldBelow(name);
  if (below !== undefined) return { message, cure: `write each field by its whole name, e.g. \`${below}\`` };
  const similar = fieldCalled(name) ?? nearestCustom(name) ?? nearest(name, FIELD_NAMES);
  if (similar !== undefined) return { message, cure: `did you mean \`${similar}\`?` };
  const ofOwner = FIELD_NAMES.filter((each) => each.split('.')[0] === name.split('.')[0]);
  return { message, cure: `use one of ${(ofOwner.length > 0 ? ofOwner : FIELD_NAMES).join(', ')}` };
}

/** A field whose name goes on after that: `case` is none, and `case.status` is one. */
export function fieldBelow(name: string): string | undefined {
  return FIELD_NAMES.find((each) => each.startsWith(`${name}.`))?.replace('*', 'tier');
}

/** The field of a name, whole or without its owner: `case.status` of both. */
export function fieldCalled(name: string): string | undefined {
  return findTarget(name)?.name ?? FIELD_NAMES.find((each) => each.endsWith(`.${name}`));
}

/** `case.customfields.tier`: the key is the operator's own, and what stands before it is misspelt. */
function nearestCustom(name: string): string | undefined {
  const [owner, fields, ...key] = name.split('.');
  if (owner === undefined || fields === undefined || key.length === 0) return undefined;
  const start = nearest(`${owner}.${fields}`, ['customer.custom_fields', 'case.custom_fields']);
  return start === undefined ? undefined : `${start}.${key.join('.')}`;
}

/** What is wrong with a value that a field is to have, if anything. */
export function wrongValue(
  { name, field }: Target,
  value: string,
  reader: ReaderName = field.reader,
): Complaint | undefined {
  const reading: Reading<unknown> = READERS[reader](asField(value));
  const reason = 'refused' in reading ? reading.refused : reading.note;
  if (reason === undefined) return undefined;
  const similar = nearest(value, CHOICES[reader] ?? []);
  const cure = similar === undefined ? 'correct the value' : `did you mean \`${similar}\`?`;
  return { message: `not a value of ${name}: ${reason}`, cure };
}

/** What those readers take that take one of a few words. */
const CHOICES: Readonly<Partial<Record<ReaderName, readonly string[]>>> = {
  status: STATUSES,
  direction: DIRECTIONS,
  kind: KINDS,
};

/** What is wrong with a value with groups in it that a field is to have: one of a few words that it can never be. */
export function wrongForm({ name, field }: Target, { couldBe }: Template): Complaint | undefined {
  const choices = CHOICES[field.reader];
  if (choices === undefined || choices.some(couldBe)) return undefined;
  return {
    message: `no value of ${name}, whatever its groups hold: it is one of ${choices.join(', ')}`,
    cure: 'write one of them, or a rule of its own for each that the pattern can hold',
  };
}

/** Whether what a reader reads can be kept in a field: a text takes all. */
export function fits(reader: ReaderName, { field }: Target): boolean {
  return reader === field.reader || isText(field) || isCustom(field);
}
