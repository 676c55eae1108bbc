import { z } from 'zod';
import { metaOf, unwrap, withDefinition } from './options.ts';
import { configSchema } from './schema.ts';

/*
 * The declaration of the options as facts for people and editors: what json-schema.ts and reference.ts are made of.
 */

/** One option, or an entry of a list. */
export interface Described {
  /** `mailboxes[].imap.host`; '' is the whole file. */
  readonly pattern: string;
  /** `host`; '' for an entry of a list and for the whole file. */
  readonly name: string;
  /** What it can be: one of these. */
  readonly shapes: readonly Shape[];
  /** Whether the section around it cannot do without it. */
  readonly isRequired: boolean;
  /** The default as it would be written into the file; see also `meta.byDefault`. */
  readonly default: string | undefined;
  readonly meta: Readonly<z.GlobalMeta>;
}

export type Shape =
  | { readonly kind: 'text' | 'boolean' | 'nothing' }
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'number'; readonly least: number; readonly most: number }
  | { readonly kind: 'duration' | 'size'; readonly limits: readonly [least: string, most: string] }
  | { readonly kind: 'list'; readonly entry: Described; readonly least: number }
  | { readonly kind: 'section'; readonly options: readonly Described[] }
  /** Names of the operator's own, and what each can be. */
  | { readonly kind: 'map'; readonly names: string; readonly entry: Described }
  /** A section that stands inside itself: where it is described. */
  | { readonly kind: 'again'; readonly section: string };

/** The whole file, described. */
export function describeConfig(): Described {
  return describe(configSchema, '', '', new Map());
}

/** Every option below one, itself among them, in the order of the declaration. */
export function* allBelow(option: Described): Generator<Described> {
  yield option;
  for (const shape of option.shapes) {
    if (shape.kind === 'section') for (const child of shape.options) yield* allBelow(child);
    if (shape.kind === 'list' || shape.kind === 'map') yield* allBelow(shape.entry);
  }
}

/** Sections that can stand inside themselves, by their definition: where they are described. */
type Above = ReadonlyMap<string, string>;

function describe(schema: z.core.$ZodType, pattern: string, name: string, above: Above): Described {
  const layers = [...unwrap(schema)];
  const meta = metaOf(layers);
  const shapes = shapesOf(layers.at(-1), meta, pattern, above);
  const isTextToo = meta.short !== undefined || meta.single === true;
  return {
    pattern,
    name,
    shapes: isTextToo ? [{ kind: 'text' }, ...shapes] : shapes,
    isRequired: !layers.some((layer) => layer instanceof z.ZodOptional || layer instanceof z.ZodPrefault),
    default: defaultOf(layers),
    meta,
  };
}

function shapesOf(
  core: z.core.$ZodType | undefined,
  meta: z.GlobalMeta,
  pattern: string,
  above: Above,
): Shape[] {
  if (core instanceof z.ZodUnion) {
    return core.options.flatMap((option) => {
      const layers = [...unwrap(option)];
      return shapesOf(layers.at(-1), metaOf(layers), pattern, above);
    });
  }
  if (core instanceof z.ZodObject) {
    const section = above.get(meta.definition ?? '');
    if (section !== undefined) return [{ kind: 'again', section }];
    return [{ kind: 'section', options: optionsOf(core, pattern, withDefinition(above, meta, pattern)) }];
  }
  if (core instanceof z.ZodRecord) {
    const entry = describe(core.valueType, `${pattern}.*`, '', above);
    return [{ kind: 'map', names: meta.names ?? 'a name', entry }];
  }
  if (core instanceof z.ZodArray) {
    const entry = describe(core.element, `${pattern}[]`, '', above);
    return [{ kind: 'list', entry, least: core.safeParse([]).success ? 0 : 1 }];
  }
  return [scalarShape(core, meta, pattern)];
}

function optionsOf({ shape }: z.ZodObject, pattern: string, above: Above): Described[] {
  return Object.entries(shape).map(([key, child]) =>
    describe(child, pattern === '' ? key : `${pattern}.${key}`, key, above),
  );
}

function scalarShape(core: z.core.$ZodType | undefined, meta: z.GlobalMeta, pattern: string): Shape {
  if (meta.limits !== undefined) {
    return { kind: meta.unit === 'ms' ? 'duration' : 'size', limits: meta.limits };
  }
  if (core instanceof z.ZodEnum) return { kind: 'words', words: core.options.map(String) };
  if (core instanceof z.ZodBoolean) return { kind: 'boolean' };
  if (core instanceof z.ZodString) return { kind: 'text' };
  if (core instanceof z.ZodUnknown) return { kind: 'nothing' };
  if (core instanceof z.ZodNumber && core.minValue !== null && core.maxValue !== null) {
    return { kind: 'number', least: core.minValue, most: core.maxValue };
  }
  // A new type of option has to be described here first; the test of the generated files meets it.
  throw new Error(`${pattern}: a type of option that cannot be described`);
}

/** Sections have no default of their own: their options have. */
function defaultOf(layers: readonly z.core.$ZodType[]): string | undefined {
  const value = layers.find((layer) => layer instanceof z.ZodPrefault)?.def.defaultValue;
  if (Array.isArray(value)) return '[]';
  return value === undefined || typeof value === 'object' ? undefined : String(value);
}
