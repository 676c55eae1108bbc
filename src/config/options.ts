import { z } from 'zod';
import type { Path } from './problems.ts';
import { configSchema } from './schema.ts';

/** One place of the configuration, as the schema declares it. */
export interface Option {
  /** `mailboxes[].imap.host`; '' is the whole file. */
  readonly pattern: string;
  /** The names below it; empty unless it is a section. */
  readonly keys: readonly string[];
  /** Words that can stand in the place of a section. */
  readonly words: readonly string[];
  /** Whether its names are the operator's own. */
  readonly isMap: boolean;
  /** The section that it is the same as, which stands inside itself; undefined for every other option. */
  readonly again: string | undefined;
  readonly meta: Readonly<z.GlobalMeta>;
}

/** All options by their pattern, in the order of the schema. Derived from it, so that nothing is declared twice. */
export const OPTIONS: ReadonlyMap<string, Option> = new Map(
  [...listOptions(configSchema, '', new Map())].map((option) => [option.pattern, option]),
);

export function findOption(path: Path): Option | undefined {
  return OPTIONS.get(patternOf(path));
}

/** Whether a value there must not be printed: it is a secret, holds one, or is easily mistaken for one. */
export function isUnprintable(path: Path): boolean {
  const pattern = patternOf(path);
  const option = OPTIONS.get(pattern);
  if (option === undefined || option.meta.secret === true || option.meta.unprinted === true) return true;
  return SECRET_PATTERNS.some(
    (secret) => secret.startsWith(`${pattern}.`) || secret.startsWith(`${pattern}[`),
  );
}

const SECRET_PATTERNS = [...OPTIONS.values()]
  .filter((option) => option.meta.secret === true)
  .map((option) => option.pattern);

/** The sections, as patterns, that have an option of this name. */
export function sectionsWith(name: string): string[] {
  return [...OPTIONS.values()].filter(({ keys }) => keys.includes(name)).map(({ pattern }) => pattern);
}

function patternOf(path: Path): string {
  return path.reduce<string>((pattern, part) => {
    const option = OPTIONS.get(pattern);
    const section = option?.again ?? pattern;
    if (typeof part === 'number') return `${section}[]`;
    return option?.isMap ? join(section, '*') : join(section, part);
  }, '');
}

function join(pattern: string, key: string): string {
  return pattern === '' ? key : `${pattern}.${key}`;
}

/** @param above sections that can stand inside themselves, by their definition */
function* listOptions(
  schema: z.core.$ZodType,
  pattern: string,
  above: ReadonlyMap<string, string>,
): Generator<Option> {
  const layers = [...unwrap(schema)];
  const meta = metaOf(layers);
  const core = layers.at(-1);
  const choices = core instanceof z.ZodUnion ? core.options.flatMap((option) => [...unwrap(option)]) : [core];
  const sections = choices.filter((choice) => choice instanceof z.ZodObject);
  const again = core instanceof z.ZodObject ? above.get(meta.definition ?? '') : undefined;
  yield {
    ...{ pattern, again, meta },
    keys: sections.flatMap(({ shape }) => Object.keys(shape)),
    words: choices.flatMap((choice) => (choice instanceof z.ZodEnum ? choice.options.map(String) : [])),
    isMap: core instanceof z.ZodRecord,
  };
  if (again !== undefined) return;
  const inside = withDefinition(above, meta, pattern);
  for (const { shape } of sections) {
    for (const [key, child] of Object.entries(shape)) {
      yield* listOptions(child, join(pattern, key), inside);
    }
  }
  if (core instanceof z.ZodRecord) yield* listOptions(core.valueType, join(pattern, '*'), inside);
  if (core instanceof z.ZodArray) yield* listOptions(core.element, `${pattern}[]`, inside);
}

/** Remembers a section that can stand inside itself. */
export function withDefinition(
  above: ReadonlyMap<string, string>,
  { definition }: z.GlobalMeta,
  pattern: string,
): ReadonlyMap<string, string> {
  return definition === undefined ? above : new Map([...above, [definition, pattern]]);
}

/** What a schema and its layers say about themselves; the outer ones have the last word. */
export function metaOf(layers: readonly z.core.$ZodType[]): z.GlobalMeta {
  return Object.assign({}, ...layers.map((layer) => z.globalRegistry.get(layer)).reverse());
}

/** A schema and what it is wrapped around, from the outside to the type itself. */
export function* unwrap(schema: z.core.$ZodType): Generator<z.core.$ZodType> {
  yield schema;
  const isAround =
    schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodLazy;
  if (isAround) yield* unwrap(schema.unwrap());
  else if (schema instanceof z.ZodPipe)
    yield* unwrap(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
}
