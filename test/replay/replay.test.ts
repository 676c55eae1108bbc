import { beforeEach, describe, expect, it } from 'vitest';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { replayOn } from './replaying.ts';

const database = useDatabase();
const { query, clear, record, replayed, run } = replayOn(database);

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

describe('fields of the case', () => {
  it('become what a mail says today', async () => {
    await record([
      {
        ...ann,
        ...{ 'x-shop-case-priority': '8', 'x-shop-case-labels': 'lamp, vip', 'x-shop-case-language': 'sv' },
        ...{ 'x-shop-case-subject': 'A lamp', 'x-shop-case-custom-tier': 'gold', 'x-shop-case-status': 'open' },
      },
    ]);
    expect(await replayed()).toEqual([
      'case 1 status: new -> open (x-shop-case-status)',
      'case 1 priority: - -> 8 (x-shop-case-priority)',
      'case 1 language: - -> sv (x-shop-case-language)',
      'case 1 subject: Lamp -> A lamp (x-shop-case-subject)',
      'case 1 labels: - -> lamp, vip (x-shop-case-labels)',
      'case 1 custom_fields.tier: - -> gold (x-shop-case-custom-tier)',
    ]);
    expect(await caseRow(1)).toMatchObject({ status: 'open', priority: 8, labels: ['lamp', 'vip'] });
  });
});
