import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverTo, entriesOf, from, makeAnew, receiptsOf, setTrap } from '../quarantine/trap.ts';
import { TABLES } from '../record/stored-story.ts';
import { useDatabase } from '../support/database.ts';
import { contentOf, withClient } from '../support/imap-client.ts';
import {
  type ConfigFile,
  loadMailbox,
  mailboxSection,
  runMailcase,
  writeConfig,
} from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';
import { dumpOf } from '../support/untouched.ts';

const database = useDatabase();
const SECRET = 'canary-secret-0123456789';
const files: ConfigFile[] = [];
let folder = '';
let users = 0;
let release: () => Promise<unknown>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-quarantine-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  for (const file of files) await file.remove();
});
beforeEach(async () => {
  await database.db.raw(`truncate ${TABLES} restart identity cascade`);
  await release?.();
  release = await setTrap(database);
});

/** A mailbox of its own, polled with what came, and the program with its configuration. */
async function mailboxWith(mails: readonly string[], more: Record<string, unknown> = {}) {
  users += 1;
  const user = `hands${users}@example.com`;
  const config = await writeConfig({
    database: { url: database.url },
    mailboxes: [mailboxSection(user, more)],
  });
  files.push(config);
  const mailbox = await loadMailbox(user, more);
  const take = () => poll(database.db, mailbox);
  const run = (...args: string[]) =>
    runMailcase(['quarantine', ...args, '--config', config.file], { SUDO_USER: 'sudo-ann' });
  await withClient(user, async (client) => {
    for (const each of mails) await client.append('INBOX', each, [], new Date('2026-11-09T08:15:00Z'));
  });
  if (mails.length > 0) await take();
  return { user, take, run, config };
}

const trapMail = (subject: string, more: Record<string, string> = {}) => from('x@example.com', subject, more);

describe('mailcase quarantine list', () => {
  it('shows what waits, the oldest first, within the terminal, and how many more', async () => {
    const { run } = await mailboxWith([
      trapMail('Trap 1'),
      trapMail('Trap \u001b]0;owned\u0007 2'),
      trapMail('Trap 3', { From: '=?utf-8?B?w4VzYSDDlmJlcmc=?=' }),
      trapMail('Good'),
    ]);
    const { code, stdout } = await run('list', '--limit', '2');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '1  2026-11-09 08:15  ann@x.example: Trap 1',
      '   support INBOX 1 · store, tried 1 time: the database refused: not this one',
      '2  2026-11-09 08:15  ann@x.example: Trap \uFFFD]0;owned\uFFFD 2',
      '   support INBOX 2 · store, tried 1 time: the database refused: not this one',
      '… 1 more: --limit 3 shows all',
      '',
      'All of one: mailcase quarantine show ID. Once the cause is mended: retry ID, or retry --all. Junk:',
      'drop ID.',
      '',
    ]);
    const json = JSON.parse((await run('list', '--json')).stdout) as { entries: unknown[]; left_out: number };
    expect(json.left_out).toBe(0);
    expect(json.entries).toHaveLength(3);
    expect(json.entries[2]).toMatchObject({
      ...{ id: 3, mailbox: 'support', folder: 'INBOX', uid: 3, received_at: '2026-11-09T08:15:00.000Z' },
      ...{ from_name: 'Åsa Öberg', from_address: null, subject: 'Trap 3', stage: 'store', attempts: 1 },
      ...{ imported: false, resolution: null, interaction_id: null },
    });
  });

  it('with --all also what was dealt with; of one mailbox; nothing is said as nothing', async () => {
    const { run } = await mailboxWith([trapMail('Trap 1'), trapMail('Trap 2')]);
    await run('drop', '1');
    await release();
    await run('retry', '2');
    expect((await run('list')).stdout).toBe('No message is in quarantine.\n');
    const { stdout } = await run('list', '--all', '--mailbox', 'support');
    expect(stdout).toMatch(
      /1 .*\(its bytes were deleted\)\n {3}support INBOX 1 · dropped by sudo-ann, \d{4}/,
    );
    expect(stdout).toMatch(/2 .*ann@x\.example: Trap 2\n.* · recorded as interaction \d+ by sudo-ann, /);
    expect(await run('list', '--mailbox', 'suport')).toMatchObject({
      code: 2,
      stderr: 'mailcase: there is no mailbox suport: did you mean support?\n',
    });
  });
});

describe('mailcase quarantine show', () => {
  it('says everything that is known, and the very commands', async () => {
    const { run } = await mailboxWith([trapMail('Trap 1', { 'X-Other': 'a' })]);
    const { code, stdout } = await run('show', '1');
    expect(code).toBe(0);
    for (const line of [
      /^Entry 1 {2}ann@x\.example: Trap 1\n/,
      /\n {2}place {6}support, INBOX, UID 1 \(UIDVALIDITY \d+\)\n/,
      /\n {2}received {3}2026-11-09 08:15 UTC\n/,
      /\n {2}stage {6}store: its values could not be stored\n {2}error {6}the database refused: not this one\n/,
      /\n {2}trust {6}not trusted: the mailbox trusts nobody \(trust: none\)\n/,
      /\nHeader\n {2}Message-ID: .*\n {2}Date: .*\n {2}From: Ann Asker <ann@x\.example>\n/,
      /\n {2}X-Other: a\n/,
      /\n {4}mailcase quarantine retry 1\n/,
      /\n {4}mailcase quarantine show 1 --raw --output 1\.eml\n/,
      /\n {4}mailcase quarantine drop 1\n$/,
    ])
      expect(stdout).toMatch(line);
    const json = JSON.parse((await run('show', '1', '--json')).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({
      id: 1,
      trusted: false,
      is_whole: true,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(json.headers).toContainEqual(['X-Other', 'a']);
    expect(json.what_to_do).toContainEqual(
      expect.objectContaining({ command: 'mailcase quarantine retry 1' }),
    );
  });

  it('--raw writes the very bytes into a pipe or a new file, and over none', async () => {
    const large = from('x@example.com', 'Trap large').replace(
      'Hello.',
      `${'x'.repeat(98)}\r\n`.repeat(60_000),
    );
    const { run, user } = await mailboxWith([large]);
    const [entry] = await entriesOf<{ content: Buffer }>(database, user);
    expect(entry?.content.length).toBeGreaterThan(5_000_000);
    const file = join(folder, 'large.eml');
    expect(await run('show', '1', '--raw', '--output', file)).toMatchObject({
      ...{ code: 0, stdout: '' },
      stderr: expect.stringMatching(/^wrote [\d,]+ bytes to .*large\.eml\n$/),
    });
    expect(Buffer.compare(await readFile(file), entry?.content ?? Buffer.of())).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await run('show', '1', '--raw', '--output', file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is there already and is not written over'),
    });
    expect((await run('show', '1', '--raw')).stdout.length).toBe(entry?.content.length);
  });

  it.each([
    [['show'], 2, /missing required argument 'id'/],
    [['show', 'x'], 2, /"x" is not the number of an entry in quarantine/],
    [['show', '7'], 1, /there is no entry 7 in quarantine: `mailcase quarantine list` has their numbers/],
    [['show', '7', '--output', 'f'], 2, /--output is for the bytes of the mail: add --raw/],
    [['show', '7', '--raw', '--json'], 2, /give one of them/],
    [['retry'], 2, /which entries\? Give either their numbers or --all/],
    [['retry', '1', '--all'], 2, /which entries\?/],
    [['retry', '1', '--mailbox', 'support'], 2, /--mailbox goes with --all/],
    [['retry', '7'], 1, /there is no entry 7 in quarantine/],
    [['drop'], 2, /which entries\? Give their numbers/],
    [['drop', '1', '7'], 1, /there is no entry 7 in quarantine/],
    [['drop', '1', '--by', ' '], 2, /nobody acts: say who you are with --by NAME/],
    [['list', '--limit', '0'], 2, /--limit is no number from 1 to 1,000/],
    [['lst'], 2, /unknown command 'lst'.*\n?.*Did you mean list\?/],
  ])('%s ends with %i', async (args, code, message) => {
    const { run } = await mailboxWith([trapMail('Trap 1')]);
    const before = await dumpOf(database.db);
    const finished = await run(...args);
    expect(finished).toMatchObject({ code, stdout: '' });
    expect(finished.stderr).toMatch(message);
    expect(await dumpOf(database.db)).toBe(before);
  });
});

describe('mailcase quarantine retry', () => {
  const trusting = { own: ['example.com'], trust: { secret: { header: 'x-shop-key', value: SECRET } } };
  const order = (key: Record<string, string>) => ({
    ...{ From: 'shop@example.com', To: 'joe@customer.example', 'x-desk-case-priority': '7', ...key },
  });

  it('records as if it had just come, by the verdict that it had; the next poll marks and moves it', async () => {
    const { run, user, take } = await mailboxWith(
      [
        trapMail('Trap trusted', order({ 'x-shop-key': SECRET })),
        trapMail('Trap guessed', order({ 'x-shop-key': 'canary-another-one' })),
      ],
      { ...trusting, processed: { flag: '\\Seen', move: 'Done' } },
    );
    expect(await contentOf(user)).toMatchObject([{ uid: 1 }, { uid: 2 }]);
    await withClient(user, (client) => client.mailboxCreate('Done'));
    expect(await run('retry', '--all')).toMatchObject({
      code: 1,
      stdout: [1, 2]
        .map((id) => `entry ${id}: failed again (store): the database refused: not this one\n`)
        .join(''),
    });
    expect(await entriesOf(database, user)).toMatchObject([{ attempts: 2 }, { attempts: 2 }]);
    await release();
    expect((await run('retry', '--all', '--dry-run')).stdout).toBe(
      'entry 1: would be recorded\nentry 2: would be recorded\n',
    );
    expect(await rows(database.db, 'select * from interactions')).toEqual([]);
    const { code, stdout } = await run('retry', '1', '2', '--by', 'Ann Agent', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      retried: [
        {
          id: 1,
          outcome: 'recorded',
          interaction_id: expect.any(Number),
          case_id: expect.any(Number),
          error: null,
        },
        { id: 2, outcome: 'recorded' },
      ],
      dry_run: false,
    });
    expect(
      await rows(
        database.db,
        `select i.subject, i.trusted, i.direction, c.priority, i.received_at, r.content is not null as raw
         from interactions i join cases c on c.id = i.case_id join raw_messages r on r.interaction_id = i.id order by i.id`,
      ),
    ).toMatchObject([
      { subject: 'Trap trusted', trusted: true, direction: 'out', priority: 7, raw: true },
      {
        subject: 'Trap guessed',
        trusted: false,
        priority: null,
        received_at: new Date('2026-11-09T08:15:00Z'),
      },
    ]);
    expect(await entriesOf(database, user)).toMatchObject([
      {
        resolution: 'recorded',
        resolved_by: 'Ann Agent',
        content: null,
        attempts: 3,
        interaction_id: expect.any(Number),
      },
      { resolution: 'recorded' },
    ]);
    expect(await receiptsOf(database, user)).toMatchObject([
      { uid: 1, outcome: 'recorded', marked: false },
      { uid: 2, outcome: 'recorded', marked: false },
    ]);
    expect(await take()).toMatchObject({ found: 0, markedLate: 2 });
    expect(await contentOf(user)).toEqual([]);
    expect(await contentOf(user, { path: 'Done' })).toHaveLength(2);
    expect(await run('retry', '1')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^entry 1: nothing to do: it was dealt with before: recorded \(interaction \d+\), by Ann Agent\n$/,
      ),
    });
    expect(await dumpOf(database.db)).not.toContain(SECRET);
    expect(await dumpOf(database.db)).not.toContain(Buffer.from(SECRET).toString('hex'));
  });

  it('what has no verdict counts as not trusted; a copy becomes a duplicate; the others go on', async () => {
    const { run, user } = await mailboxWith(
      [trapMail('Trap 1', order({ 'x-shop-key': SECRET })), trapMail('Trap 2'), trapMail('Trap 3')],
      trusting,
    );
    await database.db.raw('update quarantine set trusted = null, trust_reason = null where id = 1');
    await database.db.raw(
      'update quarantine set content = (select content from quarantine where id = 3) where id = 2',
    );
    await release();
    await database.db.raw(`alter table interactions add constraint no_1 check (subject <> 'Trap 1')`);
    expect(await run('retry', '--all', '--mailbox', 'support')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^entry 1: failed again \(store\): .*no_1.*\nentry 2: recorded as interaction (\d+), in case (\d+)\nentry 3: a duplicate of interaction \1, in case \2\n$/,
      ),
    });
    await database.db.raw('alter table interactions drop constraint no_1');
    expect((await run('retry', '1')).code).toBe(0);
    const [first] = await rows<{ trusted: boolean; why: string }>(
      database.db,
      `select i.trusted, x.directives->'refused'->0->>'reason' as why from interactions i
       join interaction_contents x on x.interaction_id = i.id where i.subject = 'Trap 1'`,
    );
    expect(first).toMatchObject({
      trusted: false,
      why: expect.stringMatching(/^not trusted: it was quarantined before/),
    });
    expect((await receiptsOf(database, user)).map(({ outcome }) => outcome)).toEqual([
      'recorded',
      'recorded',
      'duplicate',
    ]);
  });

  it('an outage ends it with its reason, and leaves the rest as it was', async () => {
    const { run, user } = await mailboxWith([trapMail('Trap 1'), trapMail('Trap 2')]);
    await release();
    release = await setTrap(database, {
      code: '53100',
      message: 'the disk is full',
      when: `new.subject = 'Trap 2'`,
    });
    const { code, stdout, stderr } = await run('retry', '--all');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^entry 1: recorded as interaction/)]);
    expect(stderr).toMatch(
      /the database refused: the disk is full\n1 entry is as before: .* the same command goes on/,
    );
    expect(await entriesOf(database, user)).toMatchObject([
      { resolution: 'recorded' },
      { resolution: null, attempts: 1, error: 'the database refused: not this one' },
    ]);
  });

  it('a mailbox that is not configured any more is said, and the entry stays', async () => {
    const { run, user } = await mailboxWith([trapMail('Trap 1')]);
    await database.db.raw(`update mailboxes set name = 'former'`);
    expect(await run('retry', '1')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^entry 1: not tried: the mailbox former is not configured any more/),
    });
    expect(await entriesOf(database, user)).toMatchObject([{ attempts: 1, resolved_at: null }]);
  });

  it('what an import met is recorded as by an import, and its mail stays untouched', async () => {
    const { run, user } = await mailboxWith([trapMail('Trap 1')]);
    await database.db.raw(`update quarantine set imported = true, import_status = 'closed'`);
    await release();
    expect((await run('retry', '1')).code).toBe(0);
    expect(await rows(database.db, 'select status from cases')).toEqual([{ status: 'closed' }]);
    expect(await receiptsOf(database, user)).toMatchObject([{ outcome: 'recorded', marked: true }]);
  });

  /** What an entry is of a mail that the server did not hand out. */
  const neverFetched = async () => {
    await database.db.raw(
      "update quarantine set stage = 'fetch', content = null, sha256 = null, trusted = null, trust_reason = null, sender_auth = null",
    );
    await database.db.raw("update receipts set dedupe_key = null where outcome = 'quarantined'");
  };

  it('what was never fetched is fetched from the mailbox, with its trust', async () => {
    const { run } = await mailboxWith([trapMail('Trap order', order({ 'x-shop-key': SECRET }))], trusting);
    await neverFetched();
    expect((await run('retry', '1')).stdout).toMatch(/^entry 1: failed again \(store\)/);
    await neverFetched();
    await release();
    expect(await run('retry', '1')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^entry 1: recorded as interaction/),
    });
    expect(await rows(database.db, 'select subject, trusted from interactions')).toEqual([
      { subject: 'Trap order', trusted: true },
    ]);
  });

  it('what cannot be found in the mailbox again is said, with what to do', async () => {
    const section = { folders: ['Shop'], select: 'new', start: 'all' };
    const { run, user, take } = await mailboxWith([], section);
    const junk = trapMail('Trap');
    await makeAnew(user, 'Shop', [junk]);
    await take();
    await neverFetched();
    await withClient(user, (client) => client.messageDelete('1', { uid: true }), { path: 'Shop' });
    expect((await run('retry', '1')).stdout).toMatch(
      /^entry 1: not tried: it is not in Shop any more \(UID 1\); `mailcase quarantine drop 1` takes/,
    );
    await makeAnew(user, 'Shop', [junk]);
    expect((await run('retry', '1')).stdout).toMatch(
      /^entry 1: not tried: it cannot be found again: the UIDs of Shop have begun anew since/,
    );
    await withClient(user, (client) => client.mailboxDelete('Shop'));
    expect((await run('retry', '1')).stdout).toMatch(/^entry 1: not tried: there is no folder Shop any more/);
    expect(await entriesOf(database, user)).toMatchObject([{ attempts: 1, resolved_at: null }]);
    expect((await run('drop', '1')).stdout).toMatch(
      /^entry 1: dropped; its bytes were never here, so it comes back/,
    );
  });
});

describe('mailcase quarantine drop', () => {
  it('takes junk out for good: it does not come back after a UIDVALIDITY change, parsed or not', async () => {
    const mails = [trapMail('Trap junk'), trapMail('Trap unparsable'), trapMail('Good')];
    const more = { folders: ['Shop'], select: 'new', start: 'all' };
    const { run, user, take, config } = await mailboxWith([], more);
    await makeAnew(user, 'Shop', mails);
    expect(await take()).toMatchObject({ recorded: 1, quarantined: 2 });
    // As of one that could not be parsed: nothing is known of it but its bytes.
    await database.db.raw("update quarantine set stage = 'parse', sender_auth = null where uid = 2");
    await database.db.raw('update receipts set dedupe_key = null where uid = 2');
    const before = await dumpOf(database.db);
    expect((await run('drop', '1', '2', '--dry-run')).stdout).toBe(
      'entry 1: would be dropped\nentry 2: would be dropped\n',
    );
    expect(await dumpOf(database.db)).toBe(before);
    const { code, stdout } = await run('drop', '2', '1', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      dropped: [1, 2].map((id) => ({ id, outcome: 'dropped', is_kept_out: true, error: null })),
      dry_run: false,
    });
    expect(await entriesOf(database, user)).toMatchObject(
      [1, 2].map((id) => ({
        id,
        resolution: 'dropped',
        resolved_by: 'sudo-ann',
        content: null,
        interaction_id: null,
      })),
    );
    const dropped = await receiptsOf(database, user);
    expect(dropped.map(({ outcome, has_key }) => [outcome, has_key])).toEqual([
      ['skipped', true],
      ['skipped', true],
      ['recorded', true],
    ]);
    expect((await run('drop', '1')).stdout).toMatch(
      /^entry 1: nothing to do: it was dealt with before: dropped, by sudo-ann/,
    );
    // Also where it could be recorded by now.
    await release();
    await makeAnew(user, 'Shop', mails);
    const explained = await runMailcase(['explain', '--uid', '1', '--config', config.file]);
    expect(explained.stdout).toMatch(/It is skipped, since somebody has dropped it from quarantine/);
    expect(await take()).toMatchObject({ found: 3, recorded: 0, duplicates: 1, skipped: 2, quarantined: 0 });
    expect(await receiptsOf(database, user)).toMatchObject([
      { uid: 1, outcome: 'skipped', marked: true },
      { uid: 2, outcome: 'skipped' },
      { uid: 3, outcome: 'duplicate' },
    ]);
    expect(await rows(database.db, 'select subject from interactions')).toEqual([{ subject: 'Good' }]);
    expect(await rows(database.db, 'select id from quarantine where resolved_at is null')).toEqual([]);
  });

  it('a mail that is recorded stays a mail, though a copy of it was dropped', async () => {
    const { run, user, take } = await mailboxWith([trapMail('Trap 1')]);
    await run('drop', '1');
    await release();
    // The copy came another way, and is no interaction: it is skipped. What is one, stays one.
    await deliverTo(user, 'Good');
    await take();
    await database.db.raw(
      `update receipts set dedupe_key = (select dedupe_key from interactions) where outcome = 'skipped'`,
    );
    await makeAnew(user, 'Again', []);
    const good = await rows<{ content: Buffer }>(database.db, 'select content from raw_messages');
    await withClient(user, (client) => client.append('INBOX', good[0]?.content ?? Buffer.of()));
    expect(await take()).toMatchObject({ duplicates: 1, skipped: 0 });
  });
});
