import type { HeaderField, Headers } from '../message/headers.ts';
import { DESK_HEADERS } from './desk-headers.ts';
import { type Directives, noDirectives } from './directives.ts';
import { folding } from './facts.ts';
import { findTarget, isCustom, isList, isText, keyRefusal, setField, type Target } from './fields.ts';
import type { HeaderEntry, MappingConfig } from './header-entry.ts';
import { MAX_LABELS_OF_MAIL } from './limits.ts';
import { asField, labelReader, READERS, type Reader, type ReaderName, TOO_MANY_LABELS } from './readers.ts';

/** Which headers are mapped. */
export interface HeaderMapping {
  /** Whether a header (lower case name) is mapped to a field. */
  isMapped(key: string): boolean;
  /** Whether a header (lower case name) is read as an address. */
  isAddress(key: string): boolean;
  /** Whether the headers of a message name its customer by an address, and its case by an external id. */
  named(headers: Headers): { readonly customer: boolean; readonly supportCase: boolean };
  /**
   * All header fields that are instructions, in message order: those that are mapped, and whatever else has the prefix,
   * for it is meant as one. Empty ones too.
   */
  carried(headers: Headers): readonly HeaderField[];
  /** Reads all of them into directives, with what was refused and why. */
  read(headers: Headers): Directives;
}

/** An entry made ready. Where several set one field of a mail, the one with the lowest rank does. */
interface Row {
  readonly header: string;
  readonly rank: number;
  readonly isDesk: boolean;
  readonly reader: Reader<unknown>;
  /** What a header of this name sets, whatever stands for its `*`. */
  readonly targetFor: (key: string) => Target | undefined;
  readonly isAddress: boolean;
}

type Outcome = { value: string; note?: string | undefined } | { refused: string };

/**
 * Builds the mapping.
 *
 * @param except headers (lower case) that are never mapped ones, though they may have the prefix: a shared secret
 */
export function headerMapping(
  { prefix, desk = true, map = [] }: MappingConfig,
  except: readonly string[] = [],
): HeaderMapping {
  const own = new Set(map.map(({ header }) => header));
  const deskEntries = desk ? DESK_HEADERS.map((each) => ({ ...each, header: prefix + each.header })) : [];
  const rows = [
    ...map.map((entry, rank) => rowOf(entry, rank, false)),
    ...deskEntries.filter(({ header }) => !own.has(header)).map((entry) => rowOf(entry, map.length, true)),
  ];
  const find = finder(rows, new Set(except));
  const isOurs = (key: string) => (desk && key.startsWith(prefix)) || find(key).length > 0;
  const carried = (headers: Headers) =>
    headers.fields.filter(({ key }) => !except.includes(key) && isOurs(key));
  return {
    isMapped: (key) => find(key).length > 0,
    isAddress: (key) => find(key).some(({ isAddress }) => isAddress),
    carried,
    named: (headers) => {
      const { customer, case: supportCase } = readAll(carried(headers), find, map.length);
      return {
        customer: customer.address !== undefined,
        supportCase: supportCase.external_id !== undefined,
      };
    },
    read: (headers) => readAll(carried(headers), find, map.length),
  };
}

function rowOf(entry: HeaderEntry, rank: number, isDesk: boolean): Row {
  const { header, sets } = entry;
  const reader = readerOf(entry);
  const isWild = header.endsWith('*');
  const start = header.slice(0, isWild ? -1 : undefined);
  const fixed = isWild ? undefined : findTarget(sets);
  return {
    ...{ header, rank, isDesk },
    reader: mapped(reader.read, entry.values),
    targetFor: (key) => fixed ?? findTarget(sets.replace('*', () => key.slice(start.length))),
    isAddress: reader.name === 'address',
  };
}

function readerOf({ sets, reader, separator }: HeaderEntry): { name: ReaderName; read: Reader<unknown> } {
  const field = findTarget(sets.replace(/\*$/, 'key'))?.field;
  const name = reader ?? field?.reader ?? 'text';
  if (name === 'labels' && separator !== undefined) return { name, read: labelReader(separator) };
  return { name, read: READERS[name] };
}

/** Puts our words in the place of the header's, which compare without case. */
function mapped(read: Reader<unknown>, values: HeaderEntry['values']): Reader<unknown> {
  if (values === undefined) return read;
  const ours = new Map(Object.entries(values).map(([word, value]) => [folding.whole(word), value]));
  return (field) => {
    const value = ours.get(folding.whole(field.value));
    return read(value === undefined ? field : asField(value));
  };
}

/** Finds the rows of a name: those that name it, else those with a `*`, of which the longest is meant. */
function finder(rows: readonly Row[], except: ReadonlySet<string>): (key: string) => readonly Row[] {
  const exact = new Map<string, Row[]>();
  const wild = new Map<string, Row[]>();
  for (const row of rows) {
    const isWild = row.header.endsWith('*');
    const [list, name] = isWild ? [wild, row.header.slice(0, -1)] : [exact, row.header];
    list.set(name, [...(list.get(name) ?? []), row]);
  }
  const starts = [...wild].sort(([a], [b]) => b.length - a.length);
  const isOf = (key: string, start: string) => key.startsWith(start) && key.length > start.length;
  return (key) => {
    if (except.has(key)) return [];
    return exact.get(key) ?? starts.find(([start]) => isOf(key, start))?.[1] ?? [];
  };
}

/** Reads header fields in the order of their rows' ranks, those of one rank in message order. */
function readAll(
  fields: readonly HeaderField[],
  find: (key: string) => readonly Row[],
  lastRank: number,
): Directives {
  const directives = noDirectives();
  const seen = new Set<string>();
  /** What sets each field that one header alone can set. */
  const setters = new Map<string, string>();
  // An empty body is as if the header were absent, so it does not count as the first of its name either.
  const steps = fields
    .filter(({ value }) => value !== '')
    .flatMap((field): { field: HeaderField; row: Row | undefined }[] => {
      const rows = find(field.key);
      return rows.length === 0 ? [{ field, row: undefined }] : rows.map((row) => ({ field, row }));
    })
    .sort((a, b) => (a.row?.rank ?? lastRank) - (b.row?.rank ?? lastRank));
  for (const { field, row } of steps) {
    const { key: by, value } = field;
    const target = row?.targetFor(by);
    const place = `${row?.rank} ${by}`;
    const isRepeated = seen.has(place) && !(target && isList(target.field));
    seen.add(place);
    const outcome: Outcome =
      row === undefined || target === undefined
        ? { refused: 'no header of this name is mapped to a field' }
        : isRepeated
          ? { refused: 'repeated: the first one counts' }
          : apply(directives, row, target, field, setters);
    if ('refused' in outcome) {
      directives.refused.push({ by, value, reason: outcome.refused });
      continue;
    }
    directives.applied.push({ by, field: target?.name ?? '', value: outcome.value });
    if (outcome.note !== undefined) directives.refused.push({ by, value, reason: outcome.note });
  }
  return directives;
}

function apply(
  directives: Directives,
  { reader, isDesk }: Row,
  target: Target,
  field: HeaderField,
  setters: Map<string, string>,
): Outcome {
  const before = setters.get(target.name);
  if (before !== undefined) return { refused: `${before} sets ${target.name} already` };
  // Desk's own keys have none.
  if (isDesk && target.key.includes('_')) return { refused: 'its key has an underscore' };
  const refused = keyRefusal(target, directives);
  if (refused !== undefined) return { refused };
  if (isList(target.field) && directives.case.labels.length === MAX_LABELS_OF_MAIL) {
    return { refused: TOO_MANY_LABELS };
  }
  const reading = reader(field);
  if ('refused' in reading) return reading;
  if (isList(target.field)) {
    const { taken, note } = addLabels(directives, reading.value as string[]);
    return { value: printed(taken), note: reading.note ?? note };
  } else {
    const isPlain = isText(target.field) || isCustom(target.field);
    setField(directives, target, isPlain ? printed(reading.value) : reading.value);
    setters.set(target.name, field.key);
  }
  return { value: printed(reading.value), note: reading.note };
}

/** Labels of several headers are one list, which is bounded as a whole. */
export function addLabels(
  directives: Directives,
  labels: readonly string[],
): { readonly taken: readonly string[]; readonly note?: string } {
  const all = new Set([...directives.case.labels, ...labels]);
  directives.case.labels = [...all].slice(0, MAX_LABELS_OF_MAIL);
  const taken = labels.filter((label) => directives.case.labels.includes(label));
  return taken.length === labels.length ? { taken } : { taken, note: TOO_MANY_LABELS };
}

/** A value as people read it. */
export function printed(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object' && value !== null && 'address' in value) return String(value.address);
  return String(value);
}
