import type { SupportCase } from '../record/view.ts';
import type { Changing, Difference, Withheld } from './differences.ts';
import type { Outcome } from './outcome.ts';
import type { LeftMail } from './read.ts';
import type { Counts } from './selection.ts';

/** One field that is changed, be it by several mails one after the other. */
export interface ToldChange {
  readonly field: string;
  /** Null: nothing; of a case or customer, its number, or `new`. */
  readonly old: string | null;
  readonly new: string | null;
  /** Headers, rules, or sentences of the lifecycle. */
  readonly by: readonly string[];
  /** The last of the mails that say so. */
  readonly interaction_id: number;
}

/** A case with all that changes in it. */
export interface ToldCase {
  /** Null: a new one, which a dry run does not make. */
  readonly case_id: number | null;
  readonly external_id: string | null;
  readonly subject: string | null;
  readonly changes: readonly ToldChange[];
  /** Its mails that change themselves, or go to another case. */
  readonly interactions: readonly ToldChange[];
  /** What is not done of what its mails say today, and why. */
  readonly withheld: readonly ToldWithheld[];
}

export interface ToldWithheld {
  readonly by: string;
  readonly field: string | null;
  readonly value: string;
  /** What was to be done with the value, where it was not to be set: `added`, `removed`, `cleared`. */
  readonly how: string | null;
  readonly reason: string;
  readonly interaction_id: number;
}

export interface ToldCustomer {
  /** Null: a new one, whom a dry run does not make. */
  readonly customer_id: number | null;
  readonly changes: readonly ToldChange[];
}

/** Mails that are not replayed for one reason. */
export interface ToldLeft {
  readonly reason: string;
  readonly interactions: number;
  /** The first ones. */
  readonly interaction_ids: readonly number[];
}

/** What a replay did, or would do, in numbers of mails and by case. */
export interface ReplayReport {
  readonly dry_run: boolean;
  /** How many mails are meant. */
  readonly mails: number;
  /** How many of them have been held against these rules before. */
  readonly known: number;
  /** How many have nothing to do with the rule that was asked for. */
  readonly unmatched: number;
  /** How many were held against them now. */
  readonly looked_at: number;
  readonly changed: number;
  /** Only the record of what set what is another one now. */
  readonly rerecorded: number;
  /** Left as they are, as `left` says. */
  readonly cannot: number;
  /** Not looked at, because of the limit, or because it was told to stop. */
  readonly remaining: number;
  readonly cases: readonly ToldCase[];
  readonly customers: readonly ToldCustomer[];
  readonly left: readonly ToldLeft[];
  /** Cases and customers that change beside these: more would be held in memory than is good. */
  readonly left_out: number;
}

/** Most cases, and most customers, whose changes are told one by one; what is beyond is counted. */
const MOST_TOLD = 10_000;

/** Mails of one reason that are named. */
const MOST_NAMED = 20;

interface CaseEntry {
  row: SupportCase;
  readonly changes: Map<string, ToldChange>;
  readonly interactions: Map<string, ToldChange>;
  readonly withheld: ToldWithheld[];
}

/** Gathers what a replay comes to: several changes of one field are one change, from what was to what is. */
export class Report {
  /** How many mails it has been told of. */
  told = 0;
  private lookedAt = 0;
  private unmatched = 0;
  private readonly counts: Counts;
  private changed = 0;
  private rerecorded = 0;
  private cannot = 0;
  private readonly cases = new Map<number | Changing, CaseEntry>();
  private readonly customers = new Map<
    number | Changing,
    { row: Changing; changes: Map<string, ToldChange> }
  >();
  private readonly leftBy = new Map<string, { count: number; ids: number[] }>();
  private readonly beyond = new Set<number | Changing>();

  constructor(counts: Counts) {
    this.counts = counts;
  }

  /** @param unmatched how many mails the rule has nothing to do with that was asked for */
  add(outcomes: readonly Outcome[], left: readonly LeftMail[], unmatched = 0): void {
    this.told += outcomes.length + left.length + unmatched;
    this.unmatched += unmatched;
    this.lookedAt += outcomes.length;
    for (const { id, reason } of left) this.addLeft(id, reason);
    for (const outcome of outcomes) {
      if ('left' in outcome) {
        this.addLeft(outcome.mail.id, outcome.left);
        continue;
      }
      if (outcome.differences.length > 0) this.changed += 1;
      else if (outcome.isChanged) this.rerecorded += 1;
      for (const each of outcome.differences) this.addDifference(each);
      for (const each of outcome.withheld) this.addWithheld(each);
    }
  }

  end({ dryRun }: { dryRun: boolean }): ReplayReport {
    const { meant, known } = this.counts;
    const cases = [...this.cases.values()].map(toldCase).filter(isWorthTelling).sort(byNumber);
    const customers = [...this.customers.values()].map(({ row, changes }) => ({
      customer_id: row.id ?? null,
      changes: realOf(changes),
    }));
    return {
      dry_run: dryRun,
      mails: meant,
      known,
      unmatched: this.unmatched,
      looked_at: this.lookedAt,
      changed: this.changed,
      rerecorded: this.rerecorded,
      cannot: this.cannot,
      remaining: Math.max(0, meant - known - this.told),
      cases,
      customers: customers.filter(({ changes }) => changes.length > 0),
      left: [...this.leftBy].map(([reason, { count, ids }]) => ({
        ...{ reason, interactions: count, interaction_ids: ids },
      })),
      left_out: this.beyond.size,
    };
  }

  private addLeft(id: number, reason: string): void {
    this.cannot += 1;
    const known = this.leftBy.get(reason) ?? { count: 0, ids: [] };
    known.count += 1;
    if (known.ids.length < MOST_NAMED) known.ids.push(id);
    this.leftBy.set(reason, known);
  }

  private addDifference(difference: Difference): void {
    const { of, row, supportCase } = difference;
    if (of === 'customer') {
      const entry = this.entryOf(this.customers, row, () => ({ row, changes: new Map() }));
      if (entry) merge(entry.changes, difference.field, difference);
      return;
    }
    const entry = supportCase && this.caseOf(supportCase);
    if (entry === undefined) return;
    if (of === 'case') merge(entry.changes, difference.field, difference);
    else merge(entry.interactions, `${difference.interactionId} ${difference.field}`, difference);
  }

  private addWithheld({ supportCase, by, field, value, how, reason, interactionId }: Withheld): void {
    this.caseOf(supportCase)?.withheld.push({
      ...{ by, field: field ?? null, value, how: how ?? null, reason, interaction_id: interactionId },
    });
  }

  private caseOf(row: SupportCase): CaseEntry | undefined {
    const make = () => ({ row, changes: new Map(), interactions: new Map(), withheld: [] });
    const entry = this.entryOf(this.cases, row, make);
    if (entry) entry.row = row;
    return entry;
  }

  /** Each batch has rows of its own; only what a dry run would make has no number by which it is the same. */
  private entryOf<E>(entries: Map<number | Changing, E>, row: Changing, make: () => E): E | undefined {
    const key = row.id ?? row;
    const known = entries.get(key);
    if (known) return known;
    if (entries.size >= MOST_TOLD) {
      this.beyond.add(key);
      return undefined;
    }
    const made = make();
    entries.set(key, made);
    return made;
  }
}

function merge(changes: Map<string, ToldChange>, key: string, difference: Difference): void {
  const before = changes.get(key);
  const by = [...(before?.by ?? []), ...(difference.by === null ? [] : [difference.by])];
  changes.set(key, {
    field: difference.field,
    old: before ? before.old : textOf(difference.old),
    new: textOf(difference.new),
    by: [...new Set(by)],
    interaction_id: difference.interactionId,
  });
}

function textOf(value: Difference['old']): string | null {
  if (typeof value !== 'object' || value === null) return value;
  return value.id === undefined ? 'new' : String(value.id);
}

function realOf(changes: ReadonlyMap<string, ToldChange>): ToldChange[] {
  return [...changes.values()].filter((each) => each.old !== each.new);
}

function toldCase({ row, changes, interactions, withheld }: CaseEntry): ToldCase {
  return {
    case_id: row.id ?? null,
    external_id: row.external_id,
    subject: row.subject,
    changes: realOf(changes),
    interactions: realOf(interactions),
    withheld,
  };
}

function isWorthTelling({ changes, interactions, withheld }: ToldCase): boolean {
  return changes.length + interactions.length + withheld.length > 0;
}

/** New ones come last. */
function byNumber(a: ToldCase, b: ToldCase): number {
  return (a.case_id ?? Number.POSITIVE_INFINITY) - (b.case_id ?? Number.POSITIVE_INFINITY) || 0;
}
