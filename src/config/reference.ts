import { allBelow, type Described, describeConfig, type Shape } from './describe.ts';

const HEAD = `# Reference of mailcase.yaml

Every option. This page is made from the declaration in src/config (\`npm run test:golden\` makes it anew).
[mailcase.example.yaml](mailcase.example.yaml) shows the same as a file, and [mailcase.schema.json](mailcase.schema.json)
lets an editor complete and check it.

- \`${'${NAME}'}\` in a value is taken from the environment, \`${'${file:NAME}'}\` from a file: systemd's credentials first, then the
  folder of the config file. \`$\${\` stands for the two signs themselves. Inside \`{ }\` and \`[ ]\` such a value needs quotes.
- A **duration** is a whole number and its unit, one of ms, s, m, h, d: \`500ms\`, \`30s\`, \`10m\`.
- A **size** is a whole number and its unit, one of KB, MB, GB (1 KB is 1024 bytes), or a plain number of bytes.
- An option without a value (\`log:\` and nothing below it) counts as absent. Unknown options are refused.
- \`[]\` in a path stands for each entry of a list. *Required* means: wherever the section around it is given.
- A *secret* is never printed, and is masked in the log.
`;

/** The reference of all options, as the text of its file. */
export function referenceText(): string {
  const sections = [...allBelow(describeConfig())].filter((option) => optionsIn(option).length > 0);
  return `${[HEAD, ...sections.map(sectionText)].join('\n')}`;
}

function sectionText(section: Described): string {
  const { pattern, meta } = section;
  const sentence = meta.description === undefined ? '' : `${meta.description}\n\n`;
  const rows = optionsIn(section).map((option) => row(option));
  const heading = pattern === '' ? 'At the top level' : `\`${pattern}\``;
  return `## ${heading}

${sentence}| option | takes | default | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function row(option: Described): string {
  const { pattern, shapes, meta } = option;
  const takes = [...shapes.map((shape) => shapeText(shape, option)), ...(meta.secret ? ['*secret*'] : [])];
  const cells = [`\`${pattern}\``, takes.join('; '), defaultText(option), meaning(option)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function shapeText(shape: Shape, { meta }: Described): string {
  switch (shape.kind) {
    case 'text':
      return meta.form ?? 'a text';
    case 'words':
      return shape.words.map(code).join(', ');
    case 'boolean':
      return '`true`, `false`';
    case 'number':
      return `a whole number, ${shape.least} to ${shape.most}`;
    case 'duration':
    case 'size':
      return `a ${shape.kind}, ${shape.limits.join(' to ')}`;
    case 'list':
      return listText(shape.entry);
    case 'section':
      return 'a map, see below';
    case 'again':
      return `a map, as ${code(shape.section)}`;
    case 'map':
      return mapText(shape.names, shape.entry);
    case 'nothing':
      return 'nothing';
  }
}

function listText(entry: Described): string {
  if (entry.shapes.every(({ kind }) => kind === 'nothing')) return 'an empty list';
  if (optionsIn(entry).length > 0) return 'a list, see below';
  return `a list, each entry ${entry.shapes.map((shape) => shapeText(shape, entry)).join(' or ')}`;
}

function mapText(names: string, entry: Described): string {
  const [list] = entry.shapes.flatMap((shape) => (shape.kind === 'list' ? [shape.entry] : []));
  const values = entry.meta.single && list ? `${texts(list)}, or a list of such` : texts(entry);
  return `a map: ${names}, and to each ${values}`;
}

function texts(entry: Described): string {
  return entry.shapes.map((shape) => shapeText(shape, entry)).join(' or ');
}

function defaultText({ isRequired, default: value, meta }: Described): string {
  if (isRequired) return '*required*';
  return [value === undefined ? [] : code(value), meta.byDefault ?? []].flat().join('; ');
}

/** The sentence of the option, and of the entries of a list that has no table of its own. */
function meaning({ shapes, meta }: Described): string {
  const entries = shapes.flatMap((shape) =>
    shape.kind === 'list' && isPlain(shape.entry) ? [shape.entry.meta.description] : [],
  );
  return [meta.description, ...entries].filter((sentence) => sentence !== undefined).join(' ');
}

/** Whether an entry of a list has no table of its own. */
function isPlain(entry: Described): boolean {
  return optionsIn(entry).length === 0 && entry.shapes.every(({ kind }) => kind !== 'again');
}

function optionsIn({ shapes }: Described): readonly Described[] {
  return shapes.flatMap((shape) => (shape.kind === 'section' ? shape.options : []));
}

function code(text: string): string {
  return `\`${text}\``;
}
