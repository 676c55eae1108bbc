/** A field's value as events keep it. */
export type Value = string | null;

export interface FieldChange {
  readonly field: string;
  readonly old: Value;
  readonly new: Value;
}

/** Whose field it is. */
export interface Subject {
  readonly of: 'case' | 'customer' | 'interaction';
  /** Null: a new one, which a dry run does not make. */
  readonly id: number | null;
}

/** What goes from one case or customer to another. */
export interface Gain {
  readonly gained: 'interactions' | 'participants' | 'addresses' | 'cases';
  readonly count: number;
  /** The id of the case or customer that had it. */
  readonly from: number;
}

/** One thing that an act changes, as it is told. */
export type Change = Subject & (FieldChange | Gain);

/** What differs between two versions of a row: the fields named, and each custom field. */
export function differences<Row extends { readonly custom_fields: Record<string, string> }>(
  before: Row,
  after: Row,
  fields: readonly (keyof Row & string)[],
): FieldChange[] {
  const named = fields.map((field) => ({ field, old: asText(before[field]), new: asText(after[field]) }));
  const keys = new Set([...Object.keys(before.custom_fields), ...Object.keys(after.custom_fields)]);
  const custom = [...keys].map((key) => ({
    field: `custom_fields.${key}`,
    old: ownValue(before.custom_fields, key),
    new: ownValue(after.custom_fields, key),
  }));
  return [...named, ...custom].filter((each) => each.old !== each.new);
}

function asText(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.join(', ') || null;
  return String(value);
}

/** A key may be one that every object has (`constructor`). */
function ownValue(fields: Record<string, string>, key: string): Value {
  return Object.hasOwn(fields, key) ? (fields[key] ?? null) : null;
}

/** Adds the custom fields that are lacking. */
export function filled(fields: Record<string, string>, more: Record<string, string>): Record<string, string> {
  const lacking = Object.entries(more).filter(([key]) => !Object.hasOwn(fields, key));
  return Object.fromEntries([...Object.entries(fields), ...lacking]);
}
