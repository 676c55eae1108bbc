import { byteLength } from '../message/text.ts';
import type { Directives } from './directives.ts';
import { MAX_CUSTOM_FIELDS_OF_MAIL, MAX_KEY_BYTES } from './limits.ts';
import type { ReaderName } from './readers.ts';

/** Whose fields can be set. */
type Owner = 'customer' | 'case' | 'interaction';

/** A field that a header or a rule can set. */
export interface Field {
  /** `case.status`; `case.custom_fields.*` stands for all of them. */
  readonly name: string;
  readonly owner: Owner;
  /** Its name in Directives. */
  readonly property: string;
  /** How its values are read where nothing else is said. */
  readonly reader: ReaderName;
  /** Whether it can have no value, and so be cleared. */
  readonly canBeEmpty: boolean;
}

/** One field of one customer, case or interaction. */
export interface Target {
  /** As in Applied: `case.custom_fields.tier`. */
  readonly name: string;
  readonly field: Field;
  /** Which custom field; '' for any other field. */
  readonly key: string;
}

const CUSTOM = 'custom_fields';

/** Every field that can be set: by the owner, the name, how it is read, and whether it can be empty. */
const TABLE: readonly [owner: Owner, name: string, reader: ReaderName, canBeEmpty: boolean][] = [
  ['customer', 'email', 'address', false],
  ['customer', 'external_id', 'identifier', false],
  ['customer', 'first_name', 'text', true],
  ['customer', 'last_name', 'text', true],
  ['customer', 'company', 'text', true],
  ['customer', 'phone', 'text', true],
  ['customer', 'language', 'language', true],
  ['customer', `${CUSTOM}.*`, 'text', true],
  ['case', 'external_id', 'identifier', false],
  ['case', 'status', 'status', false],
  ['case', 'priority', 'priority', true],
  ['case', 'subject', 'text', true],
  ['case', 'language', 'language', true],
  ['case', 'labels', 'labels', true],
  ['case', `${CUSTOM}.*`, 'text', true],
  ['interaction', 'direction', 'direction', false],
  ['interaction', 'kind', 'kind', false],
  ['interaction', 'ip_address', 'ip_address', true],
  ['interaction', 'latitude', 'latitude', true],
  ['interaction', 'longitude', 'longitude', true],
  ['interaction', 'city', 'text', true],
  ['interaction', 'region', 'text', true],
  ['interaction', 'country_code', 'country', true],
  ['interaction', 'user_agent', 'text', true],
];

/** All fields by their names. */
const FIELDS: ReadonlyMap<string, Field> = new Map(
  TABLE.map(([owner, name, reader, canBeEmpty]) => [
    `${owner}.${name}`,
    { name: `${owner}.${name}`, owner, reader, canBeEmpty, property: propertyOf(name) },
  ]),
);

/** What operators write, custom fields as `case.custom_fields.*`. */
export const FIELD_NAMES: readonly string[] = [...FIELDS.keys()];

function propertyOf(name: string): string {
  // The customer's address has its name with it, and so another name of its own.
  return name === 'email' ? 'address' : name.replace('.*', '');
}

export function isCustom({ property }: Field): boolean {
  return property === CUSTOM;
}

/** Whether it is a list, to which several values are added. */
export function isList({ reader }: Field): boolean {
  return reader === 'labels';
}

/** Whether its values are plain texts, as which every reader's can be written. */
export function isText({ reader }: Field): boolean {
  return reader === 'text' || reader === 'identifier';
}

/** The field of a name, custom fields by their key, which is kept in lower case. */
export function findTarget(name: string): Target | undefined {
  const plain = FIELDS.get(name);
  if (plain && !isCustom(plain)) return { name, field: plain, key: '' };
  const [, owner, written] = /^(customer|case)\.custom_fields\.(.+)$/su.exec(name) ?? [];
  const field = FIELDS.get(`${owner}.${CUSTOM}.*`);
  if (field === undefined || written === undefined || written === '*') return undefined;
  const key = written.toLowerCase();
  return { name: `${owner}.${CUSTOM}.${key}`, field, key };
}

/** Why a custom field of this key cannot be set, if it cannot. */
export function keyRefusal({ field, key }: Target, directives: Directives): string | undefined {
  if (!isCustom(field)) return undefined;
  if (byteLength(key) > MAX_KEY_BYTES) return `its key is longer than ${MAX_KEY_BYTES} bytes`;
  const fields = customFields(directives, field);
  return fields.has(key) || fields.size < MAX_CUSTOM_FIELDS_OF_MAIL
    ? undefined
    : `the first ${MAX_CUSTOM_FIELDS_OF_MAIL} custom fields of a ${field.owner} in a mail count`;
}

/** Sets a field. @param value as the field's own reader reads it */
export function setField(directives: Directives, { field, key }: Target, value: unknown): void {
  if (isCustom(field)) customFields(directives, field).set(key, String(value));
  else propertiesOf(directives, field)[field.property] = value;
}

/** Forgets what was to be set of a field. */
export function unsetField(directives: Directives, { field, key }: Target): void {
  if (isCustom(field)) customFields(directives, field).delete(key);
  else if (isList(field)) propertiesOf(directives, field)[field.property] = [];
  else delete propertiesOf(directives, field)[field.property];
}

function customFields(directives: Directives, { owner }: Field): Map<string, string> {
  return directives[owner === 'customer' ? 'customer' : 'case'].custom_fields;
}

/** The table above says which properties there are, and its readers what they hold. */
function propertiesOf(directives: Directives, { owner }: Field): Record<string, unknown> {
  return directives[owner];
}
