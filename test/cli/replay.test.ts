import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recordTogether } from '../../src/record/record-batch.ts';
import { deskOn } from '../desk/desk.ts';
import { incoming } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import {
  type ConfigFile,
  mailboxSection,
  runMailcase,
  startMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { RECORDING } from '../support/poll.ts';
import { dumpOf } from '../support/untouched.ts';

const database = useDatabase();
const desk = deskOn(database);

let config: ConfigFile;

beforeAll(async () => {
  config = await writeConfig({
    database: { url: database.url },
    headers: { prefix: 'x-shop-' },
    mailboxes: [mailboxSection('nobody@example.com', { own: ['example.com'], trust: 'all' })],
  });
});
afterAll(() => config.remove());
beforeEach(() => desk.clear());

const ann = { From: 'Ann Asker <ann@asker.example>', Subject: 'Lamp' };
const run = (...args: string[]) =>
  runMailcase(['replay', ...args, '--config', config.file], { SUDO_USER: 'sudo-ann' });

describe('mailcase replay', () => {
  it('tells what would change, then does it, and the second time has nothing to do', async () => {
    await desk.record([{ ...ann, 'x-shop-case-priority': '8', 'x-desk-case-external-id': 'ORDER-7' }]);
    const before = await dumpOf(database.db);
    expect(await run()).toEqual({
      ...{ code: 0, signal: null, stderr: '' },
      stdout: `case 1 · ORDER-7 · Lamp
  priority: (empty) → 8  x-shop-case-priority, interaction 1

1 mail: 1 would change (1 case). Nothing was changed: the same command with --apply does it.
`,
    });
    expect(await dumpOf(database.db)).toBe(before);
    expect((await run('--apply', '--case', 'ORDER-7')).stdout).toMatch(
      /→ 8 .*\n\n1 mail: 1 was changed \(1 case\)\.\n$/s,
    );
    expect(await desk.query(`select actor, reason from case_events where replayed`)).toEqual([
      { actor: 'sudo-ann', reason: 'replay: x-shop-case-priority' },
    ]);
    const after = await dumpOf(database.db);
    expect((await run('--apply')).stdout).toBe(
      '1 mail: nothing to change; all were held against these rules before.\n',
    );
    expect(await dumpOf(database.db)).toBe(after);
  });

  it('answers as JSON, in the names of the tables', async () => {
    await desk.record([{ ...ann, 'x-shop-case-priority': '8', 'x-shop-case-status': 'reopened' }]);
    const { code, stdout } = await run('--json', '--by', 'Ann Agent');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ...{
        dry_run: true,
        mails: 1,
        known: 0,
        unmatched: 0,
        looked_at: 1,
        changed: 1,
        rerecorded: 0,
        cannot: 0,
      },
      ...{ remaining: 0, customers: [], left: [], left_out: 0 },
      cases: [
        {
          ...{ case_id: 1, external_id: null, subject: 'Lamp', interactions: [] },
          changes: [
            { field: 'priority', old: null, new: '8', by: ['x-shop-case-priority'], interaction_id: 1 },
          ],
          withheld: [
            {
              ...{ by: 'x-shop-case-status', field: null, value: 'reopened', how: null, interaction_id: 1 },
              reason: 'not one of new, open, pending, resolved, closed',
            },
          ],
        },
      ],
    });
  });

  it('is seen where a case is looked at', async () => {
    await desk.record([
      { ...ann, '@minute': '1', 'x-shop-case-external-id': 'ABC-1' },
      { ...ann, '@minute': '2', 'x-shop-case-external-id': 'ABC-1', 'x-shop-customer-company': 'Lamps' },
    ]);
    await run('--apply', '--by', 'Rita');
    const shown = await runMailcase(['case', '1', '--why', '--config', config.file]);
    expect(shown.stdout).toMatch(
      /interaction 2: case 2 → case 1 {2}by Rita, replay: x-shop-case-external-id/,
    );
    expect(shown.stdout).toMatch(/here because: x-shop-case-external-id names it/);
    expect(shown.stdout).toMatch(
      /external_id: ABC-1\n +Rita, interaction 1, .*: replay: x-shop-case-external-id/,
    );
    const history = await runMailcase(['history', 'ann@asker.example', '--config', config.file]);
    expect(history.stdout).toMatch(/replayed: company Lamps, by Rita, .*, replay: x-shop-customer-company/);
  });

  it.each([
    [['--limit', '0', '--since', 'never'], /--since is no date: .*\n--limit is no number of mails/],
    [['--since', '2026-01-02', '--until', '2026-01-01'], /--since is not before --until/],
    [['--case', ' '], /--case is empty/],
    [['--mailbox', 'suport'], /there is no mailbox suport: did you mean support\?/],
    [['--by', ' '], /nobody acts: say who you are with --by NAME/],
  ])('%j ends with 2', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('a case that is not there ends with 1; one that was merged is the one that stands for it', async () => {
    expect(await run('--case', '9')).toMatchObject({
      code: 1,
      stderr: 'mailcase: there is no case with the number or the external id 9\n',
    });
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'B', 'x-shop-case-priority': '8' }]);
    await runMailcase(['case', 'merge', '1', '2', '--config', config.file]);
    expect((await run('--case', 'B')).stdout).toMatch(/^case 1 · Lamp\n {2}priority: \(empty\) → 8/);
  });
});

describe('a replay that is ended', () => {
  const MAILS = 400;
  beforeEach(async () => {
    const batch = [];
    for (let i = 0; i < MAILS; i += 1) {
      batch.push(
        await incoming({
          ...{ From: `p${i % 50}@p.example`, 'Message-ID': `<m${i}@x>`, '@minute': String(i) },
          ...{ 'x-shop-case-external-id': `E-${i % 20}`, 'x-shop-case-custom-last': String(i) },
          'x-shop-customer-company': `C${i}`,
        }),
      );
    }
    await recordTogether(database.db, batch, { flood: { ...RECORDING.flood, messages: MAILS } });
  });
  const known = async () =>
    (
      await desk.query<{ n: number }>(
        'select count(*) as n from interaction_contents where replayed_with is not null',
      )
    )[0]?.n ?? 0;

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'by %s goes on, and comes to what one comes to that was not',
    async (signal) => {
      const running = startMailcase(['replay', '--apply', '--config', config.file]);
      while ((await known()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      running.child.kill(signal);
      const { code, stdout } = await running.finished;
      const done = await known();
      expect(done).toBeLessThan(MAILS);
      if (signal === 'SIGINT') {
        expect(code).toBe(1);
        expect(stdout).toMatch(
          new RegExp(`${MAILS - done} not looked at\\. The same\\s+command\\s+goes on\\.\\n$`),
        );
      }
      const rest = await run('--apply', '--json');
      expect(JSON.parse(rest.stdout)).toMatchObject({ known: done, looked_at: MAILS - done, remaining: 0 });
      expect(
        await desk.query(`select count(*) as cases, min((custom_fields ->> 'last')::int) as first,
          max((custom_fields ->> 'last')::int) as last from cases where external_id is not null`),
      ).toEqual([{ cases: 20, first: MAILS - 20, last: MAILS - 1 }]);
      expect(await desk.query(`select count(*) as n from case_events where field = 'external_id'`)).toEqual([
        { n: 20 },
      ]);
      expect((await run('--apply')).stdout).toMatch(/nothing to change/);
    },
    180_000,
  );
});
