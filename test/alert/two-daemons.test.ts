import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, it } from 'vitest';
import { Alarms } from '../../src/alert/alarms.ts';
import type { MailboxFacts } from '../../src/alert/observe.ts';
import { CONDITIONS } from '../../src/config/alert-schema.ts';
import { until } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

const since = new Date();
const REJECTED: MailboxFacts = {
  health: {
    ...{ name: 'support', tried: true, failingSince: since, unhealthy: undefined },
    ...{ overdueMs: 0, heldBy: undefined },
  },
  rejected: { since, why: 'refused', cure: undefined },
  ownHeaders: [],
};

it('one that tells no more does not silence the other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mailcase-two-'));
  const [program, out, good] = ['page-me', 'got', 'good'].map((name) => join(folder, name)) as [
    ...[string, string, string],
  ];
  await writeFile(out, '');
  await writeFile(program, `#!/bin/sh\n[ -e ${good} ] || exit 1\necho $MAILCASE_ALERT_STATE >> ${out}\n`);
  await chmod(program, 0o755);
  const alert = {
    ...{ command: [program], webhook: undefined, on: new Set(CONDITIONS) },
    ...{ repeat: 3_600_000, timeout: 10_000 },
  };
  const setup = { alert, mailboxes: ['support'], db: database.db };
  const make = () => new Alarms(setup, pino({ level: 'silent' }), (text) => text);
  const [one, other] = [make(), make()];
  one.follow(() => [REJECTED]);
  one.begin();
  try {
    const failed = async () =>
      (await rows(database.db, 'select 1 from alerts where failures > 0')).length > 0;
    await until(failed, 'an alarm could not be sent');
    await other.change({ ...setup, alert: undefined });
    await writeFile(good, '');
    await until(async () => (await readFile(out, 'utf8')) !== '', 'the alarm goes out');
    await one.stop();
    expect(await readFile(out, 'utf8')).toBe('alarm\n');
    expect(await rows(database.db, 'select mailbox, condition, is_told from alerts')).toEqual([
      { mailbox: 'support', condition: 'credentials', is_told: true },
    ]);
  } finally {
    await one.stop();
    await rm(folder, { recursive: true });
  }
}, 60_000);
