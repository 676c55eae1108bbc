import { FIELD_NAMES, findTarget, isCustom, isText, type Target } from '../rules/fields.ts';
import { asField, READERS, type ReaderName, type Reading } from '../rules/readers.ts';
import { nearest } from './nearest.ts';
import type { Complaint } from './problems.ts';

/* Names of fields and their values, as headers and rules name them. */

/** What is wrong with the name of a field, if anything. */
export function unknownField(name: string): Complaint | undefined {
  if (findTarget(name)) return undefined;
  if (FIELD_NAMES.includes(name)) {
    return { message: 'a `*` in place of a key', cure: `write the key: \`${name.replace('*', 'tier')}\`` };
  }
  const short = FIELD_NAMES.filter((each) => each.endsWith(`.${name}`));
  const [similar] = short.length > 0 ? short : [nearestCustom(name) ?? nearest(name, FIELD_NAMES)];
  return {
    message: 'no field of this name',
    cure: similar === undefined ? `use one of ${FIELD_NAMES.join(', ')}` : `did you mean \`${similar}\`?`,
  };
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
  return reason === undefined
    ? undefined
    : { message: `not a value of ${name}: ${reason}`, cure: 'correct the value' };
}

/** Whether what a reader reads can be kept in a field: a text takes all. */
export function fits(reader: ReaderName, { field }: Target): boolean {
  return reader === field.reader || isText(field) || isCustom(field);
}
