import { afterAll, beforeAll, it } from 'vitest';
import { createDatabase, dropDatabase } from '../support/database.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { SEED } from '../support/seed.ts';
import { disturbing } from './disturbed.ts';
import { DOVECOT_FAULTS, type DovecotFault, dovecotFault } from './dovecot-faults.ts';
import { IS_LONG, scaled } from './scaled.ts';
import { startTapProxy, type TapProxy } from './tap-proxy.ts';

/** How often each fault is made in the long run, one kind after the other. */
const TIMES = 6;

/** Kinds that are tried one after the other. */
const KINDS_MIXED = scaled({ short: 2, long: 6 });

const POLL_TIMEOUT_MS = 2_000;

const timeout = IS_LONG ? 1_800_000 : 120_000;

let dovecot: Dovecot;
let proxy: TapProxy;

beforeAll(async () => {
  dovecot = await startDovecot();
  proxy = await startTapProxy({ host: dovecot.host, port: dovecot.imapPort });
});

afterAll(async () => {
  await proxy.close();
  await dovecot.stop();
});

async function disturbed(fault: string, kinds: readonly DovecotFault[], most = TIMES): Promise<void> {
  const database = await createDatabase(fault);
  const { url } = database;
  await database.db.destroy();
  await disturbing(
    {
      ...{ fault, dovecot, databaseUrl: url, adminUrl: url, imapPort: proxy.port },
      user: `${fault.replaceAll(/\W+/g, '-').toLowerCase()}@example.com`,
      pollTimeoutMs: POLL_TIMEOUT_MS,
    },
    async ({ strike, luck }) => {
      for (const kind of luck.shuffle(kinds).slice(0, most)) {
        await strike(dovecotFault(kind, { dovecot, proxy, pollTimeoutMs: POLL_TIMEOUT_MS }));
      }
    },
  );
  await dropDatabase(url);
}

const KINDS = Object.keys(DOVECOT_FAULTS) as DovecotFault[];

it(`${KINDS_MIXED} things that a Dovecot does to its clients (FUZZ_SEED=${SEED})`, { timeout }, () =>
  disturbed('Dovecot, faults of several kinds', KINDS, KINDS_MIXED),
);

it.runIf(IS_LONG).each(KINDS)(`%s, ${TIMES} times (FUZZ_SEED=${SEED})`, { timeout }, (kind) =>
  disturbed(DOVECOT_FAULTS[kind], Array<DovecotFault>(TIMES).fill(kind)),
);
