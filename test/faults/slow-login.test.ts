import { describe, expect, test } from 'vitest';
import { Scene } from '../providers/scene.ts';
import { useDatabase } from '../support/database.ts';
import { startExchangeLike } from '../support/providers.ts';
import { IS_LONG } from './scaled.ts';

const database = useDatabase();

/** What was seen at Exchange, in milliseconds. */
const LOGIN_MS = 30_000;

describe.runIf(IS_LONG)('a server takes its time', () => {
  test('a login of 30 s is waited for, poll after poll', { timeout: 300_000 }, async () => {
    const like = await startExchangeLike();
    try {
      const scene = new Scene(database.db, like, 'slow@example.com', await like.mailbox('slow@example.com'));
      like.ways.loginMs = LOGIN_MS;
      for (const subject of ['one', 'two']) {
        await scene.arrive(subject);
        const begun = performance.now();
        expect(await scene.poll()).toMatchObject({ recorded: 1 });
        expect(performance.now() - begun).toBeGreaterThanOrEqual(LOGIN_MS - 100);
      }
      expect(await scene.seen()).toEqual([1, 2]);
    } finally {
      await like.stop();
    }
  });
});
