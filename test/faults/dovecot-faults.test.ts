import { afterAll, beforeAll, it } from 'vitest';
import { createDatabase, dropDatabase } from '../support/database.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { SEED } from '../support/seed.ts';
import { disturbing } from './disturbed.ts';
import { DOVECOT_FAULTS, type DovecotFault, dovecotFault } from './dovecot-faults.ts';
import { IS_LONG } from './scaled.ts';
import { startTapProxy, type TapProxy } from './tap-proxy.ts';

/** How often each fault is made in the long run, one kind after the other. */
const TIMES = 8;

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

async function disturbed(fault: string, kinds: readonly DovecotFault[]): Promise<void> {
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
      for (const kind of luck.shuffle(kinds)) {
        await strike(dovecotFault(kind, { dovecot, proxy, pollTimeoutMs: POLL_TIMEOUT_MS }));
      }
    },
  );
  await dropDatabase(url);
}

const KINDS = Object.keys(DOVECOT_FAULTS) as DovecotFault[];

it(`all that a Dovecot can do to its clients, one after the other (FUZZ_SEED=${SEED})`, { timeout }, () =>
  disturbed('Dovecot, a fault of each kind', KINDS),
);

it.runIf(IS_LONG).each(KINDS)(`%s, ${TIMES} times (FUZZ_SEED=${SEED})`, { timeout }, (kind) =>
  disturbed(DOVECOT_FAULTS[kind], Array<DovecotFault>(TIMES).fill(kind)),
);
