import { z } from 'zod';
import type { Complaint } from './problems.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

declare module 'zod' {
  /** What an option says about itself beside its type, its default and its sentence. */
  interface GlobalMeta {
    /** A password or the like: redacted in the log, never printed in a problem. */
    secret?: boolean;
    /** Not printed in a problem, because a secret beside it is easily mistaken for it. */
    unprinted?: boolean;
    /** What the number stands for in the loaded configuration. */
    unit?: 'ms' | 'bytes';
    /** The least and the most of a duration or a size, as an operator writes them. */
    limits?: readonly [least: string, most: string];
    /** How to write it; shown when it is missing. */
    example?: string;
    /** What a text must look like, for people: finishes the sentence "takes …". */
    form?: string;
    /** The same as a regular expression for editors; it may let pass what the loader refuses, never the reverse. */
    pattern?: string;
    /** What counts without it, where that is no value of its own but depends on others. */
    byDefault?: string;
    /** The option of a section that a text alone, in the section's place, stands for. */
    short?: string;
    /** Options of a section of which only one can be given, and whether one must be. */
    oneOf?: { readonly names: readonly string[]; readonly required: boolean };
    /** A map whose names are the operator's own: what they are, for people. */
    names?: string;
    /** Whether one entry of a list can stand without the list. */
    single?: boolean;
    /** A section that stands inside itself: the name by which the JSON Schema knows it. */
    definition?: string;
    /** What to do about a name that people write into a section, though it is none of its options. */
    instead?: (name: string) => string | undefined;
    /** What to do about a list in the place of a section, and in the place of one of its options. */
    ifList?: { readonly here: string; readonly below?: string };
  }
}

/** A limit and what goes wrong beyond it, in words that finish the sentence "at least 1s: …". */
export type Limit = readonly [limit: string, why: string];

/**
 * All scalars arrive as the text that stands in the file (see document.ts), so that a password `0123` keeps its zero
 * and a value from `${NAME}` is read in the same way as one that is written down.
 *
 * @param form what it must look like, in words for the reference
 */
export function text(check: (value: string) => Complaint | undefined = () => undefined, form = 'a text') {
  return z
    .string()
    .superRefine((value, context) => {
      const complaint =
        value.trim() === '' ? { message: 'must not be empty', cure: 'write its value' } : check(value);
      if (complaint !== undefined) complain(context, complaint);
    })
    .meta({ form });
}

/** A whole number, in decimal digits. */
export function wholeNumber(least: number, most: number) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value),
    z.int().min(least).max(most),
  );
}

/** `true` or `false`. */
export function trueOrFalse() {
  return z.preprocess((value) => {
    const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
    return word === 'true' ? true : word === 'false' ? false : word;
  }, z.boolean());
}

/** A duration with its unit; milliseconds in the loaded configuration. */
export function duration(least: Limit, most: Limit) {
  return measured(parseDuration, formatDuration, least, most).meta({
    unit: 'ms',
    limits: [least[0], most[0]],
  });
}

/** A size with its unit; bytes in the loaded configuration. */
export function size(least: Limit, most: Limit) {
  return measured(parseSize, formatSize, least, most).meta({ unit: 'bytes', limits: [least[0], most[0]] });
}

/** Reports a complaint to zod in the form that explain.ts reads. */
export function complain(
  context: z.RefinementCtx,
  { message, cure, onlyAlone, unquoted }: Complaint,
  path: (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', message, path, params: { cure, onlyAlone, unquoted } });
}

/**
 * For rules over a whole section: zod leaves them out as soon as one option of the section is wrong, but an operator
 * wants to see everything at once. So they run always, over values that may be of any type.
 */
export const ALWAYS = {
  when: ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null,
};

/** Names that people write, and what to do about each; see `instead`. */
export function among(cures: Readonly<Record<string, string>>): (name: string) => string | undefined {
  return (name) => (Object.hasOwn(cures, name) ? cures[name] : undefined);
}

/** An option of a section of which nothing is known yet. */
export function optionOf(section: unknown, name: string): unknown {
  return typeof section === 'object' && section !== null
    ? Object.getOwnPropertyDescriptor(section, name)?.value
    : undefined;
}

function measured(
  parse: (text: string) => number | Complaint,
  format: (amount: number) => string,
  least: Limit,
  most: Limit,
) {
  const [minimum, maximum] = [parse(least[0]), parse(most[0])];
  return z.string().transform((value, context) => {
    const amount = parse(value);
    if (typeof amount === 'object') {
      complain(context, amount);
      return z.NEVER;
    }
    if (typeof minimum === 'number' && amount < minimum) {
      complain(context, {
        message: `must be at least ${least[0]}: ${least[1]}`,
        cure: `write ${format(minimum)} or more`,
      });
    }
    if (typeof maximum === 'number' && amount > maximum) {
      complain(context, {
        message: `must be at most ${most[0]}: ${most[1]}`,
        cure: `write ${format(maximum)} or less`,
      });
    }
    return amount;
  });
}
