import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { connectDatabase } from '../../src/db/connect.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { compile } from './compiled.ts';
import { type DovecotServer, startDovecot } from './dovecot.ts';

/** What every test file is given: one PostgreSQL and one Dovecot for the whole run. */
declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    templateDatabase: string;
    /** Where test files note the databases that they left as evidence. */
    keptFile: string;
    dovecot: DovecotServer;
    /** The program's compiled file, for Node. */
    program: string;
  }
}

/** Starts the real servers and the template database that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const compiled = await compile();
  project.provide('program', compiled.main);
  const postgres = await startPostgres();
  const template = `mailcase_template_${process.pid}_${Date.now()}`;
  const dovecot = await startDovecot();
  await withDatabase(postgres.url, async (admin) => {
    await admin.raw(`create database ${template}`);
  });
  await withDatabase(replaceDatabase(postgres.url, template), async (db) => {
    await migrateUp(db);
  });
  const { host, imapPort, imapsPort, lmtpPort, caFile, password, folder, pid, logFile } = dovecot;
  const server = { host, imapPort, imapsPort, lmtpPort, caFile, password, folder, pid, logFile };
  project.provide('postgresUrl', postgres.url);
  project.provide('templateDatabase', template);
  project.provide('dovecot', server);
  const keptFile = join(tmpdir(), `${template}.kept`);
  project.provide('keptFile', keptFile);
  return async () => {
    await compiled.remove();
    await dovecot.stop();
    await withDatabase(postgres.url, async (admin) => {
      await admin.raw(`drop database if exists ${template} with (force)`);
    });
    const kept = (await readFile(keptFile, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    await rm(keptFile, { force: true });
    await postgres.stop(kept.length > 0);
    if (kept.length > 0) process.stderr.write(`kept as evidence: ${kept.join(', ')} in ${postgres.place}\n`);
  };
}

/** The server of TEST_DATABASE_URL (its user must be allowed to make databases), else an embedded one. */
async function startPostgres(): Promise<{ url: string; place: string; stop(keep: boolean): Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return { url: given, place: 'the server of TEST_DATABASE_URL', stop: async () => {} };
  const dataDir = await mkdtemp(join(tmpdir(), 'mailcase-test-postgres-'));
  // A crash of the machine costs nothing here, so nothing has to reach the disk.
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    max_connections: '200',
  };
  const server = await startEmbeddedPostgres({ dataDir, settings });
  return {
    url: server.url('postgres'),
    place: `${dataDir} (start it with database: {embedded: ${dataDir}})`,
    stop: async (keep) => {
      await server.stop();
      if (!keep && !process.env.KEEP_TEST_FOLDERS) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function withDatabase(
  url: string,
  work: (db: ReturnType<typeof connectDatabase>) => Promise<void>,
): Promise<void> {
  const db = connectDatabase(url, 2, { patient: true });
  try {
    await work(db);
  } finally {
    await db.destroy();
  }
}

function replaceDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
