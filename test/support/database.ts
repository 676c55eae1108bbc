import { appendFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { connectDatabase, type Database } from '../../src/db/connect.ts';

let counter = 0;

export interface TestDatabase {
  readonly db: Database;
  readonly url: string;
}

/**
 * A database of the test file's own, copied from the migrated template. It is dropped at the end, unless a test failed:
 * then it stays as evidence, and the end of the run says where.
 */
export function useDatabase(): TestDatabase {
  let state: TestDatabase | undefined;
  let failed = false;
  const get = () => {
    if (state === undefined) throw new Error('the database is there once the tests run');
    return state;
  };
  beforeAll(async () => {
    state = await createDatabase(basename(expect.getState().testPath ?? 'test', '.test.ts'));
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') failed = true;
  });
  afterAll(async () => {
    const { db, url } = get();
    await db.destroy();
    if (!failed) return dropDatabase(url);
    await appendFile(inject('keptFile'), `${new URL(url).pathname.slice(1)}\n`);
  });
  return {
    get db() {
      return get().db;
    },
    get url() {
      return get().url;
    },
  };
}

/** A fresh migrated database, for tests that need several. The caller drops it. */
export async function createDatabase(label: string): Promise<TestDatabase> {
  counter += 1;
  const name = `mailcase_${label.replace(/\W+/g, '_').toLowerCase().slice(0, 30)}_${process.pid}_${counter}`;
  await asAdmin(`create database ${name} template ${inject('templateDatabase')}`);
  const url = databaseUrl(name);
  return { db: connectDatabase(url, 5), url };
}

/** An empty database without any table. The caller drops it. */
export async function createEmptyDatabase(label: string): Promise<TestDatabase> {
  counter += 1;
  const name = `mailcase_${label}_${process.pid}_${counter}`;
  await asAdmin(`create database ${name}`);
  const url = databaseUrl(name);
  return { db: connectDatabase(url, 5, { patient: true }), url };
}

export async function dropDatabase(url: string): Promise<void> {
  await asAdmin(`drop database if exists ${new URL(url).pathname.slice(1)} with (force)`);
}

function databaseUrl(name: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdmin(sql: string): Promise<void> {
  const admin = connectDatabase(inject('postgresUrl'), 1, { patient: true });
  try {
    await admin.raw(sql);
  } finally {
    await admin.destroy();
  }
}
