import { RE2JS } from 're2js';

/*
 * Operators' regular expressions. RE2's take time in proportion to the text (times the size of the pattern), whatever
 * pattern and text are: none can hang the program. It has no lookaround and no backreferences for that.
 */

/** Longest pattern, in characters: a longer one is a list of words, for which there is one_of. */
export const MAX_PATTERN_CHARACTERS = 1_000;

/** Largest program of a pattern, in RE2's instructions: what counted repeats in one another blow up takes as long. */
export const MAX_PATTERN_SIZE = 1_000;

/** Most of a text that patterns look at, in UTF-16 code units: a subject has a hundred, a body mostly less. */
export const MATCHED_CHARACTERS = 10_000;

/**
 * Steps (instructions times characters) that all patterns may take on one mail: half a second where each is taken, which is
 * rare. Fifty ordinary patterns on the longest body are below it, and thousands on a subject. One rule may take half of what
 * those before it have left.
 */
export const MAX_STEPS = 10_000_000;

/** A pattern made ready. */
export interface Pattern {
  /** In RE2's instructions. */
  readonly size: number;
  /** Names of its groups. */
  readonly names: readonly string[];
  /** How many groups it has, the whole not counted. */
  readonly groups: number;
  /** What the groups hold where the text matches: by number and by name; undefined for one that took no part. */
  readonly match: (text: string) => ReadonlyMap<string, string | undefined> | undefined;
}

/** Makes a pattern ready, or says why it cannot be one and what to do. */
export function compilePattern(
  pattern: string,
): Pattern | { readonly refused: string; readonly cure: string } {
  if (pattern.length > MAX_PATTERN_CHARACTERS) {
    return {
      refused: `longer than ${MAX_PATTERN_CHARACTERS.toLocaleString('en-US')} characters`,
      cure: 'split it, or use `one_of` for a list of words',
    };
  }
  if (/^\/.*\/[gimsuy]+$/s.test(pattern)) {
    return {
      refused: 'between slashes, which would have to stand in the mail too',
      cure: 'leave them out; for `i` put `(?i)` at the beginning',
    };
  }
  const lacking = LACKING.find(([sign]) => sign.test(pattern));
  try {
    const program = RE2JS.compile(pattern);
    const size = program.programSize();
    if (size > MAX_PATTERN_SIZE) {
      return {
        refused: `too large a pattern: ${size.toLocaleString('en-US')} steps for each character, of ${MAX_PATTERN_SIZE.toLocaleString('en-US')} at most`,
        cure: 'use smaller counts: `{1,30}` inside `{1,30}` stands for 900 copies; `*` and `+` cost nothing',
      };
    }
    return patternOf(program, size);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : '';
    if (lacking) return { refused: `not a pattern of RE2: ${lacking[1]}`, cure: lacking[2] };
    return {
      refused: `not a pattern of RE2 (${described(reason)})`,
      cure: 'see the syntax of RE2; in YAML, put single quotes around it, so that a backslash stays one',
    };
  }
}

/** The parser's reason without the piece of the pattern that it quotes: that may be from outside the file. */
function described(reason: string): string {
  return reason.replace(/:? ?`[^`]*`$/, '') || 'it cannot be read';
}

/** What other engines have and RE2 lacks, since it could not be matched in linear time. */
const LACKING: readonly [sign: RegExp, what: string, cure: string][] = [
  [
    /\(\?<?[=!]/,
    'it has no lookahead and no lookbehind',
    'put what is looked for into the pattern itself, or use `not` with a condition of its own',
  ],
  [/\\[1-9]|\\k</, 'it has no backreferences', 'write what may stand there once more'],
  [
    /\(\?>|[*+?}]\+/,
    'it has no atomic groups and no possessive repeats',
    'leave them out: nothing is tried twice',
  ],
];

function patternOf(program: RE2JS, size: number): Pattern {
  const byName = Object.entries(program.namedGroups());
  const groups = program.groupCount();
  return {
    ...{ size, groups },
    names: byName.map(([name]) => name),
    match: (text) => {
      const matcher = program.matcher(text);
      if (!matcher.find()) return undefined;
      const held = new Map<string, string | undefined>();
      for (let number = 0; number <= groups; number += 1) {
        held.set(String(number), matcher.group(number) ?? undefined);
      }
      for (const [name, number] of byName) held.set(name, held.get(String(number)));
      return held;
    },
  };
}
