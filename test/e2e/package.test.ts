import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { knownMigrations } from '../../src/db/migrate.ts';
import { version } from '../../src/version.ts';
import { createEmptyDatabase, dropDatabase } from '../support/database.ts';
import { writeConfig } from '../support/mailcase.ts';
import { rows } from '../support/poll.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

const undo: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const release of undo.reverse()) await release();
});

test('the package installs globally, says its version and migrates under the same names as a checkout', async () => {
  const prefix = await mkdtemp(join(tmpdir(), 'mailcase-package-'));
  undo.push(() => rm(prefix, { recursive: true, force: true }));
  const packed = await run('npm', ['pack', '--json', '--silent', '--pack-destination', prefix], {
    cwd: ROOT,
  });
  const [{ filename, files }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'config/mailcase.example.yaml',
      'config/mailcase.schema.json',
      'config/mailcase.service',
      'config/reference.md',
      // What the README links to, at the place where it links to it.
      'migrations/tables.md',
      'config/sending/nodemailer.mjs',
    ]),
  );
  expect(paths.filter((path) => path.endsWith('.d.ts') || path.startsWith('test/'))).toEqual([]);
  const install = ['install', '--global', '--prefix', prefix, '--omit=optional', '--no-fund', '--no-audit'];
  await run('npm', [...install, join(prefix, filename)], { cwd: prefix });

  const program = join(prefix, 'bin', 'mailcase');
  expect((await run(program, ['--version'])).stdout.trim()).toBe(version());
  // What the first command says comes along is there, and the next is typed as the package is called.
  const init = async (startedBy: string, ...more: string[]) => {
    const env = { ...process.env, npm_command: startedBy };
    const { stdout } = await run(program, ['init', '--provider', 'imap', '--json', ...more], {
      cwd: prefix,
      env,
    });
    return JSON.parse(stdout) as { commands: string[]; reference: string[] };
  };
  const made = await init('');
  expect(made.commands).toEqual(['mailcase migrate up', 'mailcase check']);
  const byNpx = await init('exec', '--output', '-');
  expect(byNpx.commands).toEqual(['npx mailcase migrate up', 'npx mailcase check']);
  for (const file of made.reference) expect(existsSync(resolve(prefix, file)), file).toBe(true);
  const { db, url } = await createEmptyDatabase('package');
  undo.push(() => dropDatabase(url));
  undo.push(() => db.destroy());
  const imap = { host: '127.0.0.1', tls: 'none', user: 'a@b.example', password: 'unused' };
  const config = await writeConfig({ database: { url }, mailboxes: [{ name: 'support', imap }] });
  undo.push(config.remove);
  const up = await run(program, ['migrate', 'up', '--config', config.file]);
  const names = await knownMigrations();
  expect(up.stdout.trim().split('\n')).toEqual(names.map((name) => `applied: ${name}`));
  expect(await rows(db, 'select name from schema_migrations order by id')).toEqual(
    names.map((name) => ({ name })),
  );
}, 180_000);
