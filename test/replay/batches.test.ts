import { beforeEach, expect, it } from 'vitest';
import { setCase } from '../../src/desk/set-case.ts';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { replayOn } from './replaying.ts';

/* A dry run stores nothing, and a later batch is decided as if the earlier ones were stored. */

const database = useDatabase();
const { query, clear, record, act, replayed } = replayOn(database);

beforeEach(clear);

const at = (minute: number): Told => ({ '@minute': String(minute) });
const ABC: Told = { 'x-shop-case-external-id': 'ABC-1' };

it('what a person has set, and what newer mail there is, counts in a case that got its id in an earlier batch', async () => {
  const ann = { From: 'ann@asker.example', Subject: 'Lamp' };
  // A hundred mails are a batch.
  const between = Array.from({ length: 100 }, (_, i) => ({ From: 'cy@c.example', ...at(10 + i) }));
  await record([
    { ...ann, ...at(1), ...ABC, 'Message-ID': '<q@x>' },
    { ...ann, ...at(900), 'In-Reply-To': '<q@x>' },
    ...between,
    {
      ...{ From: 'bob@b.example', ...at(500), ...ABC },
      ...{ 'x-shop-case-priority': '9', 'x-shop-case-status': 'resolved' },
    },
  ]);
  // What cannot be replayed is not loaded for itself.
  await database.db.raw('delete from raw_messages where interaction_id = 2');
  const settings = { priority: 2, labels: [], custom_fields: new Map() };
  await act((started) => setCase(started, { id: 1 }, settings));
  const [bobs] = await query<{ id: number; case_id: number }>(
    `select id, case_id from interactions where from_address = 'bob@b.example'`,
  );
  expect(await replayed()).toEqual([
    'case 1 external_id: - -> ABC-1 (x-shop-case-external-id)',
    `mail ${bobs?.id} left x-shop-case-status: resolved: the case has newer mail`,
    `mail ${bobs?.id} left x-shop-case-priority: 9: a person set it last`,
    `case ${bobs?.case_id} status: new -> closed (its only mail went to another case)`,
    `mail ${bobs?.id} case_id: ${bobs?.case_id} -> 1 (x-shop-case-external-id)`,
    'left 2: its bytes are not kept',
  ]);
}, 60_000);

const DEF: Told = { 'x-shop-case-external-id': 'DEF-2' };
/** A hundred mails are a batch: these stand between. */
const BETWEEN = Array.from({ length: 100 }, (_, i) => ({ From: 'cy@c.example', ...at(10 + i) }));

it('a case into which an earlier batch has moved mail is not empty when its own mail goes', async () => {
  const ann = { From: 'ann@asker.example', Subject: 'Lamp' };
  await record([
    { From: 'bob@b.example', ...at(1), ...ABC },
    ...BETWEEN,
    { ...ann, ...at(900), 'x-desk-case-external-id': 'ABC-1', ...DEF },
  ]);
  const lines = await replayed();
  expect(lines.filter((line) => /told|again|anew|twice/.test(line))).toEqual([]);
  expect(lines.filter((line) => line.includes('closed'))).toEqual([
    'case 1 status: new -> closed (its only mail went to another case)',
  ]);
  const emptied = await query(
    'select id from cases c where not exists (select from interactions where case_id = c.id)',
  );
  expect(emptied).toEqual([{ id: 1 }]);
}, 60_000);

it('a case of which an earlier batch has moved mail away is empty when the last goes', async () => {
  const ann = { From: 'ann@asker.example', Subject: 'Lamp' };
  await record([
    { ...ann, ...at(1), ...DEF, 'Message-ID': '<q@x>', 'x-desk-case-external-id': 'ABC-1' },
    ...BETWEEN,
    { ...ann, ...at(900), ...DEF, 'In-Reply-To': '<q@x>' },
  ]);
  expect(await replayed()).toEqual([
    'case 1 status: new -> closed (its only mail went to another case)',
    'mail 1 case_id: 1 -> 102 (x-shop-case-external-id)',
    'mail 102 case_id: 1 -> 102 (x-shop-case-external-id)',
    'case 102 status: - -> new (as that of the case that it comes from)',
  ]);
}, 60_000);
