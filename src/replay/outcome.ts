import type { Difference, Withheld } from './differences.ts';
import type { Replayable } from './replayable.ts';

/** What a mail comes to by what it says today. */
export interface Replayed {
  readonly differences: readonly Difference[];
  readonly withheld: readonly Withheld[];
  /** Whether anything of it is to be stored, be it only by what all is as it is. */
  readonly isChanged: boolean;
}

/** What a mail came to, or why it is left as it is. */
export type Outcome =
  | (Replayed & { readonly mail: Replayable })
  | { readonly mail: Replayable; readonly left: string };

/** What a copy said counts, and its bytes are not kept: in those of the first one, anything may stand. */
export const FROM_COPY = 'its headers count by a trusted copy, whose bytes are not kept';
