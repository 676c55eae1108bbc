import type { Address } from '../message/addresses.ts';

export const STATUSES = ['new', 'open', 'pending', 'resolved', 'closed'] as const;
export type Status = (typeof STATUSES)[number];

export const DIRECTIONS = ['in', 'out'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** What set a field: kept with the interaction, so that an operator can ask why. */
export interface Applied {
  /** The header field's name in lower case. */
  readonly by: string;
  /** `case.status`, `customer.custom_fields.tier` … */
  readonly field: string;
  readonly value: string;
}

/** What was not applied, and why. */
export interface Refused {
  readonly by: string;
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

/** What the headers of one message ask for. Only what was taken is set; nothing is guessed. */
export interface Directives {
  customer: {
    address?: Address;
    external_id?: string;
    company?: string;
    phone?: string;
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
}

/** The header that has set a field, if one has. @param field as in Applied */
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
