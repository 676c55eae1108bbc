import { beforeEach, expect, it } from 'vitest';
import type { Act } from '../../src/desk/act.ts';
import { MailcaseError } from '../../src/errors.ts';
import { chance } from '../faults/random.ts';
import { scaled } from '../faults/scaled.ts';
import { useDatabase } from '../support/database.ts';
import { SEED } from '../support/seed.ts';
import { MINUTES, randomAct, randomConfig, randomMails } from './random-story.ts';
import { configOfToday, replayOn } from './replaying.ts';

/*
 * Stories made by chance, each replayed twice under other rules. Whatever has happened: the dry run tells what is done
 * then, a second run changes nothing, and what a person has set last stays.
 */

const database = useDatabase();
// Several batches in each story: a dry run has to remember what it would have stored.
const { query, clear, record, act, replayed, run } = replayOn(database, { batchMessages: 2 });

beforeEach(clear);

const COUNT = scaled({ short: 8, long: 300 });
const SEEDS = Array.from({ length: COUNT }, (_, index) => SEED + index);

it.each(SEEDS)(
  'whatever has happened, a replay keeps its promises (FUZZ_SEED=%i)',
  async (seed) => {
    const random = chance(seed);
    await record(randomMails(random), { trust: 'some' });
    for (let left = random.between(0, 3); left > 0; left -= 1) {
      await actOrBeRefused(randomAct(random, await scope()));
    }
    for (const _round of ['first', 'second']) {
      const config = await configOfToday(randomConfig(random));
      if (random.happens(0.3)) {
        await run({ apply: true, since: new Date(random.between(1, MINUTES) * 60_000) }, config);
      }
      const before = await setByPeople();
      const lines = await replayed({}, config);
      const broken = lines.filter((line) => /^(the dry|the second|again|anew|told otherwise)/.test(line));
      expect(broken, lines.join('\n')).toEqual([]);
      expect(await setByPeople(), lines.join('\n')).toMatchObject(before);
    }
  },
  60_000,
);

async function scope() {
  const ids = async (sql: string) => (await query<{ id: number }>(sql)).map(({ id }) => id);
  return {
    cases: await ids('select id from cases where merged_into is null order by id'),
    customers: await ids('select id from customers where merged_into is null order by id'),
    interactions: await ids('select id from interactions order by id'),
  };
}

async function actOrBeRefused(work: (act: Act) => Promise<unknown>): Promise<void> {
  try {
    await act(work);
  } catch (error) {
    if (!(error instanceof MailcaseError) || error.code !== 'act_refused') throw error;
  }
}

/** The fields of cases that a person has set last, with what they have now. */
async function setByPeople(): Promise<Record<string, unknown>> {
  const found = await query<{ case_id: number; field: string; value: unknown }>(
    `select * from (
       select distinct on (e.case_id, e.field) e.case_id, e.field, e.actor is not null and not e.replayed as is_a_person,
         case when e.field like 'custom_fields.%' then c.custom_fields -> substr(e.field, 15)
              else to_jsonb(c) -> e.field end as value
       from case_events e join cases c on c.id = e.case_id
       where e.field in ('status', 'priority', 'language', 'subject', 'labels', 'external_id', 'customer_id')
         or e.field like 'custom_fields.%'
       order by e.case_id, e.field, e.id desc) last
     where is_a_person`,
  );
  return Object.fromEntries(found.map(({ case_id, field, value }) => [`${case_id} ${field}`, value]));
}
