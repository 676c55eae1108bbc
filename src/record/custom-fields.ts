import { MAX_CUSTOM_FIELDS } from '../rules/limits.ts';

/** Adds a custom field; a key that a stranger chose (`__proto__`) is a field like any other. */
export function withField(
  fields: Record<string, string>,
  key: string,
  value: string,
): Record<string, string> {
  return Object.fromEntries([...Object.entries(fields).filter(([name]) => name !== key), [key, value]]);
}

/** Whether a field can be set: it is there, or the limit has not been reached. */
export function hasRoomFor(fields: Record<string, string>, key: string): boolean {
  return Object.hasOwn(fields, key) || Object.keys(fields).length < MAX_CUSTOM_FIELDS;
}
