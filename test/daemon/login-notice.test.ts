import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { expect, it } from 'vitest';
import { LoginNotice } from '../../src/daemon/login-notice.ts';
import type { Station } from '../../src/daemon/station.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { MailcaseError } from '../../src/errors.ts';
import { MailboxRunner } from '../../src/scheduler/mailbox-runner.ts';
import { loadOAuth2 } from '../auth/servers.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';

const database = useDatabase();

it('takes no connection for longer than a moment, however long the database is silent', async () => {
  const proxy = await startDatabaseProxy(database.url);
  await proxy.open();
  const db = connectDatabase(proxy.url, 2);
  const { mailbox } = await loadOAuth2({
    name: 'rests',
    imap: {
      ...{ host: 'imap.example.com', user: 'u@example.com' },
      oauth2: { flow: 'refresh_token', client_id: 'app', token_url: 'https://login.example.com/token' },
    },
  });
  const rejected = new MailcaseError('imap_credentials', 'the refresh token is not taken any more');
  const runner = new MailboxRunner(
    () => Promise.reject(rejected),
    { first: 60_000, longest: 60_000, credentials: 60_000, throttled: 60_000 },
    { onSkipped: () => {}, onFailed: () => {}, onSlowed: () => {}, onRecovered: () => {} },
  );
  runner.tick();
  // Both connections are there.
  await Promise.all([db.raw('select pg_sleep(0.2)'), db.raw('select pg_sleep(0.2)')]);
  const polls = { log: pino({ level: 'silent' }) };
  const notice = new LoginNotice(db, { mailbox, runner, polls } as unknown as Station);
  try {
    proxy.stall();
    // Longer than several looks.
    await sleep(17_000);
    proxy.flow();
    const began = performance.now();
    await db.raw('select 1');
    expect(performance.now() - began).toBeLessThan(5_000);
  } finally {
    notice.end();
    await runner.stop();
    await proxy.close();
    await db.destroy();
  }
}, 60_000);
