import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/**
 * The rooms of src and what each may import beside itself. It goes one way: who stands further down uses who stands
 * further up. A file at the top of src is a room of its own, a new one is added here first.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  sizes: [],
  ahead: [],
  releasers: [],
  version: [],
  waiting: [],
  newest: [],
  terminal: [],
  message: ['errors', 'terminal'],
  trust: ['errors', 'message'],
  rules: ['errors', 'message', 'trust'],
  // What is asked of DNS, and the mathematics of DKIM.
  dkim: ['errors', 'waiting', 'newest', 'message', 'trust'],
  // It says what cannot be a rule, which the rules themselves know.
  config: ['errors', 'message', 'trust', 'rules'],
  observe: ['errors', 'terminal', 'config'],
  db: ['errors', 'waiting', 'config'],
  scheduler: ['errors', 'config', 'db'],
  alert: ['errors', 'waiting', 'terminal', 'config', 'observe', 'db'],
  // It asks for the parts of a large mail that are read, and hands them on put together.
  imap: ['errors', 'waiting', 'config', 'message'],
  // What mailboxes log in with: passwords, and tokens, which it asks for and keeps in the database.
  auth: ['errors', 'waiting', 'config', 'observe', 'db', 'imap'],
  history: ['errors', 'terminal', 'rules', 'db'],
  record: ['errors', 'sizes', 'message', 'trust', 'rules', 'db'],
  desk: ['errors', 'terminal', 'message', 'rules', 'db', 'record'],
  judge: ['errors', 'waiting', 'newest', 'config', 'imap', 'message', 'trust', 'rules', 'dkim', 'record'],
  entering: ['config', 'db', 'imap', 'record'],
  allowance: ['config', 'db', 'imap', 'record', 'entering'],
  'poll-context': [
    'errors',
    'allowance',
    'config',
    'db',
    'imap',
    'observe',
    'trust',
    'rules',
    'record',
    'judge',
  ],
  awaiting: ['terminal', 'imap', 'record', 'poll-context'],
  batches: ['errors', 'config', 'imap', 'record', 'sizes', 'poll-context', 'awaiting'],
  selection: ['config', 'imap', 'record'],
  counting: ['imap', 'record', 'selection'],
  'taking-up': ['imap', 'record', 'poll-context', 'counting'],
  marking: ['errors', 'imap', 'record', 'sizes', 'poll-context'],
  control: ['errors', 'record', 'judge'],
  recording: ['message', 'trust', 'rules', 'record', 'poll-context', 'batches', 'control'],
  poll: [
    ...['errors', 'config', 'imap', 'record', 'ahead', 'poll-context'],
    ...['batches', 'selection', 'entering', 'taking-up', 'marking', 'recording'],
  ],
  'poll-mailbox': [
    ...['errors', 'config', 'db', 'imap', 'auth', 'observe', 'trust', 'rules', 'record', 'judge', 'waiting'],
    ...['poll-context', 'poll', 'allowance'],
  ],
  quarantine: [
    ...[
      'errors',
      'terminal',
      'config',
      'message',
      'trust',
      'rules',
      'db',
      'imap',
      'auth',
      'observe',
      'record',
    ],
    ...['judge', 'poll-context', 'batches', 'entering', 'poll-mailbox'],
  ],
  'import-mail': [
    ...['allowance', 'errors', 'config', 'imap', 'record', 'sizes', 'poll-context'],
    ...['batches', 'selection', 'recording', 'poll', 'poll-mailbox'],
  ],
  check: [
    ...[
      'errors',
      'sizes',
      'terminal',
      'config',
      'message',
      'trust',
      'rules',
      'db',
      'imap',
      'auth',
      'record',
      'judge',
      // When a mailbox is unhealthy, and when it should have been polled.
      'scheduler',
      'alert',
    ],
    ...['selection', 'counting', 'entering', 'marking', 'allowance'],
  ],
  explain: [
    ...['errors', 'terminal', 'config', 'message', 'rules', 'db', 'imap', 'record', 'judge'],
    ...['selection', 'entering', 'allowance'],
  ],
  replay: [
    ...['errors', 'terminal', 'config', 'message', 'trust', 'rules', 'db', 'record', 'desk', 'judge'],
    ...['ahead', 'sizes', 'version'],
  ],
  daemon: [
    ...[
      'errors',
      'config',
      'db',
      'imap',
      'auth',
      'observe',
      'alert',
      'record',
      'scheduler',
      'judge',
      'waiting',
    ],
    ...['releasers', 'poll-context', 'selection', 'poll-mailbox'],
  ],
  demo: ['errors', 'config', 'db', 'history', 'observe', 'releasers', 'version', 'daemon'],
  cli: [
    ...['errors', 'terminal', 'config', 'message', 'trust', 'rules', 'db', 'history', 'observe', 'scheduler'],
    ...[
      'auth',
      'desk',
      'alert',
      'judge',
      'releasers',
      'waiting',
      'version',
      'poll-context',
      'import-mail',
      'quarantine',
      'check',
      'explain',
      'replay',
      'daemon',
    ],
    ...['demo'],
  ],
};

/** Libraries that have one door: what they can do is said there, in words of ours. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  imapflow: ['imap'],
  mailparser: ['message'],
  libmime: ['message'],
  tldts: ['message'],
  knex: ['db'],
  pg: ['db'],
  'node-cron': ['scheduler', 'config'],
  pino: ['observe'],
  'pino-pretty': ['observe'],
  zod: ['config'],
  yaml: ['config'],
  commander: ['cli'],
  'string-width': ['terminal'],
  piscina: ['judge'],
  re2js: ['rules'],
  mailauth: ['dkim'],
  'openid-client': ['auth'],
  jose: ['auth'],
  undici: ['auth'],
  socks: ['auth'],
  'node:dns': ['dkim'],
};

/** Files that import what they find out at run time: migrations, from outside src. */
const MAY_COMPUTE_IMPORTS = ['db/migrate.ts'];

const LONGEST_FILE = 350;

/** Longer than a file should be, each with its reason and its own limit. */
const LONG_FILES: Readonly<Record<string, number>> = {
  // Every option is declared once, in one place.
};

/** Paths below src and the files' text. */
type Tree = Readonly<Record<string, string>>;

interface Import {
  readonly file: string;
  /** What is written between the quotes; undefined where it is computed. */
  readonly specifier: string | undefined;
}

const STRING_OR_COMMENT =
  /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

/** Static, of types, for their effects, dynamic, in types, and by require. */
const IMPORT = new RegExp(
  [
    /\b(?:import|export)\b[^'"`;()=]*?\bfrom\s*(?<q1>['"])(?<from>[^'"\n]+)\k<q1>/,
    /\bimport\s*(?<q2>['"])(?<bare>[^'"\n]+)\k<q2>/,
    /\b(?:import|require|require\.resolve|import\.meta\.resolve)\s*\(\s*(?:(?<q3>['"`])(?<called>[^'"`\n$]+)\k<q3>|(?<computed>[^\s)]))/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

function importsOf(file: string, text: string): Import[] {
  const code = text.replace(STRING_OR_COMMENT, (_, string: string | undefined) => string ?? ' ');
  return [...code.matchAll(IMPORT)].map(({ groups = {} }) => ({
    file,
    specifier: groups.from ?? groups.bare ?? groups.called,
  }));
}

/** `db` of `db/migrate.ts`, `poll-mailbox` of `poll-mailbox.ts`. */
function roomOf(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? file;
}

/** Where a relative import leads, below src. */
function targetOf({ file, specifier = '' }: Import): string {
  return posix.join(posix.dirname(file), specifier);
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Everything in a tree that breaks the house's order, a line each. */
function violations(tree: Tree): string[] {
  const imports = Object.entries(tree).flatMap(([file, text]) => importsOf(file, text));
  return [
    ...Object.keys(tree).flatMap(unknownRoom),
    ...imports.flatMap(wrongImport),
    ...cycles(tree, imports),
    ...Object.entries(tree).flatMap(([file, text]) => tooLong(file, text)),
  ];
}

function unknownRoom(file: string): string[] {
  return roomOf(file) in MAY_IMPORT ? [] : [`${file}: its room is not in the table`];
}

function wrongImport(found: Import): string[] {
  const { file, specifier } = found;
  if (specifier === undefined) {
    return MAY_COMPUTE_IMPORTS.includes(file) ? [] : [`${file}: imports what cannot be seen before it runs`];
  }
  const room = roomOf(file);
  if (!specifier.startsWith('.')) {
    const doors = ONLY_IN[packageOf(specifier)];
    return doors === undefined || doors.includes(room)
      ? []
      : [`${file}: ${specifier} is for ${doors.join(', ')}`];
  }
  const target = targetOf(found);
  if (target.startsWith('../')) return [`${file}: ${specifier} leads out of src`];
  if (!target.endsWith('.ts')) return [`${file}: ${specifier} has no extension .ts`];
  const other = roomOf(target);
  if (other === room || MAY_IMPORT[room]?.includes(other)) return [];
  return [`${file}: ${room} must not import ${other} (${specifier})`];
}

/** Each circle of files once, beginning at the first by name. */
function cycles(tree: Tree, imports: readonly Import[]): string[] {
  const edges = new Map(Object.keys(tree).map((file) => [file, new Set<string>()]));
  for (const each of imports) {
    const target = targetOf(each);
    if (each.specifier?.startsWith('.') && target in tree) edges.get(each.file)?.add(target);
  }
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start !== -1) {
      const circle = path.slice(start);
      const first = circle.indexOf([...circle].sort()[0] ?? file);
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      found.add(`cycle: ${[...turned, turned[0]].join(' → ')}`);
      return;
    }
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return [...found];
}

function tooLong(file: string, text: string): string[] {
  const lines = text.trimEnd().split('\n').length;
  const limit = LONG_FILES[file] ?? LONGEST_FILE;
  return lines <= limit ? [] : [`${file}: ${lines} lines, more than ${limit}`];
}

function readTree(folder: string): Tree {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return Object.fromEntries(
    names.sort().map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name), 'utf8')]),
  );
}

describe('src', () => {
  const tree = readTree(SRC);

  it('keeps its order', () => {
    expect(violations(tree)).toEqual([]);
  });

  it('was read: its files and what they import are there', () => {
    const imports = Object.entries(tree).flatMap(([file, text]) => importsOf(file, text));
    expect(imports).toContainEqual({ file: 'recording.ts', specifier: './record/record-batch.ts' });
    expect(imports).toContainEqual({ file: 'cli/commands/service.ts', specifier: '../run.ts' });
    expect(imports).toContainEqual({ file: 'imap/session.ts', specifier: 'imapflow' });
    // Every statement of import at the beginning of a line is among them.
    for (const [file, text] of Object.entries(tree)) {
      const statements = text.match(/^(import|export) [^=(]*? from '/gm) ?? [];
      const seen = imports.filter((each) => each.file === file);
      expect(seen.length, file).toBeGreaterThanOrEqual(statements.length);
    }
  });

  it('has all its rooms in the table, one way only', () => {
    const names = Object.keys(MAY_IMPORT);
    for (const [room, others] of Object.entries(MAY_IMPORT)) {
      for (const other of others)
        expect(names.indexOf(other), `${room} ← ${other}`).toBeLessThan(names.indexOf(room));
    }
    expect(names).toEqual(expect.arrayContaining([...new Set(Object.keys(tree).map(roomOf))]));
  });

  it('makes no exception for files that do not need it', () => {
    for (const [file, limit] of Object.entries(LONG_FILES)) {
      const lines = tree[file]?.split('\n').length ?? 0;
      expect(lines, file).toBeGreaterThan(LONGEST_FILE);
      expect(limit - lines, file).toBeLessThan(50);
    }
    for (const file of MAY_COMPUTE_IMPORTS) expect(tree).toHaveProperty([file]);
    expect(dirname(SRC)).not.toBe(SRC);
  });
});

describe('violations', () => {
  it.each([
    ['static', `import { x } from '../record/store.ts';`],
    ['over several lines', `import {\n  x,\n  type Y,\n} from '../record/store.ts';`],
    ['of a type', `import type { X } from '../record/store.ts';`],
    ['of everything', `import * as store from '../record/store.ts';`],
    ['for its effect', `import '../record/store.ts';`],
    ['handed on', `export { x } from '../record/store.ts';`],
    ['handed on whole', `export * from "../record/store.ts";`],
    ['a type handed on', `export type { X } from '../record/store.ts';`],
    ['dynamic', `const { x } = await import('../record/store.ts');`],
    ['dynamic, in a template', 'const { x } = await import(`../record/store.ts`);'],
    ['in a type', `let x: import('../record/store.ts').X;`],
    ['required', `const x = require('../record/store.ts');`],
    [
      'after a comment and a URL',
      `// see http://x/y\nconst u = 'http://x'; import { x } from '../record/store.ts';`,
    ],
    ['after another', `import 'node:fs';\nimport { x } from '../record/store.ts';`],
  ])('sees an import against the direction: %s', (_way, text) => {
    expect(violations({ 'message/parse.ts': text, 'record/store.ts': '' })).toEqual([
      'message/parse.ts: message must not import record (../record/store.ts)',
    ]);
  });

  it.each([
    ['config/load.ts', '../db/connect.ts', 'config must not import db'],
    ['rules/trust.ts', '../config/schema.ts', 'rules must not import config'],
    ['record/store.ts', '../imap/fetch.ts', 'record must not import imap'],
    ['record/store.ts', '../poll.ts', 'record must not import poll'],
    ['imap/fetch.ts', '../db/connect.ts', 'imap must not import db'],
    ['judge.ts', './poll.ts', 'judge must not import poll'],
    ['poll.ts', './poll-mailbox.ts', 'poll must not import poll-mailbox'],
    ['poll.ts', './daemon.ts', 'poll must not import daemon'],
    ['daemon.ts', './cli/run.ts', 'daemon must not import cli'],
    ['errors.ts', './sizes.ts', 'errors must not import sizes'],
  ])('%s must not import %s', (file, specifier, message) => {
    expect(violations({ [file]: `import { x } from '${specifier}';` })).toEqual([
      `${file}: ${message} (${specifier})`,
    ]);
  });

  it('allows what the table allows, within a room, and in comments', () => {
    const tree = {
      'errors.ts': '',
      'db/connect.ts': `import knex from 'knex';\nimport pg from 'pg';\nimport { x } from '../errors.ts';`,
      'db/insert.ts': `import type { X } from './connect.ts';\n// import { y } from '../record/store.ts';`,
      'record/store.ts': `/* import '../poll.ts'; */\nimport { x } from '../db/insert.ts';`,
      'scheduler/schedule.ts': `import cron from 'node-cron';`,
      'config/checks.ts': `import { validate } from 'node-cron';`,
      'db/migrate.ts': 'const m = await import(`${name}.ts`);',
    };
    expect(violations(tree)).toEqual([]);
  });

  it.each([
    ['imapflow', 'poll.ts'],
    ['imapflow/lib/tools.js', 'record/store.ts'],
    ['mailparser', 'imap/fetch.ts'],
    ['knex', 'record/store.ts'],
    ['pg', 'daemon.ts'],
    ['node-cron', 'daemon.ts'],
    ['pino', 'poll.ts'],
    ['zod', 'cli/run.ts'],
  ])('keeps %s out of %s', (name, file) => {
    for (const text of [
      `import x from '${name}';`,
      `import type { X } from '${name}';`,
      `await import('${name}');`,
    ]) {
      expect(violations({ [file]: text })).toEqual([expect.stringContaining(`${file}: ${name} is for `)]);
    }
  });

  it('sees cycles, of values and of types, each once', () => {
    const tree = {
      'record/a.ts': `import { b } from './b.ts';`,
      'record/b.ts': `import type { C } from './c.ts';`,
      'record/c.ts': `export * from './a.ts';`,
      'record/d.ts': `import './a.ts';\nimport './e.ts';`,
      'record/e.ts': `await import('./d.ts');`,
      'record/self.ts': `import './self.ts';`,
    };
    expect(violations(tree)).toEqual([
      'cycle: record/a.ts → record/b.ts → record/c.ts → record/a.ts',
      'cycle: record/d.ts → record/e.ts → record/d.ts',
      'cycle: record/self.ts → record/self.ts',
    ]);
  });

  it('takes two ways to one file for no cycle', () => {
    const tree = {
      'record/a.ts': `import './b.ts';\nimport './c.ts';`,
      'record/b.ts': `import './d.ts';`,
      'record/c.ts': `import './d.ts';`,
      'record/d.ts': '',
    };
    expect(violations(tree)).toEqual([]);
  });

  it('counts lines', () => {
    expect(violations({ 'poll.ts': 'x\n'.repeat(350) })).toEqual([]);
    expect(violations({ 'poll.ts': 'x\n'.repeat(351) })).toEqual(['poll.ts: 351 lines, more than 350']);
  });

  it('sees rooms that nobody put into the table, ways out of src, and imports that cannot be read', () => {
    expect(violations({ 'helpers/misc.ts': '' })).toEqual(['helpers/misc.ts: its room is not in the table']);
    expect(violations({ 'cli/x.ts': `import '../../test/support/mail.ts';` })).toEqual([
      'cli/x.ts: ../../test/support/mail.ts leads out of src',
    ]);
    expect(violations({ 'db/x.ts': `import './y.js';` })).toEqual(['db/x.ts: ./y.js has no extension .ts']);
    for (const text of ['await import(name);', 'await import(`./${name}.ts`);']) {
      expect(violations({ 'db/x.ts': text })).toEqual([
        'db/x.ts: imports what cannot be seen before it runs',
      ]);
    }
  });
});
