import type { Address } from '../message/addresses.ts';
import type { Kind } from '../message/kind.ts';

export const STATUSES = ['new', 'open', 'pending', 'resolved', 'closed'] as const;
export type Status = (typeof STATUSES)[number];

export const DIRECTIONS = ['in', 'out'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What set a field: kept with the interaction, so that an operator can ask why. */
export interface Applied {
  /** The header field's name in lower case, or `rule NAME`. */
  readonly by: string;
  /** `case.status`, `customer.custom_fields.tier` … */
  readonly field: string;
  readonly value: string;
  /** What was done with the value, where it was not set: only rules do so. */
  readonly how?: 'added' | 'removed' | 'cleared';
}

/** What was not applied, and why. */
export interface Refused {
  readonly by: string;
  /** As in Applied: given where the value could be taken, and the case or customer did not take it. */
  readonly field?: string;
  readonly how?: Applied['how'];
  readonly value: string;
  readonly reason: string;
}

/** What was concluded about a message beside its headers, and why: kept with the interaction as well. */
export interface Decided {
  readonly what: 'trust' | 'sender' | 'kind' | 'direction' | 'customer' | 'case' | 'outsider' | 'status';
  /** Null where there is none: a mail without a customer, a case that has no number yet. */
  readonly value: string | null;
  readonly why: string;
}

/** A conclusion, and why it was drawn. */
export interface Conclusion<T> {
  readonly value: T;
  readonly why: string;
}

/** What the headers of one message, and the rules that match it, ask for. Only what was taken is set; nothing is guessed. */
export interface Directives {
  customer: {
    address?: Address;
    external_id?: string;
    first_name?: string;
    last_name?: string;
    company?: string;
    phone?: string;
    language?: string;
    custom_fields: Map<string, string>;
  };
  case: {
    external_id?: string;
    status?: Status;
    priority?: number;
    language?: string;
    subject?: string;
    labels: string[];
    custom_fields: Map<string, string>;
  };
  interaction: {
    direction?: Direction;
    kind?: Kind;
    ip_address?: string;
    latitude?: number;
    longitude?: number;
    city?: string;
    region?: string;
    country_code?: string;
    user_agent?: string;
  };
  applied: Applied[];
  refused: Refused[];
  decided: Decided[];
  /** What only rules can ask for; undefined where none has matched. */
  byRules?: ByRules | undefined;
}

/** What rules ask for beside values of fields. */
export interface ByRules {
  /** The names of the rules that matched, in order. */
  readonly matched: string[];
  /** Why nothing is to be recorded of the mail, and which rule says so. */
  skip?: { readonly rule: string; readonly reason: string };
  /** Fields that lose what they have, as in Applied; what is set of them is set after that. */
  readonly cleared: Set<string>;
  /** Labels that the case loses. */
  readonly labelsRemoved: Set<string>;
  /** What comes to comma-separated lists in custom fields, and goes from them, by the field as in Applied. */
  readonly lists: Map<string, ListChange>;
}

export interface ListChange {
  readonly added: string[];
  readonly removed: string[];
}

/** The header or rule that has set a field, if one has. @param field as in Applied */
export function setBy({ applied }: Directives, field: string): string | undefined {
  return applied.findLast((each) => each.field === field)?.by;
}

export function noDirectives(): Directives {
  return {
    customer: { custom_fields: new Map() },
    case: { labels: [], custom_fields: new Map() },
    interaction: {},
    applied: [],
    refused: [],
    decided: [],
  };
}

/** What rules ask for, begun where nothing is there yet. */
export function byRulesOf(directives: Directives): ByRules {
  directives.byRules ??= { matched: [], cleared: new Set(), labelsRemoved: new Set(), lists: new Map() };
  return directives.byRules;
}

/** All that has to do with a field, in order and each once: a header has added a label and a rule has removed one. */
export function allBy({ applied }: Directives, field: string): string | undefined {
  const all = applied.filter((each) => each.field === field).map(({ by }) => by);
  return all.length === 0 ? undefined : [...new Set(all)].join(', ');
}
