import { parse } from 'yaml';
import { allBelow, type Described, describeConfig, type Shape } from './describe.ts';
import { parseSize } from './units.ts';

/*
 * What editors complete and check a configuration by. It refuses nothing that the loader takes; what only the loader
 * can see (rules over several options, what a text must look like in full) stays its own.
 */

type Schema = Readonly<Record<string, unknown>>;

const FROM_OUTSIDE = { $ref: '#/definitions/fromOutside' };

/** `${NAME}` and `${file:NAME}`, alone or in a text; `$${` is no reference. */
const REFERENCE = '(^|[^$])\\$\\{([A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\\}';

/** The JSON Schema of mailcase.yaml, as the text of its file. Draft 7 is what editors know best. */
export function jsonSchemaText(): string {
  const config = describeConfig();
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: "mailcase's configuration",
    description: 'Made from the declaration of the options in src/config: edit that one.',
    ...schemaOf(config),
    definitions: {
      fromOutside: {
        type: 'string',
        pattern: REFERENCE,
        description: 'Taken from the environment (NAME) or from a file (file:NAME).',
      },
      ...definitionsIn(config),
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Sections that stand inside themselves, by their names. */
function definitionsIn(config: Described): Record<string, Schema> {
  return Object.fromEntries(
    [...allBelow(config)].flatMap((option) =>
      option.shapes.flatMap((shape) =>
        option.meta.definition !== undefined && shape.kind === 'section'
          ? [[option.meta.definition, sectionSchema(shape.options, option)]]
          : [],
      ),
    ),
  );
}

function schemaOf(option: Described): Schema {
  const { meta, name, shapes } = option;
  const isScalar = shapes.some(({ kind }) => !COMPOSED.includes(kind));
  // An option whose value is commented out counts as absent.
  const mayBeEmpty = name !== '' && !option.isRequired;
  const alternatives = [
    ...shapes.flatMap((shape) => alternativesOf(shape, option)),
    ...(isScalar && !takesAnyText(option) ? [FROM_OUTSIDE] : []),
    ...(mayBeEmpty ? [{ type: 'null' }] : []),
  ];
  const description = descriptionOf(option);
  return {
    ...(description === '' ? {} : { description }),
    ...(option.default === undefined ? {} : { default: defaultValue(option) }),
    ...(isScalar && meta.example !== undefined ? { examples: [exampleValue(meta.example, name)] } : {}),
    ...(alternatives.length === 1 ? alternatives[0] : { anyOf: alternatives }),
  };
}

/** What holds options, or nothing: no value of its own. */
const COMPOSED: readonly Shape['kind'][] = ['section', 'list', 'map', 'again', 'nothing'];

function takesAnyText({ shapes, meta }: Described): boolean {
  return meta.pattern === undefined && shapes.some(({ kind }) => kind === 'text');
}

function alternativesOf(shape: Shape, option: Described): Schema[] {
  switch (shape.kind) {
    case 'text':
      // A password 0123 and a name 7 are numbers to an editor, and texts to us.
      return [{ type: ['string', 'number', 'boolean'], ...textPattern(option) }];
    case 'words':
      return [{ enum: shape.words }];
    case 'boolean':
      return [
        { type: 'boolean' },
        { type: 'string', pattern: '^\\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\\s*$' },
      ];
    case 'number':
      return [
        { type: 'integer', minimum: shape.least, maximum: shape.most },
        { type: 'string', pattern: '^\\s*\\d+\\s*$' },
      ];
    case 'duration':
      return [{ type: 'string', pattern: '^\\s*\\d+ ?(ms|s|m|h|d)\\s*$' }];
    case 'size': {
      const [minimum, maximum] = shape.limits.map(parseSize);
      return [
        { type: 'string', pattern: '^\\s*\\d+ ?([KkMmGg]?[Bb])?\\s*$' },
        { type: 'integer', minimum, maximum },
      ];
    }
    case 'list':
      return [listSchema(shape.entry, shape.least)];
    case 'section':
      return [
        option.meta.definition === undefined ? sectionSchema(shape.options, option) : definition(option),
      ];
    case 'again':
      return [definition(option)];
    case 'map':
      return [{ type: 'object', additionalProperties: { anyOf: [schemaOf(shape.entry), { type: 'null' }] } }];
    case 'nothing':
      return [{ not: {} }];
  }
}

function definition({ meta }: Described): Schema {
  return { $ref: `#/definitions/${meta.definition}` };
}

function listSchema(entry: Described, least: number): Schema {
  return { type: 'array', ...(least > 0 ? { minItems: least } : {}), items: schemaOf(entry) };
}

function sectionSchema(options: readonly Described[], { meta }: Described): Schema {
  const required = options.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    ...(meta.oneOf === undefined ? {} : onlyOneOf(meta.oneOf.names, meta.oneOf.required)),
    properties: Object.fromEntries(options.map((option) => [option.name, schemaOf(option)])),
  };
}

function onlyOneOf(names: readonly string[], isRequired: boolean): Schema {
  return isRequired ? { oneOf: names.map((name) => given([name])) } : { not: given(names) };
}

/** Options that are there, with a value. */
function given(names: readonly string[]): Schema {
  const values = names.map((name) => [name, { not: { type: 'null' } }]);
  return { required: names, properties: Object.fromEntries(values) };
}

/** A pattern speaks of the value, and so not of a value that comes from outside. */
function textPattern({ meta }: Described): Schema {
  return meta.pattern === undefined ? {} : { pattern: meta.pattern };
}

/** What an editor shows beside an option. */
function descriptionOf({ meta, shapes }: Described): string {
  const range = shapes.map((shape) => ('limits' in shape ? `${shape.limits[0]} to ${shape.limits[1]}` : ''));
  return [
    meta.description ?? '',
    range.filter((each) => each !== '').map((each) => `From ${each}.`)[0] ?? '',
    meta.byDefault === undefined ? '' : `Default: ${meta.byDefault}.`,
    meta.secret === true ? 'A secret: never printed.' : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** As an editor reads it, which knows numbers, `true` and `false`. */
function defaultValue(option: Described): unknown {
  return option.shapes.some(({ kind }) => kind === 'number' || kind === 'boolean' || kind === 'list')
    ? JSON.parse(option.default ?? 'null')
    : option.default;
}

function exampleValue(example: string, name: string): unknown {
  return (parse(example) as Readonly<Record<string, unknown>>)[name];
}
