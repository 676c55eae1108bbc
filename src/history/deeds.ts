import { listed, readableTime } from '../terminal/words.ts';
import type { CustomerEvent } from './customer.ts';
import { groupBy } from './rows.ts';

/** So many of the latest acts are shown, a line each. */
const SHOWN_ACTS = 5;

/** So many things that one act changed are named. */
const SHOWN_CHANGES = 5;

/** What people and replays did with a customer, by act: `['merged', 'customer 12 into this one, …, by Ann, 2026-11-24 13:00']`. */
export function deedsOf(events: readonly CustomerEvent[]): [name: string, what: string][] {
  const acts = [...groupBy(events, ({ at, actor }) => `${at.getTime()} ${actor}`).values()];
  const earlier = acts.length - SHOWN_ACTS;
  return [
    ...(earlier > 0 ? [['earlier', `${earlier} more by hand`] as [string, string]] : []),
    ...acts.slice(-SHOWN_ACTS).map(deedOf),
  ];
}

/** One act has one event for what it was, where it has a name, and one for each thing that changed by it. */
function deedOf(events: readonly CustomerEvent[]): [name: string, what: string] {
  const merged = events.find(({ field }) => field === 'merged');
  const changes = events.filter((event) => event !== merged).map(changeWords);
  const more = changes.length - SHOWN_CHANGES;
  const shown = [...changes.slice(0, SHOWN_CHANGES), ...(more > 0 ? [`${more} more`] : [])];
  const [first] = events;
  const by = first === undefined ? [] : [`by ${first.actor}`, readableTime(first.at)];
  if (first?.replayed) return ['replayed', [listed(shown), ...by, ...reasonsOf(events)].join(', ')];
  if (merged === undefined) return ['changed', [listed(shown), ...by].join(', ')];
  const gains = shown.length === 0 ? '' : ` with ${listed(shown)}`;
  return ['merged', [`customer ${merged.new} into this one${gains}`, ...by].join(', ')];
}

/** What a replay goes back to, once each: `replay: rule vip`. */
function reasonsOf(events: readonly CustomerEvent[]): string[] {
  return [...new Set(events.flatMap(({ reason }) => reason ?? []))];
}

/** `joe@home.example`, `company Lamps Ltd`, `phone +46 1 → +46 2` */
function changeWords({ field, old, new: value }: CustomerEvent): string {
  if (field === 'address' && old === null) return value ?? '';
  return `${field.replace(/^custom_fields\./, '')} ${old === null ? '' : `${old} → `}${value ?? 'nothing'}`;
}
