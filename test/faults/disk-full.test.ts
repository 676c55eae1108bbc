import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'vitest';
import { clusterFolder } from '../../src/db/embedded-cluster.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { SEED } from '../support/seed.ts';
import { disturbing, type Fault } from './disturbed.ts';
import { createOwnDatabase, type OwnDatabase } from './own-database.ts';
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts';
import { untilFailing } from './postgres-faults.ts';
import { IS_LONG } from './scaled.ts';
import { CAN_MOUNT, mountSmallDisk, type SmallDisk } from './small-disk.ts';

/** In the long run alone; in `npm test` a trigger plays the full disk (test/e2e/quarantine.test.ts). */
const IS_POSSIBLE = IS_LONG && CAN_MOUNT;
if (IS_LONG && !CAN_MOUNT)
  process.stderr.write('left out: a full disk of Postgres, which needs root and mount\n');

const TIMES = 6;

/** A database of some hundred mails has room on it, and two segments of the write-ahead log have. */
const DISK_MEGABYTES = 96;

const POLL_TIMEOUT_MS = 5_000;

const timeout = 1_200_000;

let dovecot: Dovecot;
let postgres: OwnPostgres;
let disk: SmallDisk;

beforeEach(async () => {
  if (!IS_POSSIBLE) return;
  const settings = { min_wal_size: '32MB', max_wal_size: '32MB' };
  [dovecot, postgres, disk] = await Promise.all([
    startDovecot(),
    startOwnPostgres({ settings }),
    mountSmallDisk(DISK_MEGABYTES),
  ]);
});

afterEach(async () => {
  if (!IS_POSSIBLE) return;
  await Promise.all([dovecot.stop(), postgres.remove()]);
  await disk.remove();
});

const label = (what: string) => `${what} is full, ${TIMES} times, and has room again (FUZZ_SEED=${SEED})`;

it.runIf(IS_POSSIBLE)(label('the disk of the tables'), { timeout }, async () => {
  const space = join(disk.folder, 'space');
  await mkdir(space);
  await postgres.give(space);
  const database = await createOwnDatabase(postgres, 'full_tables', {
    tablespace: { name: 'small', folder: space },
  });
  await disturbed('the disk of the tables full', database, async (scene) => {
    await disk.fill();
    scene.arrivals.bring(20);
    await untilFailing(scene);
    await disk.free();
  });
});

// Postgres ends itself where it cannot write its log, and again while it recovers: an operator starts it then.
it.runIf(IS_POSSIBLE)(label('the disk of the write-ahead log'), { timeout }, async () => {
  const database = await createOwnDatabase(postgres, 'full_log');
  await moveLog();
  await disturbed('the disk of the write-ahead log full', database, async (scene) => {
    await disk.fill();
    const failing = untilFailing(scene);
    const useUp = setInterval(() => {
      // Begins a new segment, for which there is no room; it fails once the server is gone.
      database.admin('select pg_switch_wal()').catch(() => {});
    }, 200);
    await failing.finally(() => clearInterval(useUp));
    await disk.free();
    await postgres.start();
  });
});

function disturbed(fault: string, database: OwnDatabase, make: Fault['make']): Promise<void> {
  const setting = {
    ...{ fault, dovecot, databaseUrl: database.url, adminUrl: database.adminUrl },
    user: `${database.name}@example.com`,
    imapPort: dovecot.imapPort,
    pollTimeoutMs: POLL_TIMEOUT_MS,
  };
  return disturbing(setting, async ({ strike }) => {
    for (let time = 0; time < TIMES; time += 1) await strike({ name: fault, isTold: true, make });
  });
}

/** Puts the write-ahead log on the small disk. */
async function moveLog(): Promise<void> {
  await postgres.end('fast');
  const log = join(clusterFolder(postgres.dataDir), 'pg_wal');
  const moved = join(disk.folder, 'pg_wal');
  await cp(log, moved, { recursive: true });
  await postgres.give(moved);
  await rename(log, `${log}.before`);
  await symlink(moved, log);
  await postgres.start();
  await rm(`${log}.before`, { recursive: true });
}
