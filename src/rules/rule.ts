import type { Kind } from '../message/kind.ts';
import type { SenderAuth } from '../trust/trust.ts';
import type { Direction } from './directives.ts';

/*
 * Rules as an operator writes them: plain data, which goes to the threads that mail is judged in, and is made ready there
 * (see rules.ts).
 */

/** What of a message a condition can look at, beside its header fields by their names. */
export const PARTS = [
  'from',
  'from_name',
  'reply_to',
  'to',
  'cc',
  'recipient',
  'subject',
  'message_id',
  'list_id',
  'return_path',
  'delivered_to',
  'body',
] as const;
export type Part = (typeof PARTS)[number];

/** What can be asked of a text; exactly one of them in a condition. */
export const TESTS = [
  'exists',
  'equals',
  'contains',
  'starts_with',
  'ends_with',
  'matches',
  'one_of',
] as const;

/** Conditions that are of others. */
export const COMBINATIONS = ['all', 'any', 'not'] as const;

/** What a condition can be about; exactly one of them in each. */
export const SUBJECTS = [
  ...COMBINATIONS,
  'header',
  'part',
  'trusted',
  'sender_auth',
  'direction',
  'kind',
  'size',
  'has_attachment',
  'mailbox',
  'folder',
] as const;

/** One condition: one subject, and of a header or a part one test. */
export interface Condition {
  readonly all?: readonly Condition[] | undefined;
  readonly any?: readonly Condition[] | undefined;
  readonly not?: Condition | undefined;
  /** Name in lower case. */
  readonly header?: string | undefined;
  readonly part?: Part | undefined;
  readonly exists?: boolean | undefined;
  readonly equals?: string | undefined;
  readonly contains?: string | undefined;
  readonly starts_with?: string | undefined;
  readonly ends_with?: string | undefined;
  readonly matches?: string | undefined;
  readonly one_of?: readonly string[] | undefined;
  readonly trusted?: boolean | undefined;
  readonly sender_auth?: SenderAuth | undefined;
  readonly direction?: Direction | undefined;
  readonly kind?: Kind | undefined;
  /** In bytes. */
  readonly size?: { readonly over?: number | undefined; readonly under?: number | undefined } | undefined;
  readonly has_attachment?: boolean | undefined;
  readonly mailbox?: string | undefined;
  readonly folder?: string | undefined;
}

/** Values by the names of fields; several of a list. Groups stand in them as `{name}`. */
export type Values = Readonly<Record<string, readonly string[]>>;

export interface Actions {
  readonly set?: Values | undefined;
  readonly add?: Values | undefined;
  readonly remove?: Values | undefined;
  readonly clear?: readonly string[] | undefined;
  /** Why nothing is to be recorded; `true` where no reason is given. */
  readonly skip?: string | undefined;
  readonly stop?: boolean | undefined;
}

export interface RuleConfig {
  readonly name: string;
  /** Absent: every mail. */
  readonly when?: Condition | undefined;
  readonly then: Actions;
}
