import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { RecordingConfig } from '../../src/config/schema.ts';
import { explainMessage } from '../../src/explain/explain.ts';
import type { Setting } from '../../src/explain/setting.ts';
import type { FetchedMessage } from '../../src/imap/fetch.ts';
import { createJudge, judge, judgeSetup } from '../../src/judge/judge.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { useDatabase } from '../support/database.ts';
import { loadMailbox, mailboxSection, writeConfig } from '../support/mailcase.ts';
import { judges, RECORDING, rows } from '../support/poll.ts';
import { highestIds, sayable, whatHappened } from './tables.ts';

/*
 * What explain says and what the daemon then does must be one and the same, for every mail that there is. The daemon is
 * here from the bytes on: judge, and the recording of one batch; test/e2e/explain.test.ts has the whole of it.
 */

const database = useDatabase();

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const DEMO = path('../../config/demo/');
const OUR_MAIL = path('../mail/');
const SHARED = path('../../../shared/mail/');

let uid = 0;
let place: { folderId: number; uidValidity: number };

beforeAll(async () => {
  const [folder] = await rows<{ id: number }>(
    database.db,
    `with mailbox as (insert into mailboxes (name) values ('support') returning id)
     insert into folders (mailbox_id, account, path, uid_validity) select id, 'a', 'INBOX', 7 from mailbox returning id`,
  );
  place = { folderId: folder?.id ?? 0, uidValidity: 7 };
});

function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.(eml|msg|txt|mail)$|volume\//.test(name) && !/README/.test(name)).sort();
}

/** Explains a message, then records it; what was said must be what the tables have. @returns the outcome */
async function compare(setting: Setting, source: Buffer, name: string): Promise<string> {
  uid += 1;
  const receivedAt = new Date(Date.UTC(2026, 10, 9) + uid * 60_000);
  const fetched = { uid, sizeBytes: source.length, receivedAt, source };
  const said = await explainMessage(database.db, setting, fetched);
  const before = await highestIds(database.db);
  await record(setting, fetched);
  expect(await whatHappened(database.db, said, uid, before), name).toEqual(sayable(said));
  return said.outcome;
}

async function record({ mailbox, folder, recording }: Setting, fetched: FetchedMessage): Promise<void> {
  const outcome = await judge(createJudge(judgeSetup(mailbox, folder, recording)), place, fetched);
  if ('error' in outcome) return;
  await recordTogether(database.db, [outcome], { flood: recording.flood });
}

async function compareAll(folder: string, setting: Setting): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  for (const name of filesIn(folder)) {
    const outcome = await compare(setting, readFileSync(`${folder}${name}`), basename(name));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  return outcomes;
}

async function settingFor(
  more: Record<string, unknown>,
  recording: Partial<RecordingConfig> = {},
): Promise<Setting> {
  const mailbox = await loadMailbox('support@example.com', more);
  const [folder] = mailbox.folders;
  if (folder === undefined) throw new Error('a mailbox without folders');
  return { mailbox, folder, recording: { ...RECORDING, ...recording }, judges, place: undefined };
}

async function rulesOf(text: string): Promise<RecordingConfig['rules']> {
  const mailbox = JSON.stringify(mailboxSection('support@example.com'));
  const written = await writeConfig(
    `database: {url: postgres://unused@localhost/unused}\nmailboxes: [${mailbox}]\nrules:${text}`,
  );
  const { config } = await written.load();
  await written.remove();
  return config.rules;
}

describe('explain says what the daemon does', { timeout: 300_000 }, () => {
  it('of each mail of the demo', async () => {
    const { config } = await loadConfig(`${DEMO}mailcase.demo.yaml`, {
      DEMO_DATABASE_URL: 'postgres://unused@localhost/unused',
      DEMO_IMAP_PORT: '1',
    });
    const [mailbox] = config.mailboxes;
    const [folder] = mailbox?.folders ?? [];
    if (!mailbox || !folder) throw new Error('the demo has no mailbox');
    const setting = { mailbox, folder, recording: config, judges, place: undefined };
    expect([...(await compareAll(DEMO, setting))]).toEqual([['recorded', 17]]);
    // Once more: each is a duplicate, and is told as it was decided.
    expect([...(await compareAll(DEMO, setting))]).toEqual([['duplicate', 17]]);
  });

  it.each([
    ['not trusted', { trust: 'none', own: ['example.com', '.example.net'] }],
    ['then trusted, so that copies apply their headers', { trust: 'all', own: ['example.com'] }],
    ['then trusted again', { trust: 'all' }],
  ])('of each mail of ours, %s', async (_, more) => {
    const outcomes = await compareAll(OUR_MAIL, await settingFor(more));
    expect([...outcomes.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(40);
  });

  it('of each mail of ours, under rules', async () => {
    const rules = rulesOf(`
  - {name: skip, when: {part: subject, matches: '(?i)invoice|newsletter'}, then: {skip: seen enough}}
  - {name: lists, when: {kind: list}, then: {set: {case.status: closed}, add: {case.labels: list}}}
  - name: from
    when: {part: from, matches: '^(?<local>[^@]+)@(?<domain>.+)$'}
    then:
      set: {customer.custom_fields.domain: "{domain}", case.subject: "from {local}", interaction.city: Malmö}
      add: {case.custom_fields.seen: ["{local}", x], case.labels: [rule]}
      remove: {case.labels: list}
      clear: [case.priority, customer.phone]
  - {name: one case, when: {part: subject, contains: order}, then: {set: {case.external_id: orders, customer.language: es}}}
`);
    const outcomes = await compareAll(OUR_MAIL, await settingFor({ trust: 'all' }, { rules: await rules }));
    expect([...outcomes.keys()]).toContain('duplicate');
    // Read anew, so that they are no copies of what is recorded.
    const setting = await settingFor({ trust: 'none' }, { rules: await rules });
    const anew = new Map<string, number>();
    for (const name of filesIn(OUR_MAIL)) {
      const source = Buffer.concat([Buffer.from('Message-ID: <anew-'), Buffer.from(`${uid}@x>\r\n`)]);
      const outcome = await compare(
        setting,
        Buffer.concat([source, readFileSync(`${OUR_MAIL}${name}`)]),
        name,
      );
      anew.set(outcome, (anew.get(outcome) ?? 0) + 1);
    }
    expect(anew.get('recorded')).toBeGreaterThan(20);
    expect(anew.get('skipped')).toBeGreaterThan(0);
  });

  it('of each mail that others wrote', async () => {
    if (!existsSync(SHARED)) {
      process.stderr.write('../shared/mail is not here (a clone elsewhere): explain is not compared on it\n');
      return;
    }
    // A low limit, so that floods are among them; and some of the lists are taken for own.
    const flood = { messages: 5, window: 86_400_000 };
    const setting = await settingFor({ trust: 'all', own: ['example.com', 'linux.ie'] }, { flood });
    const outcomes = await compareAll(SHARED, setting);
    expect(outcomes.get('recorded')).toBeGreaterThan(2_000);
  });
});
