import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { RecordingConfig } from '../../src/config/schema.ts';
import { explainMessage } from '../../src/explain/explain.ts';
import type { Explanation } from '../../src/explain/explanation.ts';
import type { Setting } from '../../src/explain/setting.ts';
import type { FetchedMessage } from '../../src/imap/fetch.ts';
import { createJudge, judge } from '../../src/judge.ts';
import { recordTogether } from '../../src/record/record-batch.ts';
import { useDatabase } from '../support/database.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { RECORDING, rows } from '../support/poll.ts';

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
  const before = await highestIds();
  await record(setting, fetched);
  expect(await whatHappened(said, before), name).toEqual(sayable(said));
  return said.outcome;
}

async function record({ mailbox, folder, recording }: Setting, fetched: FetchedMessage): Promise<void> {
  const outcome = await judge(createJudge(mailbox, folder.role, recording), place, fetched);
  if ('error' in outcome) return;
  await recordTogether(database.db, [outcome], { flood: recording.flood });
}

interface Ids {
  events: number;
  cases: number;
  customers: number;
}

async function highestIds(): Promise<Ids> {
  const [ids] = await rows<Ids>(
    database.db,
    `select (select coalesce(max(id), 0) from case_events) as events,
       (select coalesce(max(id), 0) from cases) as cases, (select coalesce(max(id), 0) from customers) as customers`,
  );
  return ids ?? { events: 0, cases: 0, customers: 0 };
}

/** What can be compared of an explanation: ids of what is new are not known before. */
function sayable({
  outcome,
  error,
  decided,
  headers,
  customer,
  case: supportCase,
  changes,
  message,
}: Explanation) {
  return {
    outcome,
    error: error === null ? null : expect.anything(),
    decided: decided.filter(({ what }) => what !== 'trust'),
    headers,
    customer,
    case: supportCase,
    changes,
    message: { subject: message.subject, from: message.from, to: message.to, cc: message.cc },
  };
}

interface Happened {
  outcome: string;
  interaction_id: number;
  customer_id: number | null;
  case_id: number;
}

/** The same out of the tables. */
async function whatHappened(said: Explanation, before: Ids) {
  const [receipt] = await rows<Happened>(
    database.db,
    `select r.outcome, r.interaction_id, i.customer_id, i.case_id
     from receipts r join interactions i on i.id = r.interaction_id where r.folder_id = ? and r.uid = ?`,
    [String(place.folderId), String(uid)],
  );
  if (receipt === undefined) return { ...sayable(said), outcome: 'quarantined', error: 'no receipt' };
  const [stored] = await rows<{
    subject: string | null;
    from: string | null;
    to: string[];
    cc: string[];
    directives: { applied: object[]; refused: object[]; decided: { what: string }[] };
  }>(
    database.db,
    `select i.subject, i.from_address as "from", i.to_addresses as "to", i.cc_addresses as cc, c.directives
     from interactions i join interaction_contents c on c.interaction_id = i.id where i.id = ?`,
    [String(receipt.interaction_id)],
  );
  if (stored === undefined) throw new Error('an interaction has no contents');
  const { directives, ...message } = stored;
  const isCopy = receipt.outcome === 'duplicate' && said.case === null;
  return {
    outcome: receipt.outcome,
    error: null,
    decided: directives.decided.filter(({ what }) => what !== 'trust'),
    headers: { applied: directives.applied, refused: directives.refused },
    customer: isCopy ? null : await customerOf(receipt.customer_id, before),
    case: isCopy ? null : await caseOf(receipt.case_id, before),
    changes: isCopy ? [] : await eventsOf(receipt, before),
    message: receipt.outcome === 'duplicate' ? sayable(said).message : message,
  };
}

async function customerOf(id: number | null, before: Ids) {
  if (id === null) return null;
  const [row] = await rows(
    database.db,
    `select first_name, last_name, company, phone, external_id, custom_fields from customers where id = ?`,
    [String(id)],
  );
  return { ...row, id: id > before.customers ? null : id };
}

async function caseOf(id: number, before: Ids) {
  const [row] = await rows(
    database.db,
    `select external_id, subject, status, priority, language, labels, custom_fields, follow_up_of
     from cases where id = ?`,
    [String(id)],
  );
  return { ...row, id: id > before.cases ? null : id };
}

async function eventsOf({ interaction_id, case_id }: Happened, before: Ids) {
  const events = await rows<{ field: string; old: string | null; new: string | null; reason: string | null }>(
    database.db,
    `select field, old, new, reason from case_events where interaction_id = ? and case_id = ? and id > ? order by id`,
    [String(interaction_id), String(case_id), String(before.events)],
  );
  const isNew = (text: string | null) => text !== null && Number(text) > before.customers;
  return events.map((event) =>
    event.field === 'customer_id' && isNew(event.new) ? { ...event, new: 'a new customer' } : event,
  );
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
  return { mailbox, folder, recording: { ...RECORDING, ...recording }, place: undefined };
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
    const setting = { mailbox, folder, recording: config, place: undefined };
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
