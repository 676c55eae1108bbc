import type { Directives, ListChange } from '../rules/directives.ts';
import { MAX_CUSTOM_FIELDS, MAX_TEXT_CHARACTERS } from '../rules/limits.ts';
import { refuse } from './directives.ts';

type Fields = Readonly<Record<string, string>>;

/** Adds a custom field; a key that a stranger chose (`__proto__`) is a field like any other. */
export function withField(fields: Fields, key: string, value: string): Record<string, string> {
  return Object.fromEntries([...Object.entries(fields).filter(([name]) => name !== key), [key, value]]);
}

/** Takes a custom field away. */
export function withoutField(fields: Fields, key: string): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
}

/** One custom field that changes. */
export interface FieldChange {
  readonly key: string;
  readonly old: string | null;
  /** Null where it goes. */
  readonly value: string | null;
}

/**
 * What a message's headers and rules change in the custom fields of its customer or case. What cannot be is noted as
 * refused.
 *
 * @param mayReplace false where only what is empty may be filled, and lists only become longer
 * @param tooMany why a field more cannot be set where there are too many
 */
export function changesOfCustomFields(
  owner: 'customer' | 'case',
  fields: Fields,
  directives: Directives,
  mayReplace: boolean,
  tooMany: string,
): FieldChange[] {
  const changes: FieldChange[] = [];
  let count = Object.keys(fields).length;
  for (const key of keysOf(owner, directives)) {
    const old = Object.hasOwn(fields, key) ? (fields[key] ?? null) : null;
    const value = wantedValue(owner, key, old, directives, mayReplace);
    if (value === old || value === undefined) continue;
    if (value !== null && value.length > MAX_TEXT_CHARACTERS) {
      refuse(directives, `${owner}.custom_fields.${key}`, 'the list would be too long');
      continue;
    }
    if (old === null && count >= MAX_CUSTOM_FIELDS) {
      refuse(directives, `${owner}.custom_fields.${key}`, tooMany);
      continue;
    }
    if (old === null) count += 1;
    if (value === null) count -= 1;
    changes.push({ key, old, value });
  }
  return changes;
}

/** The custom fields that directives are about. */
function keysOf(owner: 'customer' | 'case', { byRules, ...directives }: Directives): Iterable<string> {
  const start = `${owner}.custom_fields.`;
  const named = [...(byRules?.cleared ?? []), ...(byRules?.lists.keys() ?? [])]
    .filter((name) => name.startsWith(start))
    .map((name) => name.slice(start.length));
  return new Set([...directives[owner].custom_fields.keys(), ...named]);
}

/** @returns null where the field is to go, undefined where it stays */
function wantedValue(
  owner: 'customer' | 'case',
  key: string,
  old: string | null,
  { byRules, ...directives }: Directives,
  mayReplace: boolean,
): string | null | undefined {
  const name = `${owner}.custom_fields.${key}`;
  const cleared = byRules?.cleared.has(name) ? null : undefined;
  const set = directives[owner].custom_fields.get(key) ?? cleared;
  const before = set !== undefined && (mayReplace || old === null) ? set : old;
  const list = byRules?.lists.get(name);
  return list === undefined ? before : changedList(before, list, mayReplace);
}

/** A comma-separated list with what comes to it and without what goes. */
function changedList(
  list: string | null,
  { added, removed }: ListChange,
  mayReplace: boolean,
): string | null {
  const items = (list ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const kept = mayReplace ? items.filter((item) => !removed.includes(item)) : items;
  const missing = added.filter((item) => !kept.includes(item));
  if (missing.length === 0 && kept.length === items.length) return list;
  return [...kept, ...missing].join(', ') || null;
}
