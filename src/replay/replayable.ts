import type { Incoming } from '../record/incoming.ts';
import type { Attribution } from '../rules/attribution.ts';
import type { Direction } from '../rules/directives.ts';

/** A recorded mail, judged once more by the mapping and the rules of today, with the verdict that it had. */
export interface Replayable {
  /** Of the interaction. */
  readonly id: number;
  /** Stands for the mapping and the rules that it is held against. */
  readonly rulesKey: Buffer;
  /** The rules that matched before. */
  readonly rulesBefore: readonly string[];
  /** By its own dedupe key, though another mapping would make another one. */
  readonly incoming: Incoming;
  /** Whose mail it is, if it went this way. */
  readonly attributedTo: (direction: Direction) => Attribution;
}
