/** What a group held, by its name or number; undefined where it took no part in the match. */
export type Groups = ReadonlyMap<string, string | undefined>;

/** A value with groups in it, made ready. */
export interface Template {
  /** The groups that it uses, by name or number. */
  readonly groups: readonly string[];
  /** The value, or why there is none. */
  readonly fill: Fill<string>;
  /** The values between the commas that stand in the text itself: what a group holds is one value, commas and all. */
  readonly list: Fill<readonly string[]>;
  /** Whether there are groups with which it is this word, in any case. */
  couldBe(word: string): boolean;
}

type Fill<T> = (groups: Groups) => { readonly value: T } | { readonly refused: string };

type Piece = string | { readonly group: string };

/** `{{` for a brace, `{name}` or `{1}` for a group, and a brace that is neither. */
const PIECE = /\{\{|\{([A-Za-z_][A-Za-z0-9_]*|\d{1,2})\}|\{/g;

/** Reads a value in which `{name}` and `{1}` stand for groups, and `{{` for a brace; or says what is wrong. */
export function compileTemplate(text: string): Template | { readonly refused: string } {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(PIECE)) {
    pieces.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [written, group] = match;
    if (group !== undefined) pieces.push({ group });
    else if (written === '{{') pieces.push('{');
    else return { refused: 'a `{` that begins no group' };
  }
  pieces.push(text.slice(end));
  return {
    groups: pieces.flatMap((piece) => (typeof piece === 'object' ? [piece.group] : [])),
    couldBe: (word) => couldBe(pieces, word.toLowerCase()),
    fill: (groups) => filled(pieces, groups),
    list: (groups) => {
      const values: string[] = [];
      for (const part of betweenCommas(pieces)) {
        const value = filled(part, groups);
        if ('refused' in value) return value;
        values.push(value.value);
      }
      return { value: values };
    },
  };
}

function filled(
  pieces: readonly Piece[],
  groups: Groups,
): { readonly value: string } | { readonly refused: string } {
  let value = '';
  for (const piece of pieces) {
    const held = typeof piece === 'string' ? piece : groups.get(piece.group);
    if (held === undefined || (typeof piece === 'object' && held.trim() === '')) {
      return { refused: `the group ${typeof piece === 'object' ? piece.group : ''} matched nothing` };
    }
    value += held;
  }
  return { value: value.trim() };
}

/** Every group holds something, and white space around the whole is taken off. */
function couldBe(pieces: readonly Piece[], word: string): boolean {
  const form = pieces.map((piece) =>
    typeof piece === 'string' ? piece.toLowerCase().replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&') : '.+',
  );
  return new RegExp(`^${form.join('').trim()}$`, 's').test(word);
}

function betweenCommas(pieces: readonly Piece[]): Piece[][] {
  const parts: Piece[][] = [[]];
  for (const piece of pieces) {
    const [first, ...more] = typeof piece === 'string' ? piece.split(',') : [piece];
    if (first !== undefined) parts.at(-1)?.push(first);
    for (const text of more) parts.push([text]);
  }
  return parts;
}
