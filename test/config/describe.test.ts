import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ProviderName } from '../../src/cli/logins.ts';
import { loginOf, PROVIDERS } from '../../src/cli/providers.ts';
import { starterConfig } from '../../src/cli/starter.ts';
import { allBelow, describeConfig } from '../../src/config/describe.ts';
import { jsonSchemaText } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { referenceText } from '../../src/config/reference.ts';

const CONFIG = new URL('../../config/', import.meta.url);

const options = [...allBelow(describeConfig())];

describe('the files made from the declaration', () => {
  it.each([
    ['mailcase.schema.json', jsonSchemaText],
    ['reference.md', referenceText],
  ])('config/%s is what the options are now', async (name, made) => {
    const file = new URL(name, CONFIG);
    if (process.env.UPDATE_GOLDEN) await writeFile(file, made());
    expect(await readFile(file, 'utf8'), 'run `npm run test:golden`, then read what changed').toBe(made());
  });

  it('describe every option that is declared, once', () => {
    expect(options.map(({ pattern }) => pattern)).toEqual([...OPTIONS.keys()]);
  });
});

describe('the reference', () => {
  const rows = referenceText()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\) \| /).map((cell) => cell.replace(/^\| | \|$/g, '')));
  const rowOf = (pattern: string) => rows.find(([name]) => name === `\`${pattern}\``);

  it('has a row for every option but the entries of lists, with all four cells', () => {
    const named = options.filter(({ name }) => name !== '').map(({ pattern }) => `\`${pattern}\``);
    expect(rows.map(([name]) => name).sort()).toEqual(named.sort());
    for (const row of rows) {
      expect(row, row.join()).toHaveLength(4);
      expect([row[1], row[3]?.endsWith('.')], row.join()).toEqual([expect.stringMatching(/\S/), true]);
    }
  });

  it.each([
    ['stop_timeout', 'a duration, 100ms to 1h', '`30s`'],
    ['mailboxes[].batch.bytes', 'a size, 1KB to 1GB', '`16MB`'],
    ['database.pool', 'a whole number, 1 to 200', '`10`'],
    ['mailboxes[].imap.tls', '`implicit`, `starttls`, `none`', '`implicit`'],
    ['mailboxes[].imap.allow_plaintext', '`true`, `false`', '`false`'],
    ['mailboxes[].imap.password', 'a text; *secret*', ''],
    [
      'mailboxes[].imap.oauth2.flow',
      '`client_credentials`, `refresh_token`, `service_account`',
      '*required*',
    ],
    ['mailboxes[].trust', '`none`, `all`; a map, see below', '`none`'],
    ['mailboxes[].imap.port', 'a whole number, 1 to 65535', '993 with tls implicit, else 143'],
    ['mailboxes[].own', 'a list, each entry an address or a domain', 'the IMAP user, if it is an address'],
    ['rules', 'a list, see below', '`[]`'],
    ['rules[].when.not', 'a map, as `rules[].when`', ''],
    ['rules[].when.all', 'a list, each entry a map, as `rules[].when`', ''],
    ['headers.map[].values', 'a map: a word of the header, and to each a text', ''],
  ])('says of %s what it takes and its default', (pattern, takes, byDefault) => {
    expect(rowOf(pattern)?.slice(1, 3)).toEqual([takes, byDefault]);
  });

  it('says what is a secret, and nothing else is', () => {
    const secret = rows.filter(([, takes]) => takes?.includes('*secret*')).map(([name]) => name);
    expect(secret).toEqual([
      '`token_key`',
      '`database.url`',
      '`alert.webhook.url`',
      '`mailboxes[].imap.password`',
      '`mailboxes[].imap.proxy`',
      '`mailboxes[].imap.oauth2.client_secret`',
      '`mailboxes[].imap.oauth2.key`',
      '`mailboxes[].trust.secret.value`',
      '`mailboxes[].trust.hmac.keys[].secret`',
    ]);
  });
});

describe('the JSON Schema', () => {
  // Beside what `oneOf` requires, the options stand once, above it.
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strict: true, strictRequired: false });
  const validate = ajv.compile(JSON.parse(jsonSchemaText()));
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailcase-schema-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** What an editor would mark, as it reads YAML: numbers, booleans and null are such. */
  function marks(yaml: string): string[] {
    return validate(parse(yaml))
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  async function loads(yaml: string): Promise<boolean> {
    const file = join(folder, 'mailcase.yaml');
    await writeFile(file, yaml);
    return loadConfig(file, { NAME: 'x', PORT: '993', WORD: 'all' }).then(
      () => true,
      () => false,
    );
  }

  const HEAD = 'database: {url: postgres://localhost/m}\nmailboxes:\n  - name: support\n';
  const IMAP = '    imap: {host: h.example, user: u, password: p}\n';
  const mailbox = (line: string) => `${HEAD}${IMAP}    ${line}\n`;
  const top = (line: string) => `${HEAD}${IMAP}${line}\n`;
  const imap = (line: string) => `${HEAD}    imap: {host: h.example, user: u, ${line}}\n`;
  const database = (line: string) => top('').replace(/^database:.*/, line);

  it('is valid itself', () => {
    expect(ajv.validateSchema(JSON.parse(jsonSchemaText()))).toBe(true);
  });

  it('takes the example file, as it is and with every commented option', async () => {
    const text = await readFile(new URL('mailcase.example.yaml', CONFIG), 'utf8');
    expect(marks(text)).toEqual([]);
    const complete = text.replace(/^( *)#(?=[a-z-])/gm, '$1');
    // One of the two ways to log in.
    expect(marks(complete.replace(/^ {6}password:.*\n/m, ''))).toEqual([]);
    expect(marks(complete)).toEqual(['/mailboxes/0/imap must match exactly one schema in oneOf']);
  });

  it('takes the configuration of the demo', async () => {
    expect(marks(await readFile(new URL('demo/mailcase.demo.yaml', CONFIG), 'utf8'))).toEqual([]);
  });

  const names = Object.keys(PROVIDERS) as ProviderName[];
  it.each(names.flatMap((name) => PROVIDERS[name].logins.map((way) => [name, way] as const)))(
    'takes what init writes for %s, %s',
    (name, way) => {
      const login = loginOf(name, way);
      expect(login).toBeDefined();
      if (login) expect(marks(starterConfig(name, login))).toEqual([]);
    },
  );

  it.each([
    ['a number as password', imap('password: 12345')],
    ['a word of YAML as password', imap('password: true')],
    ['a number in quotes', imap('password: p, port: "993"')],
    ['a number from outside', imap('password: p, port: "${PORT}"')],
    ['a boolean in quotes', imap('password: p, tls: none, allow_plaintext: "True"')],
    ['a word from outside', mailbox('trust: ${WORD}')],
    ['a text with a part from outside', top('headers: {prefix: "x-${NAME}-"}')],
    ['a date', mailbox('start: 2026-01-31')],
    ['a moment', mailbox('start: 2026-01-31T08:00:00+01:00')],
    ['now in any letter case', mailbox('start: NOW')],
    ['a flag in any letter case', mailbox('processed: {flag: \\FLAGGED}')],
    ['a duration with a space', top('stop_timeout: 5 s')],
    ['a size in bytes', mailbox('message_bytes: 2048')],
    ['a size in small letters', mailbox('batch: {bytes: 16mb}')],
    ['folders as paths and as maps', mailbox('folders: [INBOX, {path: Sent, role: sent}, 2024]')],
    ['no mark', mailbox('processed: none')],
    ['a secret', mailbox('trust: {secret: {header: x-s, value: 0123456789abcdef}}')],
    ['no rules', top('rules: []')],
    [
      'rules',
      top(
        `rules:\n  - name: a\n    when: {all: [{not: {trusted: true}}, {any: [{part: subject, matches: '(\\d+)'}]}]}\n    then: {set: {case.priority: 3, case.labels: [a, 7], case.subject: }, add: {case.labels: x}}`,
      ),
    ],
    ['a mapping', top('headers: {map: [{header: X-A, sets: case.status, values: {on hold: pending, 1: }}]}')],
    ['sections and options without content', top('log:\nrules: ~\nschedule:\nbackoff: {first: }')],
    ['lists and choices without content', mailbox('own:\n    trust:\n    batch:\n    folders:\n    select:')],
    ['an alternative without content', database('database: {url: , embedded: ./data}')],
    ['a path beside folders without content', mailbox('folders:\n    path: b')],
    ['an embedded database', database('database: {embedded: ./data, pool: 5}')],
    ['an alias', top('').replace('imap:', 'imap: &a').concat('  - {name: b, imap: *a}\n')],
  ])('takes what the loader takes: %s', async (_name, yaml) => {
    expect(marks(yaml)).toEqual([]);
    expect(await loads(yaml)).toBe(true);
  });

  it.each([
    ['an unknown option', top('databse: x'), ' must NOT have additional properties'],
    [
      'an option in a wrong place',
      mailbox('password: x'),
      '/mailboxes/0 must NOT have additional properties',
    ],
    [
      'an unknown option of a map that could be a word',
      mailbox('trust: {hmac: x}'),
      '/mailboxes/0/trust must',
    ],
    [
      'a wrong word',
      mailbox('select: all'),
      '/mailboxes/0/select must be equal to one of the allowed values',
    ],
    ['a wrong word in a choice', mailbox('trust: some'), '/mailboxes/0/trust must be equal to one of'],
    ['a wrong role', mailbox('folders: [{path: a, role: snt}]'), '/mailboxes/0/folders/0/role must'],
    [
      'a flag that is none',
      mailbox('processed: {flag: \\Deleted}'),
      '/mailboxes/0/processed/flag must match',
    ],
    [
      'a keyword as flag',
      mailbox('processed: {flag: done}'),
      '/mailboxes/0/processed/flag must match pattern',
    ],
    ['a duration without unit', top('stop_timeout: 30'), '/stop_timeout must be string'],
    [
      'a size with a wrong unit',
      mailbox('message_bytes: 5TB'),
      '/mailboxes/0/message_bytes must match pattern',
    ],
    ['too many connections', database('database: {embedded: x, pool: 201}'), '/database/pool must be <= 200'],
    ['a port of 0', imap('password: p, port: 0'), '/mailboxes/0/imap/port must be >= 1'],
    ['a number that is none', imap('password: p, port: imaps'), '/mailboxes/0/imap/port must be integer'],
    ['yes', imap('password: p, allow_plaintext: yes'), '/mailboxes/0/imap/allow_plaintext must be boolean'],
    [
      'a password without value',
      imap('password: '),
      '/mailboxes/0/imap must match exactly one schema in oneOf',
    ],
    ['no password', imap('port: 993'), "/mailboxes/0/imap must have required property 'password'"],
    [
      'two databases',
      database('database: {url: postgres://h/m, embedded: x}'),
      '/database must match exactly',
    ],
    ['no database', database('database: {pool: 5}'), '/database must match exactly one schema in oneOf'],
    ['another database', database('database: {url: mysql://h/m}'), '/database/url must match pattern'],
    ['path beside folders', mailbox('folders: [a]\n    path: b'), '/mailboxes/0 must NOT be valid'],
    ['a word for a list', mailbox('own: example.com'), '/mailboxes/0/own must be array'],
    ['a list for a word', mailbox('start: [now]'), '/mailboxes/0/start must be string'],
    ['no folder', mailbox('folders: []'), '/mailboxes/0/folders must NOT have fewer than 1 items'],
    ['no mailbox', 'database: {embedded: x}\nmailboxes: []\n', '/mailboxes must NOT have fewer than 1 items'],
    ['a rule', top('rules: [{when: x}]'), '/rules/0/when must be object'],
    [
      'a condition far inside',
      top('rules: [{name: a, when: {all: [{not: {wen: 1}}]}, then: {stop: true}}]'),
      '/rules/0/when/all/0/not must NOT have additional properties',
    ],
    [
      'a value that is a map',
      top('rules: [{name: a, then: {set: {case.status: {a: b}}}}]'),
      '/rules/0/then/set/case.status must be string',
    ],
    ['a start that is none', mailbox('start: yesterday'), '/mailboxes/0/start must match pattern'],
    ['a reference that is escaped', mailbox('select: "$${NAME}"'), '/mailboxes/0/select must match pattern'],
    ['a name with a space', top('').replace('support', 'a b'), '/mailboxes/0/name must match pattern'],
  ])('refuses what the loader refuses: %s', async (_name, yaml, mark) => {
    expect(
      marks(yaml).some((each) => each.startsWith(mark)),
      marks(yaml).join('\n'),
    ).toBe(true);
    expect(await loads(yaml)).toBe(false);
  });
});
