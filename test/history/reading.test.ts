import { beforeAll, describe, expect, it } from 'vitest';
import { readCase } from '../../src/history/case.ts';
import { readCustomerHistory } from '../../src/history/customer.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

const MAILS = 3_000;

/** One customer with much mail in many cases, one case among them that has much mail of many customers. */
beforeAll(async () => {
  await database.db.raw(`
    insert into customers (first_name) select 'C' || n from generate_series(1, 100) n;
    insert into customer_emails (customer_id, address, address_key)
      select n, 'c' || n || '@example.com', 'c' || n || '@example.com' from generate_series(1, 100) n;
    insert into cases (customer_id, received_at, status) select 1, '2026-01-01', 'open' from generate_series(1, 200);
    insert into interactions (case_id, customer_id, direction, kind, subject, trusted, dedupe_key, received_at)
      select case when n % 2 = 0 then 1 else 1 + n % 200 end, case when n % 2 = 0 then 1 + n % 100 else 1 end,
        case when n % 3 = 0 then 'in' else 'out' end, 'mail', 'Mail ' || n, false,
        '\\x01'::bytea || sha256(convert_to(n::text, 'UTF8')), timestamptz '2026-01-01' + n / 2 * interval '1 second'
      from generate_series(1, ${MAILS}) n;
    insert into interaction_contents (interaction_id, body_text, headers, directives)
      select id, repeat('word ', 2000), '[]', '{}' from interactions;
    insert into case_events (case_id, at, field, old, new, interaction_id)
      select 1, received_at, case when id % 2 = 0 then 'labels' else 'status' end, 'a', 'b', id
      from interactions where case_id = 1;
    analyze;
  `);
});

/** How many queries an act takes. */
async function counted<T>(act: () => Promise<T>): Promise<[T, number]> {
  let queries = 0;
  const count = () => {
    queries += 1;
  };
  database.db.on('query', count);
  try {
    return [await act(), queries];
  } finally {
    database.db.off('query', count);
  }
}

describe('readCustomerHistory', () => {
  it('takes a handful of queries, however much there is', async () => {
    const [few, queriesOfFew] = await counted(() => readCustomerHistory(database.db, 1, { limit: 2 }));
    const [many, queriesOfMany] = await counted(() => readCustomerHistory(database.db, 1, { limit: 200 }));
    expect([few?.interactions.length, many?.interactions.length]).toEqual([2, 200]);
    expect(queriesOfMany).toBe(queriesOfFew);
    expect(queriesOfMany).toBeLessThanOrEqual(7);
  });

  it('gives the latest in the order of time, those of one second in the order of their ids', async () => {
    const history = await readCustomerHistory(database.db, 1, { limit: 5 });
    const keys = history?.interactions.map(({ received_at, id }) => [received_at.getTime(), id]) ?? [];
    expect(keys).toHaveLength(5);
    expect(keys).toEqual([...keys].sort(([a = 0, x = 0], [b = 0, y = 0]) => a - b || x - y));
    expect(history?.interactions.at(-1)?.subject).toBe(`Mail ${MAILS}`);
    expect(history?.totals.matching).toBe(5 + (history?.left_out ?? 0));
  });

  it('counts what lies in the time that was asked for, and what there is in all', async () => {
    const since = new Date('2026-01-01T00:10:00Z');
    const until = new Date('2026-01-01T00:10:10Z');
    const history = await readCustomerHistory(database.db, 1, { limit: 3, since, until });
    // One of its own each second, and every fiftieth that of the campaign.
    expect(history?.totals.matching).toBe(10 + 1);
    expect(history?.left_out).toBe(8);
    expect(history?.totals.inbound).toBe(500 + 10);
    expect(history?.totals.outbound).toBe(1_000 + 20);
  });

  it('keeps beginnings short, and whole texts only where they are wanted', async () => {
    const [without, withTexts] = await Promise.all([
      readCustomerHistory(database.db, 1, { limit: 1 }),
      readCustomerHistory(database.db, 1, { limit: 1, texts: true }),
    ]);
    expect(without?.interactions[0]?.excerpt.length).toBeLessThanOrEqual(301);
    expect(without?.interactions[0]).not.toHaveProperty('body_text');
    expect(withTexts?.interactions[0]?.body_text).toMatch(/^(word )+ …$/);
  });

  it('knows where there is no such customer', async () => {
    expect(await readCustomerHistory(database.db, 999, { limit: 1 })).toBeUndefined();
  });
});

describe('readCase', () => {
  it('takes a handful of queries, however much there is', async () => {
    const why = true;
    const [few, queriesOfFew] = await counted(() => readCase(database.db, 1, { limit: 2, why }));
    const [many, queriesOfMany] = await counted(() => readCase(database.db, 1, { limit: 200, why }));
    expect([few?.interactions.length, many?.interactions.length]).toEqual([2, 200]);
    expect([few?.events.length, many?.events.length]).toEqual([2, 200]);
    expect(queriesOfMany).toBe(queriesOfFew);
    expect(queriesOfMany).toBeLessThanOrEqual(15);
    expect(many?.changes).toBe((many?.inbound ?? 0) + (many?.outbound ?? 0));
  });

  it('names whose mail each is', async () => {
    const history = await readCase(database.db, 1, { limit: 200 });
    for (const { customer_id, customer } of history?.interactions ?? []) {
      expect(customer).toMatchObject({ id: customer_id, addresses: [`c${customer_id}@example.com`] });
    }
    expect(new Set(history?.interactions.map(({ customer_id }) => customer_id)).size).toBeGreaterThan(10);
  });

  it('knows where there is no such case', async () => {
    expect(await readCase(database.db, 9_999, { limit: 1 })).toBeUndefined();
  });
});
