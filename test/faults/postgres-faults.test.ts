import { afterAll, beforeAll, it } from 'vitest';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { SEED } from '../support/seed.ts';
import { disturbing } from './disturbed.ts';
import { createOwnDatabase } from './own-database.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';
import { POSTGRES_FAULTS, type PostgresFault, postgresFault } from './postgres-faults.ts';
import { IS_LONG, scaled } from './scaled.ts';

/** How often each fault is made in the long run, one kind after the other. */
const TIMES = 6;

/** Kinds that are tried one after the other. */
const KINDS_MIXED = scaled({ short: 3, long: 7 });

const POLL_TIMEOUT_MS = 5_000;

const timeout = IS_LONG ? 1_800_000 : 120_000;

let dovecot: Dovecot;
let postgres: OwnPostgres;

beforeAll(async () => {
  // Few connections, so that they are soon taken.
  const settings = { max_connections: '16', superuser_reserved_connections: '4' };
  [dovecot, postgres] = await Promise.all([startDovecot(), startOwnPostgres({ settings })]);
});

afterAll(async () => {
  await Promise.all([dovecot.stop(), postgres.remove()]);
});

/** A daemon on a database of its own, with faults of the server one after the other. */
async function disturbed(fault: string, kinds: readonly PostgresFault[], most = TIMES): Promise<void> {
  const name = `faults_${fault.replaceAll(/\W+/g, '_').toLowerCase()}`.slice(0, 50);
  const database = await createOwnDatabase(postgres, name);
  await disturbing(
    {
      ...{ fault, dovecot, databaseUrl: database.url, adminUrl: database.adminUrl },
      user: `${name}@example.com`,
      imapPort: dovecot.imapPort,
      pollTimeoutMs: POLL_TIMEOUT_MS,
    },
    async ({ strike, luck }) => {
      for (const kind of luck.shuffle(kinds).slice(0, most))
        await strike(postgresFault(kind, { postgres, database }));
    },
  );
}

const KINDS = Object.keys(POSTGRES_FAULTS) as PostgresFault[];

it(`${KINDS_MIXED} things that a Postgres does to its clients (FUZZ_SEED=${SEED})`, { timeout }, () =>
  disturbed('Postgres, faults of several kinds', KINDS, KINDS_MIXED),
);

it.runIf(IS_LONG).each(KINDS)(`%s, ${TIMES} times (FUZZ_SEED=${SEED})`, { timeout }, (kind) =>
  disturbed(POSTGRES_FAULTS[kind], Array<PostgresFault>(TIMES).fill(kind)),
);
