import { expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

it('the server gives up a transaction whose client says nothing long before a statement that takes its time', async () => {
  const [limits] = await rows<{ idle: string; statement: string }>(
    database.db,
    `select current_setting('idle_in_transaction_session_timeout') as idle,
       current_setting('statement_timeout') as statement`,
  );
  expect(limits).toEqual({ idle: '20s', statement: '1min' });
});
