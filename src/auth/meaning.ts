export type Kind = 'credentials' | 'throttled' | 'network';

export interface Meaning {
  readonly kind: Kind;
  /** What is behind the words, where they do not say it themselves. */
  readonly meaning: string | undefined;
  readonly cure: string | undefined;
  /** Whether a person has to consent again. */
  readonly isMendedByLogin?: true;
}

/** A person has to change something, and nothing else mends it. */
export function cured(cure: string): Meaning {
  return { kind: 'credentials', meaning: undefined, cure };
}

/** A person has to consent again. */
export function byLogin(meaning: string): Meaning {
  return { kind: 'credentials', meaning, cure: undefined, isMendedByLogin: true };
}
