import { expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { judges } from '../support/poll.ts';
import { SEED } from '../support/seed.ts';
import { fuzz } from './fuzz-run.ts';

const database = useDatabase();

it(`500 mutated mails are each recorded or set aside (FUZZ_SEED=${SEED})`, { timeout: 120_000 }, async () => {
  const report = await fuzz(database.db, judges, { seed: SEED, runs: 500 });
  expect(report.recorded + report.duplicate + report.quarantined).toBe(500);
  expect(report.reasons).toEqual([]);
});
