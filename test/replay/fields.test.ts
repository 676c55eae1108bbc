import { beforeEach, describe, expect, it } from 'vitest';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { type CaseSettings, setCase } from '../../src/desk/set-case.ts';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { configOfToday, replayOn } from './replaying.ts';

/* Headers x-desk-… counted when the mail came, headers x-shop-… count today. */

const database = useDatabase();
const { query, clear, record, act, replayed, run } = replayOn(database);

beforeEach(clear);

const ann: Told = { From: 'Ann <ann@asker.example>', Subject: 'Lamp' };
const toAnn: Told = { From: 'support@example.com', To: 'ann@asker.example' };
const at = (minute: number): Told => ({ '@minute': String(minute) });

const caseRow = async (id: number) =>
  (
    await query(
      `select status, priority, language, subject, labels, custom_fields, external_id, customer_id from cases where id = ${id}`,
    )
  )[0];

const set = (id: number, settings: Partial<CaseSettings>) =>
  act((started) => setCase(started, { id }, { labels: [], custom_fields: new Map(), ...settings }));

const directivesOf = async (id: number) =>
  (
    await query<{ directives: { applied: unknown[]; refused: { reason: string }[]; decided: unknown[] } }>(
      `select directives from interaction_contents where interaction_id = ${id}`,
    )
  )[0]?.directives;

const eventsOf = (id: number) =>
  query(
    `select field, old, new, actor, replayed, reason, interaction_id from case_events
     where case_id = ${id} and (replayed or actor is not null) order by id`,
  );

describe('fields of the case', () => {
  it('become what a mail says today, as events of who runs it', async () => {
    await record([
      {
        ...ann,
        ...{ 'x-shop-case-priority': '8', 'x-shop-case-labels': 'lamp, vip', 'x-shop-case-language': 'sv' },
        ...{
          'x-shop-case-subject': 'A lamp',
          'x-shop-case-custom-tier': 'gold',
          'x-shop-case-status': 'open',
        },
      },
    ]);
    expect(await replayed()).toEqual([
      'case 1 status: new -> open (x-shop-case-status says so)',
      'case 1 priority: - -> 8 (x-shop-case-priority)',
      'case 1 language: - -> sv (x-shop-case-language)',
      'case 1 subject: Lamp -> A lamp (x-shop-case-subject)',
      'case 1 labels: - -> lamp, vip (x-shop-case-labels)',
      'case 1 custom_fields.tier: - -> gold (x-shop-case-custom-tier)',
    ]);
    expect(await caseRow(1)).toMatchObject({ status: 'open', priority: 8, labels: ['lamp', 'vip'] });
    const by = { actor: 'Rita', replayed: true, interaction_id: 1 };
    expect(await eventsOf(1)).toMatchObject([
      { field: 'status', old: 'new', new: 'open', reason: 'replay: x-shop-case-status says so', ...by },
      { field: 'priority', old: null, new: '8', reason: 'replay: x-shop-case-priority', ...by },
      ...['language', 'subject', 'labels', 'custom_fields.tier'].map((field) => ({ field, ...by })),
    ]);
    expect(await directivesOf(1)).toMatchObject({
      applied: [
        { by: 'x-shop-case-priority', field: 'case.priority', value: '8' },
        ...[{ field: 'case.labels' }, { field: 'case.language' }, { field: 'case.subject' }],
        ...[{ field: 'case.custom_fields.tier' }, { field: 'case.status' }],
      ],
      refused: [],
      decided: [
        { what: 'trust', value: 'trusted', why: 'so it was found when it came' },
        ...[{ what: 'kind' }, { what: 'direction' }, { what: 'customer' }, { what: 'case' }].slice(1),
        { what: 'status', value: 'open', why: 'x-shop-case-status says so' },
      ],
    });
  });

  it('that the mail says no more stay, and are not said again', async () => {
    await record([{ ...ann, 'x-desk-case-priority': '8', 'x-desk-case-labels': 'a' }]);
    await set(1, { labels: [{ how: 'remove', labels: ['a'] }] });
    expect(await replayed()).toEqual([]);
    expect(await caseRow(1)).toMatchObject({ priority: 8, labels: [] });
    expect(await directivesOf(1)).toMatchObject({ applied: [], refused: [] });
    const before = await configOfToday({ headers: { prefix: 'x-desk-' } });
    await run({ apply: true }, before);
    expect(await caseRow(1)).toMatchObject({ priority: 8, labels: [] });
  });

  it('with the mapping of then, nothing changes, whatever has happened since', async () => {
    await record([
      { ...ann, ...at(1), 'x-desk-case-priority': '8', 'x-desk-case-status': 'resolved' },
      { ...toAnn, ...at(2), 'x-desk-case-external-id': 'A', 'x-desk-customer-company': 'One' },
      { ...toAnn, ...at(3), 'x-desk-case-external-id': 'A', 'x-desk-customer-company': 'Two' },
      { ...toAnn, ...at(1), 'x-desk-case-external-id': 'A', 'x-desk-case-priority': '2' },
    ]);
    await set(1, { priority: 1, status: 'open' });
    await act((started) => moveInteraction(started, 3, 1, () => false));
    expect(await replayed({}, await configOfToday({ headers: { prefix: 'x-desk-' } }))).toEqual([]);
  });

  it('stay where a person set them last, even to nothing', async () => {
    await record([
      {
        ...ann,
        ...{ 'x-shop-case-priority': '8', 'x-shop-case-labels': 'lamp', 'x-shop-case-language': 'sv' },
        ...{ 'x-shop-case-status': 'resolved', 'x-shop-case-custom-tier': 'gold' },
      },
    ]);
    await set(1, {
      ...{ priority: 3, status: 'open', language: 'en' },
      labels: [{ how: 'replace', labels: ['mine'] }],
      custom_fields: new Map([['tier', 'silver']]),
    });
    await set(1, { language: null });
    expect(await replayed()).toEqual([
      'mail 1 left x-shop-case-status: resolved: a person set it last',
      'mail 1 left x-shop-case-priority: 8: a person set it last',
      'mail 1 left x-shop-case-language: sv: a person set it last',
      'mail 1 left x-shop-case-custom-tier: gold: a person set it last',
      'mail 1 left x-shop-case-labels: lamp: a person set it last',
    ]);
    expect(await caseRow(1)).toMatchObject({
      ...{ status: 'open', priority: 3, language: null, labels: ['mine'], custom_fields: { tier: 'silver' } },
    });
  });

  it('a replay is no person: what one has set, the next one sets anew', async () => {
    await record([{ ...ann, 'x-shop-case-priority': '8', 'x-two-case-priority': '9' }]);
    await run({ apply: true });
    expect(await replayed({}, await configOfToday({ headers: { prefix: 'x-two-' } }))).toEqual([
      'case 1 priority: 8 -> 9 (x-two-case-priority)',
    ]);
  });

  it('stay where a newer mail has said it, by whatever order they are in', async () => {
    const named = { ...toAnn, 'x-desk-case-external-id': 'A' };
    await record([
      { ...named, ...at(5), 'x-desk-case-priority': '5' },
      { ...named, ...at(1), 'x-shop-case-priority': '1', 'x-shop-case-language': 'sv' },
      { ...named, ...at(9), 'x-shop-case-priority': '9', 'x-shop-case-language': 'en' },
    ]);
    expect(await replayed()).toEqual([
      'case 1 language: - -> en (x-shop-case-language)',
      'case 1 priority: 5 -> 9 (x-shop-case-priority)',
      'mail 2 left x-shop-case-priority: 1: a newer mail has said it since',
    ]);
  });

  it('stay where a newer mail has said what was so already, which is no event', async () => {
    const said = { 'x-desk-case-priority': '5', 'x-desk-case-custom-tier': 'gold' };
    const named = { ...toAnn, ...said, 'x-desk-case-external-id': 'A' };
    const today = { 'x-shop-case-priority': '8', 'x-shop-case-custom-tier': 'silver' };
    await record([
      { ...named, ...today, ...at(1), 'x-shop-case-language': 'sv' },
      { ...named, ...at(9) },
    ]);
    expect(await replayed()).toEqual([
      'case 1 language: - -> sv (x-shop-case-language)',
      'mail 1 left x-shop-case-priority: 8: a newer mail has said it since',
      'mail 1 left x-shop-case-custom-tier: silver: a newer mail has said it since',
    ]);
    expect(await caseRow(1)).toMatchObject({ priority: 5, custom_fields: { tier: 'gold' } });
  });

  it('where one mail after the other is replayed, the newest one has its word in the end', async () => {
    const named = { ...toAnn, 'x-desk-case-external-id': 'A' };
    await record([
      { ...named, ...at(9), 'x-shop-case-priority': '9' },
      { ...named, ...at(1), 'x-shop-case-priority': '1' },
    ]);
    const untilOne = new Date(2 * 60_000);
    await run({ since: untilOne, apply: true });
    expect((await caseRow(1))?.priority).toBe(9);
    expect(await replayed()).toEqual(['mail 2 left x-shop-case-priority: 1: a newer mail has said it since']);
  });
});

describe('the status', () => {
  const resolved = { ...ann, 'Message-ID': '<q@x>', 'x-shop-case-status': 'resolved' };

  it('stays where the case has newer mail', async () => {
    await record([
      { ...resolved, ...at(1) },
      { ...ann, ...at(2), 'In-Reply-To': '<q@x>' },
    ]);
    expect(await replayed()).toEqual(['mail 1 left x-shop-case-status: resolved: the case has newer mail']);
    expect((await caseRow(1))?.status).toBe('new');
  });

  it('becomes what the newest mail asks for; automatic mail is none', async () => {
    const auto = { 'Auto-Submitted': 'auto-replied', 'In-Reply-To': '<q@x>' };
    await record([
      { ...resolved, ...at(1) },
      { ...ann, ...auto, ...at(2) },
    ]);
    expect(await replayed()).toEqual(['case 1 status: new -> resolved (x-shop-case-status says so)']);
    expect(await query('select first_resolved_at is not null as times from cases')).toEqual([
      { times: true },
    ]);
  });

  it('that a person has set stays, though nothing is left in the case', async () => {
    await record([
      { ...ann, ...at(1), 'x-desk-case-external-id': 'A' },
      { ...ann, ...at(2), 'x-shop-case-external-id': 'A' },
      { ...ann, ...at(3), 'x-shop-case-external-id': 'A' },
    ]);
    await set(2, { status: 'pending' });
    expect(await replayed()).toEqual([
      'mail 2 case_id: 2 -> 1 (x-shop-case-external-id)',
      'case 3 status: new -> closed (its only mail went to another case)',
      'mail 3 case_id: 3 -> 1 (x-shop-case-external-id)',
    ]);
    expect((await caseRow(2))?.status).toBe('pending');
  });

  it('never becomes new again', async () => {
    await record([{ ...ann, 'x-desk-case-status': 'pending', 'x-shop-case-status': 'new' }]);
    expect(await replayed()).toEqual(['mail 1 left x-shop-case-status: new: a case never becomes new again']);
  });
});

it('what a newer mail has said of a customer stays, where today the mail would be found to go another way', async () => {
  await record([
    { ...ann, ...at(0) },
    { From: 'bob@b.example', ...at(2), 'x-desk-customer-external-id': 'C-1', 'x-desk-customer-phone': '2' },
    {
      ...{ ...ann, ...at(1), 'x-desk-interaction-direction': 'out' },
      ...{ 'x-shop-customer-external-id': 'C-1', 'x-shop-customer-phone': '1' },
    },
  ]);
  expect(await replayed()).toContain('mail 3 left x-shop-customer-phone: 1: a newer mail has said it since');
});
