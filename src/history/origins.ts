import type { Decided } from '../rules/directives.ts';
import { readableTime } from '../terminal/words.ts';
import type { CaseEvent, SupportCase } from './case-rows.ts';
import type { Directives } from './interactions.ts';
import type { Placed, Placement } from './placements.ts';

/** Where a field of a case has its value from. */
export interface Origin {
  /** As in case_events: `status`, `custom_fields.total` … */
  readonly field: string;
  /** What the case has now, in this field or, of the labels, in this part of it. */
  readonly value: string;
  /** When it came there; null where nothing tells. */
  readonly at: Date | null;
  /** The mail that brought it. */
  readonly interaction_id: number | null;
  /** The person who set it. */
  readonly actor: string | null;
  /** What it goes back to: a header, a rule of the daemon's; null where nothing tells. */
  readonly reason: string | null;
}

/** What is known of how a case came to be as it is. */
export interface Provenance {
  /** The last event of each field, and more of the labels, the oldest first. */
  readonly events: readonly CaseEvent[];
  /** The mail that the case began with. */
  readonly first:
    | {
        readonly id: number;
        readonly received_at: Date;
        readonly subject: string | null;
        readonly customer_id: number | null;
      }
    | undefined;
  /** By the mails' ids. */
  readonly directives: ReadonlyMap<number, Directives>;
}

const BEGAN_WITH_IT = 'the case began with it';
const NOTHING_TOLD = 'nothing recorded says so: perhaps it was set by SQL';

/** Where each field that has a value came from: its last event, else the mail that the case began with. */
export function originsOf(supportCase: SupportCase, provenance: Provenance): Origin[] {
  const { status, subject, priority, language, labels, custom_fields } = supportCase;
  const { customer_id, external_id, follow_up_of } = supportCase;
  const fields: [string, string | number | null][] = [
    ['status', status],
    ['customer_id', customer_id],
    ['external_id', external_id],
    ['subject', subject],
    ['priority', priority],
    ['language', language],
    ...Object.entries(custom_fields).map(([key, value]): [string, string] => [`custom_fields.${key}`, value]),
    ['follow_up_of', follow_up_of],
  ];
  const own = fields.flatMap(([field, value]) =>
    value === null ? [] : [originOf(field, String(value), provenance)],
  );
  return [...own, ...originsOfLabels(labels, provenance)];
}

function originOf(field: string, value: string, provenance: Provenance): Origin {
  const event = provenance.events.findLast((each) => each.field === field);
  if (event !== undefined && event.new === value) return byEvent(field, value, event, provenance);
  return event === undefined ? byFirst(field, value, provenance) : untold(field, value);
}

/** Labels are added one by one: each came by the last event that has it and did not have it before. */
function originsOfLabels(labels: readonly string[], provenance: Provenance): Origin[] {
  const events = provenance.events.filter(({ field }) => field === 'labels');
  const byCause = new Map<CaseEvent | undefined, string[]>();
  for (const label of labels) {
    const cause = events.findLast((event) => has(event.new, label) && !has(event.old, label));
    byCause.set(cause, [...(byCause.get(cause) ?? []), label]);
  }
  return [...byCause].map(([event, of]) =>
    event === undefined
      ? untold('labels', of.join(', '))
      : byEvent('labels', of.join(', '), event, provenance),
  );
}

function has(labels: string | null, label: string): boolean {
  return labels !== null && `, ${labels}, `.includes(`, ${label}, `);
}

function byEvent(field: string, value: string, event: CaseEvent, { directives }: Provenance): Origin {
  const { at, interaction_id, actor } = event;
  return { field, value, at, interaction_id, actor, reason: reasonOf(event, directives) };
}

/** Why an event happened. Before this was noted, the headers of its mail still tell. */
export function reasonOf(
  {
    field,
    old,
    interaction_id,
    actor,
    reason,
  }: Pick<CaseEvent, 'field' | 'old' | 'interaction_id' | 'actor' | 'reason'>,
  directives: ReadonlyMap<number, Directives>,
): string | null {
  if (reason !== null || interaction_id === null || actor !== null) return reason;
  const mail = directives.get(interaction_id);
  const isBeginning = field === 'status' && old === null;
  return headerFor(field, mail) ?? whyDecided(field, mail) ?? (isBeginning ? BEGAN_WITH_IT : null);
}

function headerFor(field: string, mail: Directives | undefined): string | undefined {
  return mail?.applied.findLast((header) => header.field === `case.${field}`)?.by;
}

/** What the daemon has decided of a mail, for the fields of its case that hang on it. */
const DECIDED_FOR: ReadonlyMap<string, Decided['what']> = new Map([
  ['status', 'status'],
  ['customer_id', 'customer'],
  ['external_id', 'case'],
  ['follow_up_of', 'case'],
]);

function whyDecided(field: string, mail: Directives | undefined): string | undefined {
  const what = DECIDED_FOR.get(field);
  return mail?.decided.find((each) => each.what === what)?.why;
}

/** What a case has without an event it has from the mail that it began with, as far as that can be so. */
function byFirst(field: string, value: string, { first, directives }: Provenance): Origin {
  if (first === undefined) return untold(field, value);
  const mail = directives.get(first.id);
  const isOfFirst =
    (field === 'subject' && first.subject === value) ||
    (field === 'customer_id' && String(first.customer_id) === value) ||
    field === 'follow_up_of' ||
    mail?.applied.some((header) => header.field === `case.${field}` && header.value === value);
  if (isOfFirst !== true) return untold(field, value);
  const said = field === 'subject' ? undefined : (headerFor(field, mail) ?? whyDecided(field, mail));
  return {
    field,
    value,
    at: first.received_at,
    interaction_id: first.id,
    actor: null,
    reason: said ?? BEGAN_WITH_IT,
  };
}

function untold(field: string, value: string): Origin {
  return { field, value, at: null, interaction_id: null, actor: null, reason: NOTHING_TOLD };
}

/** Why a mail lies in its case: who brought it there, if anybody did, and why it was recorded where it was. */
export function whyHere(
  mail: Pick<Directives, 'decided' | 'applied'> & Placed & { case_id: number },
): string | null {
  const { placements, recorded_in, case_id } = mail;
  const recorded = whyRecorded(mail);
  if (placements.length === 0) return recorded;
  const oldest = placements.at(-1);
  const steps = placements.map((step) => stepWords(step, case_id, step === oldest));
  const place = placeWords(recorded_in, oldest?.from, case_id);
  return [...steps, ...(recorded === null ? [] : [`${place}: ${recorded}`])].join('; ');
}

function placeWords(recordedIn: number | null, fromId: number | undefined, hereId: number): string {
  if (recordedIn === null) return 'before that';
  if (recordedIn === fromId) return 'there because';
  return recordedIn === hereId ? 'first in this case because' : `first in case ${recordedIn} because`;
}

/** As the daemon noted it, or, before it did, by the header that names the case. */
function whyRecorded({ decided, applied }: Pick<Directives, 'decided' | 'applied'>): string | null {
  const noted = decided.find(({ what }) => what === 'case')?.why;
  const named = applied.find(({ field }) => field === 'case.external_id');
  return noted ?? (named ? `${named.by}: ${named.value}` : null);
}

/** `case 5, where it lay, was merged into this one by Ann, 2026-11-24 13:00`, `moved here from case 8 by Ann, …` */
function stepWords({ how, from, into, at, actor }: Placement, hereId: number, isOldest: boolean): string {
  const by = `${actor === null ? '' : ` by ${actor}`}, ${readableTime(at)}`;
  if (how === 'moved')
    return `moved ${into === hereId ? 'here' : `into case ${into}`} from case ${from}${by}`;
  const target = into === hereId ? 'this one' : `case ${into}`;
  return `case ${from}${isOldest ? ', where it lay,' : ''} was merged into ${target}${by}`;
}
