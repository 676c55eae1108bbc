import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, expect, it } from 'vitest';
import { type AlarmSetup, Alarms } from '../../src/alert/alarms.ts';
import type { MailboxFacts } from '../../src/alert/observe.ts';
import { CONDITIONS } from '../../src/config/alert-schema.ts';
import { until } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
  await rows(database.db, 'truncate alerts');
});

const since = new Date();
const REJECTED: MailboxFacts = {
  health: {
    ...{ name: 'support', tried: true, failingSince: since, unhealthy: undefined },
    ...{ overdueMs: 0, heldBy: undefined },
  },
  rejected: { since, why: 'refused', cure: undefined },
  ownHeaders: [],
};

/** A program with a script, which is given what stands beside it. */
async function scripted(script: (beside: (name: string) => string) => string): Promise<{
  program: string;
  beside: (name: string) => string;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-alarms-'));
  undo.push(() => rm(folder, { recursive: true }));
  const beside = (name: string) => join(folder, name);
  const program = beside('page-me');
  await writeFile(program, `#!/bin/sh\n${script(beside)}\n`);
  await chmod(program, 0o755);
  return { program, beside };
}

function setupOf(program: string, timeout: number) {
  const alert = {
    ...{ command: [program], webhook: undefined, on: new Set(CONDITIONS) },
    ...{ repeat: 3_600_000, timeout },
  };
  return { alert, mailboxes: ['support'], db: database.db };
}

function alarmsOf(setup: AlarmSetup): Alarms {
  const alarms = new Alarms(setup, pino({ level: 'silent' }), (text) => text);
  undo.push(() => alarms.stop());
  alarms.follow(() => [REJECTED]);
  return alarms;
}

const isThere = async (condition: string) =>
  (await rows(database.db, `select 1 from alerts where ${condition}`)).length > 0;

it('a daemon that tells no more does not silence the other', async () => {
  const { program, beside } = await scripted(
    (file) => `[ -e ${file('good')} ] || exit 1\necho $MAILCASE_ALERT_STATE >> ${file('got')}`,
  );
  const setup = setupOf(program, 10_000);
  const [one, other] = [alarmsOf(setup), alarmsOf(setup)];
  one.begin();
  await until(() => isThere('failures > 0'), 'an alarm could not be sent');
  await other.change({ ...setup, alert: undefined });
  await writeFile(beside('good'), '');
  await until(() => isThere('is_told'), 'the alarm goes out');
  await one.stop();
  expect(await readFile(beside('got'), 'utf8')).toBe('alarm\n');
}, 60_000);

it('a command that ignores SIGTERM is ended by a stop, and the next start sends at once', async () => {
  const { program } = await scripted(() => `trap '' TERM\nsleep 600`);
  const alarms = alarmsOf(setupOf(program, 300_000));
  alarms.begin();
  await until(() => isThere('claims > 0'), 'it is started');
  await alarms.stop();
  expect(await rows(database.db, 'select not_before, failures, is_told from alerts')).toEqual([
    { not_before: null, failures: 0, is_told: false },
  ]);
}, 60_000);
