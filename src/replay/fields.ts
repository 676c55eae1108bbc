import { type ByRules, type Directives, type ListChange, setBy } from '../rules/directives.ts';
import { LABELS, type News } from './news.ts';

/** Why a field stays that a person has set. */
export const BY_PERSON = 'a person set it last';

/** Whose fields are set. */
type Owner = 'customer' | 'case';

/** A row with fields of that kind. */
interface Row {
  readonly custom_fields: Readonly<Record<string, string>>;
}

/** These say which customer or case it is, or have rules of their own. */
const NO_PLAIN_FIELDS = ['address', 'external_id', 'status', 'labels', 'custom_fields'];

/** The fields that are simply set, by their names in events: `priority`, `custom_fields.total` … */
export function* fieldsOf(section: Directives[Owner]): Generator<[field: string, value: string | number]> {
  for (const [name, value] of Object.entries(section) as [string, unknown][]) {
    if (NO_PLAIN_FIELDS.includes(name)) continue;
    if (typeof value === 'string' || typeof value === 'number') yield [name, value];
  }
  for (const [key, value] of section.custom_fields) yield [`custom_fields.${key}`, value];
}

/** The fields of an owner that are to have another value, or none; of labels, see ListSayable. */
export function fieldsSet(directives: Directives, owner: Owner): Set<string> {
  const values = [...fieldsOf(directives[owner])].map(([field]) => field);
  return new Set([...values, ...namesOf(directives.byRules?.cleared, owner)]);
}

/** The fields of an owner that directives do anything with, each once, without the owner. */
export function fieldsSaid({ applied }: Directives, owner: Owner): string[] {
  const start = `${owner}.`;
  const names = applied.map(({ field }) => field).filter((field) => field.startsWith(start));
  return [...new Set(names)].map((name) => name.slice(start.length));
}

/** What a row has in a field; null where it has nothing. A key may be one that every object has (`constructor`). */
export function fieldOf(row: Row, field: string): string | number | null {
  const key = /^custom_fields\.(.*)$/s.exec(field)?.[1];
  if (key === undefined) return (Reflect.get(row, field) as string | number | undefined) ?? null;
  return Object.hasOwn(row.custom_fields, key) ? (row.custom_fields[key] ?? null) : null;
}

/** What decides which of the things that a mail says count. */
export interface Sayable {
  readonly owner: Owner;
  /** What the fields have; undefined of one who is new. */
  readonly row: Row | undefined;
  /** Whether all that it says is new there, since the mail comes to another customer or case. */
  readonly isAnother: boolean;
  readonly news: News;
  /** Why a field stays as it is; undefined where it does not. */
  readonly whyStays: (field: string) => string | undefined;
}

/**
 * What directives set of a customer or a case, without what they have said before, and without what is not theirs to
 * change: that is refused in them. Labels stay out of it.
 */
export function sayable(
  directives: Directives,
  { owner, row, isAnother, news, whyStays }: Sayable,
): Directives {
  const { byRules } = directives;
  const section = directives[owner];
  const values = new Map(fieldsOf(section));
  const gone = new Set<string>();
  for (const field of fieldsSet(directives, owner)) {
    const name = `${owner}.${field}`;
    const isNew = isAnother ? setBy(directives, name) !== undefined : news.has(name);
    if (!isNew) gone.add(field);
    if (!isNew || row === undefined || fieldOf(row, field) === (values.get(field) ?? null)) continue;
    const reason = whyStays(field);
    if (reason === undefined) continue;
    gone.add(field);
    refuseAll(directives, name, reason);
  }
  const lists = new Map<string, ListChange>();
  for (const field of namesOf(byRules?.lists.keys(), owner)) {
    const name = `${owner}.${field}`;
    const change = byRules?.lists.get(name);
    if (change === undefined) continue;
    lists.set(
      name,
      newEntries(directives, change, {
        field: name,
        present: row === undefined ? [] : itemsIn(fieldOf(row, field)),
        isWhole: isAnother || (news.has(name) && !gone.has(field)),
        ...{ news, whyStays: row && whyStays(field) },
      }),
    );
  }
  return {
    ...directives,
    [owner]: without(section, gone),
    byRules: byRules && narrowed(byRules, owner, gone, lists),
  };
}

/** The entries of a comma-separated list. */
function itemsIn(list: string | number | null): string[] {
  return String(list ?? '')
    .split(',')
    .map((item) => item.trim());
}

/** The names of an owner's fields among these, without the owner. */
function namesOf(names: Iterable<string> = [], owner: Owner): string[] {
  const start = `${owner}.`;
  return [...names]
    .filter((name) => name.startsWith(start) && name !== LABELS)
    .map((name) => name.slice(start.length));
}

/** A list that entries come to, or go from. */
export interface ListSayable {
  /** As in Applied. */
  readonly field: string;
  /** What is in it. */
  readonly present: readonly string[];
  /** Whether all that is said of it is new. */
  readonly isWhole: boolean;
  readonly news: News;
  readonly whyStays: string | undefined;
}

/**
 * What comes to a list and goes from it, as far as that is new and changes anything. What a newer mail has said is not
 * taken away; to what a person has set, nothing comes either.
 */
export function newEntries(
  directives: Directives,
  { added, removed }: ListChange,
  { field, present, isWhole, news, whyStays }: ListSayable,
): ListChange {
  // What was refused before has no entry any more.
  if (setBy(directives, field) === undefined) return NO_CHANGE;
  const comes = (isWhole ? added : news.entries(field, 'added', added)).filter(
    (each) => !present.includes(each),
  );
  const goes = (isWhole ? removed : news.entries(field, 'removed', removed)).filter((each) =>
    present.includes(each),
  );
  if (whyStays === BY_PERSON && comes.length + goes.length > 0) {
    refuseAll(directives, field, BY_PERSON);
    return NO_CHANGE;
  }
  if (whyStays === undefined || goes.length === 0) return { added: comes, removed: goes };
  refuseAll(directives, field, whyStays, 'removed');
  return { added: comes, removed: [] };
}

const NO_CHANGE: ListChange = { added: [], removed: [] };

/** Refuses all that is said of a field. @param how only what does this with it */
export function refuseAll(
  { applied, refused }: Directives,
  field: string,
  reason: string,
  how?: 'removed',
): void {
  for (const each of applied.filter((each) => each.field === field && (how ?? each.how) === each.how)) {
    applied.splice(applied.indexOf(each), 1);
    refused.push({ ...each, reason });
  }
}

/** The same without some of the fields. */
function without(section: Directives[Owner], fields: ReadonlySet<string>) {
  const kept = Object.entries(section).filter(([name]) => !fields.has(name));
  const custom = [...section.custom_fields].filter(([key]) => !fields.has(`custom_fields.${key}`));
  return { ...Object.fromEntries(kept), custom_fields: new Map(custom) };
}

function narrowed(
  byRules: ByRules,
  owner: Owner,
  gone: ReadonlySet<string>,
  lists: ReadonlyMap<string, ListChange>,
): ByRules {
  const start = `${owner}.`;
  const stays = (name: string) => !(name.startsWith(start) && gone.has(name.slice(start.length)));
  return { ...byRules, cleared: new Set([...byRules.cleared].filter(stays)), lists: new Map(lists) };
}
