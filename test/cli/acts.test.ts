import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deskOn } from '../desk/desk.ts';
import { useDatabase } from '../support/database.ts';
import { type ConfigFile, mailboxSection, runMailcase, writeConfig } from '../support/mailcase.ts';

const database = useDatabase();
const desk = deskOn(database);

let config: ConfigFile;

beforeAll(async () => {
  config = await writeConfig({
    database: { url: database.url },
    mailboxes: [mailboxSection('nobody@example.com', { own: ['example.com'] })],
  });
});
afterAll(() => config.remove());
beforeEach(() => desk.clear());

const ann = { From: 'Ann Asker <ann@asker.example>' };
const run = (...args: string[]) => runMailcase([...args, '--config', config.file], { SUDO_USER: 'sudo-ann' });
const actors = async () =>
  (
    await desk.query<{ actor: string }>(
      'select distinct actor from case_events where actor is not null order by 1',
    )
  ).map((row) => row.actor);

describe('mailcase case set', () => {
  it('tells a line for each change, and keeps who did it', async () => {
    await desk.record([{ ...ann, Subject: 'Lamp' }]);
    expect(await run('case', 'set', '1', 'status=pending', 'labels+=vip,new', 'subject=My lamp')).toEqual({
      code: 0,
      signal: null,
      stdout:
        'case 1: status new → pending\ncase 1: subject "Lamp" → "My lamp"\ncase 1: labels (empty) → vip, new\n',
      stderr: '',
    });
    expect(await actors()).toEqual(['sudo-ann']);
    expect(await run('case', 'set', '1', 'labels-=new', '--by', 'Ann\u001b[2J Agent')).toMatchObject({
      code: 0,
      stdout: 'case 1: labels vip, new → vip\n',
    });
    expect(await actors()).toEqual(['Ann\uFFFD[2J Agent', 'sudo-ann']);
    expect(await run('case', 'set', '1', 'status=pending')).toMatchObject({
      code: 0,
      stdout: 'nothing to change: it is like that already\n',
      stderr: '',
    });
  });

  it('a subject gives no orders to the terminal, and JSON has it as it is', async () => {
    const subject = 'Lamp \u001b]0;owned\u0007 \u202Ex';
    await desk.record([{ ...ann, Subject: subject }]);
    const { stdout } = await run('case', 'set', '1', 'subject=Plain', '--dry-run');
    expect(stdout).toBe('would change: case 1: subject "Lamp \uFFFD]0;owned\uFFFD \uFFFDx" → "Plain"\n');
    const json = await run('case', 'set', '1', 'subject=Plain', '--dry-run', '--json');
    expect(json.code).toBe(0);
    for (const sign of ['\u001b', '\u0007', '\u202E']) expect(json.stdout).not.toContain(sign);
    expect(JSON.parse(json.stdout)).toEqual({
      changes: [{ of: 'case', id: 1, field: 'subject', old: subject, new: 'Plain' }],
      dry_run: true,
    });
    expect(await actors()).toEqual([]);
  });

  it.each([
    [
      ['set', '1', 'staus=open', 'priority=99', 'labels'],
      /staus=open: .*did you mean status\?\npriority=99: .*\nlabels: no value/,
    ],
    [['set', 'status=open'], /which case\? Give its number first, or --external-id/],
    [['set', '1'], /nothing to set: give FIELD=VALUE/],
    [
      ['set', '1', 'status=open', '--external-id', 'X'],
      /either the number of the case or --external-id, not both/,
    ],
    [['set', 'one', 'status=open'], /"one" is not the number of a case: a positive whole number is/],
    [
      ['set'],
      /which case\? Give its number, or --external-id, and what to set as FIELD=VALUE: .*\n\(mailcase case set --help says more\)/,
    ],
    [['set', '--external-id', 'X'], /nothing to set: give FIELD=VALUE, e\.g\. status=pending/],
    [['set', '1', 'status=open', '--by', ' '], /nobody acts: say who you are with --by NAME/],
    [['merge', '1'], /missing required argument 'b'/],
    [
      ['merge', '1', '2', '--external-id', 'X'],
      /--external-id is for `mailcase case`, not for `mailcase case merge`/,
    ],
    [['set', '1', 'status=open', '--why'], /--why is for `mailcase case`, not for/],
    [['move', '1', '2', '--limit', '3'], /--limit is for `mailcase case`/],
    [['merge', '1', 'x'], /"x" is not the number of a case/],
    [['move', '1', 'nwe'], /"nwe" is not the number of a case \(or the word new\)/],
    [['move', '\u001b[31m', '1'], /"\uFFFD\[31m" is not the number of an interaction/],
  ])('case %j ends with 2', async (args, message) => {
    const { code, stdout, stderr } = await run('case', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it.each([
    [['case', 'set', '9', 'status=open'], 'there is no case 9'],
    [['case', 'set', '--external-id', 'X', 'status=open'], 'no case has the external id X'],
    [['case', 'set', '1', 'customer=no@one.example'], 'no customer has the address no@one.example'],
    [['case', 'merge', '1', '9'], 'there is no case 9'],
    [
      ['case', 'move', '9', 'new'],
      'there is no interaction 9: `mailcase case ID` shows those of a case with their numbers',
    ],
    [['customer', 'merge', '1', 'no@one.example'], 'no customer has the address no@one.example'],
  ])('%j ends with 1', async (args, message) => {
    await desk.record([ann]);
    expect(await run(...args)).toMatchObject({ code: 1, stdout: '', stderr: `mailcase: ${message}\n` });
  });

  it('customer merge with what names nobody ends with 2', async () => {
    const { code, stderr } = await run('customer', 'merge', 'joe', '1');
    expect(code).toBe(2);
    expect(stderr).toBe('mailcase: "joe" is neither the number nor an address of a customer\n');
  });

  it.each([
    ['case', 'set'],
    ['case', 'merge'],
    ['case', 'move'],
    ['customer', 'merge'],
  ])('%s %s explains itself, with examples', async (group, name) => {
    const { code, stdout } = await run(group, name, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples?:\\n  mailcase ${group} ${name} `));
    for (const option of ['--by', '--dry-run', '--json']) expect(stdout).toContain(option);
  });
});

describe('merging and moving', () => {
  it('case merge: first dry, then in earnest', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    const lines = [
      'case 2: merged into case 1',
      'case 2: status new → closed',
      'case 1: 1 interaction of case 2',
    ];
    expect((await run('case', 'merge', '1', '2', '--dry-run')).stdout).toBe(
      lines.map((line) => `would change: ${line}\n`).join(''),
    );
    expect((await run('case', 'merge', '1', '2')).stdout).toBe(lines.map((line) => `${line}\n`).join(''));
    expect(await run('case', 'set', '2', 'status=open')).toMatchObject({
      code: 1,
      stderr: 'mailcase: case 2 was merged into case 1: name that one instead\n',
    });
  });

  it('an external id leads on to the case that stands for it, which is said', async () => {
    await desk.record([ann, { ...ann, 'x-desk-case-external-id': 'ORDER-2' }]);
    await run('case', 'merge', '1', '2');
    const set = (...args: string[]) => run('case', 'set', '--external-id', 'ORDER-2', ...args);
    expect((await set('status=open', '--dry-run')).stdout).toBe(
      'Case 2 was merged into case 1.\nwould change: case 1: status new → open\n',
    );
    const json = await set('status=open', '--json');
    expect(JSON.parse(json.stdout)).toEqual({
      requested_case_id: 2,
      changes: [{ of: 'case', id: 1, field: 'status', old: 'new', new: 'open' }],
      dry_run: false,
    });
    expect(await set('status=open')).toMatchObject({
      code: 0,
      stdout: 'Case 2 was merged into case 1.\nnothing to change: it is like that already\n',
    });
  });

  it.each([
    ['case', 'merge', '1', '1'],
    ['case', 'merge', '1', '2'],
    ['customer', 'merge', '1', '1'],
    ['customer', 'merge', '1', '2'],
    ['customer', 'merge', 'ann@asker.example', 'ann@home.example'],
  ])('%s %s %s %s: what is one already is nothing to change', async (...args) => {
    await desk.record([ann, { From: 'ann@home.example' }]);
    await run('case', 'merge', '1', '2');
    await run('customer', 'merge', '1', '2');
    const before = await desk.dump();
    expect(await run(...args)).toMatchObject({
      code: 0,
      stdout: 'nothing to change: it is like that already\n',
      stderr: '',
    });
    expect(await desk.dump()).toEqual(before);
  });

  it.each([
    [['case', 'merge', '9', '9'], 'there is no case 9'],
    [['case', 'merge', '2', '2'], 'case 2 was merged into case 1: name that one instead'],
    [['customer', 'merge', '9', '9'], 'there is no customer 9'],
    [['customer', 'merge', '2', '2'], 'customer 2 was merged into customer 1: name that one instead'],
  ])('%j, which is not there to be merged, ends with 1', async (args, message) => {
    await desk.record([ann, { From: 'ann@home.example' }]);
    await run('case', 'merge', '1', '2');
    await run('customer', 'merge', '1', '2');
    expect(await run(...args)).toMatchObject({ code: 1, stderr: `mailcase: ${message}\n` });
  });

  it('says whom a case gets, so that one sees whether it is the right one', async () => {
    await desk.record([ann, { From: 'Kathe <kathe@k.example>' }]);
    expect((await run('case', 'set', '1', 'customer=kathe@k.example', '--dry-run')).stdout).toBe(
      'would change: case 1: customer 1 (Ann Asker, ann@asker.example) → customer 2 (Kathe, kathe@k.example)\n',
    );
    await run('case', 'set', '1', 'customer=');
    expect((await run('case', 'set', '1', 'customer=2')).stdout).toMatch(
      /^case 1: no customer → customer 2 \(Kathe, kathe@k\.example\)\n$/,
    );
  });

  it('case move: own addresses are those of the configuration', async () => {
    await desk.record([{ ...ann, Cc: 'other@example.com, bob@b.example' }]);
    const dry = await run('case', 'move', '1', 'new', '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dry_run: true,
      changes: [{ of: 'case', id: null }, {}, {}],
    });
    expect((await run('case', 'move', '1', 'new')).stdout).toMatch(
      /^case \d+: status \(empty\) → new\ninteraction 1: case 1 → case \d+\ncase 1: status new → closed\n$/,
    );
    expect(
      await desk.query('select address_key from case_participants where case_id <> 1 order by 1'),
    ).toEqual([{ address_key: 'ann@asker.example' }, { address_key: 'bob@b.example' }]);
  });

  it('customer merge: by address and by number', async () => {
    await desk.record([ann, { From: 'ann@home.example' }]);
    expect(await run('customer', 'merge', 'ann@ASKER.example', '2', '--json')).toMatchObject({ code: 0 });
    expect(await desk.query('select address_key, customer_id from customer_emails order by id')).toEqual([
      { address_key: 'ann@asker.example', customer_id: 1 },
      { address_key: 'ann@home.example', customer_id: 1 },
    ]);
    expect(await desk.query('select distinct actor from customer_events')).toEqual([{ actor: 'sudo-ann' }]);
  });
});
