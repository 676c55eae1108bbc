import { describe, expect, it } from 'vitest';
import { bytes, insertRows, nextIds, updateRows } from '../../src/db/insert.ts';
import { blameFor } from '../../src/db/sqlstate.ts';
import { useDatabase } from '../support/database.ts';
import { rows } from '../support/poll.ts';

const database = useDatabase();

/** What breaks a quoting that is made by hand. */
const AWKWARD = [
  '',
  ' ',
  'plain',
  "O'Brien",
  '"quoted"',
  'comma, and {braces}',
  'back\\slash \\n \\u0041',
  'NULL',
  'null',
  'what? where :name $1 ??',
  'line\nbreak\ttab\r',
  '\u0001\u001f\u007f',
  'Zoë 日本語 ﷽ 👩‍👩‍👧 e\u0301',
  '\u2028\u2029\ufeff',
  '<script>--;drop table customers;/*',
];

const at = new Date('2026-11-09T08:15:30.123Z');

function caseRow(id: number, more: Record<string, unknown> = {}) {
  return {
    id,
    labels: [] as unknown,
    custom_fields: {} as unknown,
    received_at: at,
    subject: null as unknown,
    ...more,
  };
}

describe('insertRows', () => {
  it('keeps text, arrays and jsonb as they are, whatever characters are in them', async () => {
    const { db } = database;
    const custom = Object.fromEntries(AWKWARD.map((value, index) => [`${index}${value}`, value]));
    const given = await db.transaction(async (trx) => {
      const { cases } = await nextIds(trx, { cases: AWKWARD.length });
      const list = cases.map((id, index) =>
        caseRow(id, { subject: AWKWARD[index], labels: AWKWARD, custom_fields: custom }),
      );
      await insertRows(trx, 'cases', ['id', 'labels', 'custom_fields', 'received_at', 'subject'], list);
      return list;
    });
    const stored = await db('cases')
      .select('id', 'labels', 'custom_fields', 'received_at', 'subject')
      .whereIn(
        'id',
        given.map(({ id }) => id),
      )
      .orderBy('id');
    expect(stored).toEqual(given);
  });

  it('keeps bytes, addresses, numbers and nulls', async () => {
    const { db } = database;
    const key = Buffer.from(Array.from({ length: 33 }, (_, index) => (index * 8) % 256));
    const columns = [
      'id',
      'case_id',
      'direction',
      'kind',
      'trusted',
      'dedupe_key',
      'received_at',
      'ip_address',
      'latitude',
      'longitude',
      'reference_ids',
      'to_addresses',
      'cc_addresses',
      'sender_auth',
      'outsider',
      'created_at',
      'from_address',
    ] as const;
    const rowOf = (id: number, case_id: number, ip: string | null, last: number) => ({
      id,
      case_id,
      direction: 'in',
      kind: 'mail',
      trusted: true,
      dedupe_key: bytes(Buffer.concat([key.subarray(0, 32), Buffer.from([last])])),
      received_at: at,
      ip_address: ip,
      latitude: -33.868_820_123_4,
      longitude: ip === null ? null : 1e-9,
      reference_ids: ['a@b', 'c"d@e'],
      to_addresses: [],
      cc_addresses: [],
      sender_auth: 'none',
      outsider: false,
      created_at: at,
      from_address: null,
    });
    const ids = await db.transaction(async (trx) => {
      const taken = await nextIds(trx, { cases: 1, interactions: 3 });
      const [caseId = 0] = taken.cases;
      await insertRows(trx, 'cases', ['id', 'labels', 'custom_fields', 'received_at'], [caseRow(caseId)]);
      const ips = ['192.0.2.7', '2001:db8::1', null];
      const list = taken.interactions.map((id, index) => rowOf(id, caseId, ips[index] ?? null, index));
      await insertRows(trx, 'interactions', columns, list);
      return taken.interactions;
    });
    const stored = await db('interactions').whereIn('id', ids).orderBy('id');
    expect(stored).toMatchObject([
      { ip_address: '192.0.2.7', latitude: -33.868_820_123_4, longitude: 1e-9, from_address: null },
      { ip_address: '2001:db8::1', reference_ids: ['a@b', 'c"d@e'], to_addresses: [] },
      { ip_address: null, longitude: null, received_at: at, trusted: true },
    ]);
    expect(stored.map(({ dedupe_key }) => dedupe_key)).toEqual(
      [0, 1, 2].map((last) => Buffer.concat([key.subarray(0, 32), Buffer.from([last])])),
    );
  });

  it('does nothing for no rows', async () => {
    await database.db.transaction((trx) => insertRows(trx, 'no_such_table', ['id'], []));
    await database.db.transaction((trx) => updateRows(trx, 'no_such_table', ['id'], []));
  });

  it('refuses what no column can hold with an error that is blamed on the data', async () => {
    for (const subject of ['a\0b', 'lone \ud800 surrogate']) {
      const error = await database.db
        .transaction(async (trx) => {
          const { cases } = await nextIds(trx, { cases: 1 });
          await insertRows(
            trx,
            'cases',
            ['id', 'labels', 'custom_fields', 'received_at', 'subject'],
            [caseRow(cases[0] ?? 0, { subject })],
          );
        })
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      expect(error).toBeInstanceOf(Error);
      expect(blameFor(error)).toBe('data');
    }
  });
});

describe('updateRows', () => {
  it('sets the named columns of the named rows, and nothing else', async () => {
    const { db } = database;
    const [first = 0, second = 0, third = 0] = await db.transaction(async (trx) => {
      const { cases } = await nextIds(trx, { cases: 3 });
      const list = cases.map((id) => caseRow(id, { subject: 'before', labels: ['old'] }));
      await insertRows(trx, 'cases', ['id', 'labels', 'custom_fields', 'received_at', 'subject'], list);
      return cases;
    });
    await db.transaction((trx) =>
      updateRows(
        trx,
        'cases',
        ['labels', 'custom_fields', 'priority'],
        [
          { id: third, labels: AWKWARD, custom_fields: { a: 'O\'Brien "?"' }, priority: 9 },
          { id: first, labels: [], custom_fields: {}, priority: null },
          { id: 987_654_321, labels: [], custom_fields: {}, priority: 1 },
        ],
      ),
    );
    const stored = await db('cases')
      .select('id', 'subject', 'labels', 'custom_fields', 'priority')
      .whereIn('id', [first, second, third])
      .orderBy('id');
    expect(stored).toEqual([
      { id: first, subject: 'before', labels: [], custom_fields: {}, priority: null },
      { id: second, subject: 'before', labels: ['old'], custom_fields: {}, priority: null },
      { id: third, subject: 'before', labels: AWKWARD, custom_fields: { a: 'O\'Brien "?"' }, priority: 9 },
    ]);
    expect(await rows(db, `select id from cases where id = 987654321`)).toEqual([]);
  });
});

describe('nextIds', () => {
  it('gives as many as asked of each table, ascending, and never the same twice', async () => {
    const { db } = database;
    const take = () => db.transaction((trx) => nextIds(trx, { customers: 20, cases: 0, interactions: 3 }));
    const results = await Promise.all([take(), take(), take()]);
    for (const { customers, cases, interactions } of results) {
      expect([customers.length, cases.length, interactions.length]).toEqual([20, 0, 3]);
      expect(customers).toEqual([...customers].sort((a, b) => a - b));
    }
    expect(new Set(results.flatMap(({ customers }) => customers)).size).toBe(60);
    expect(new Set(results.flatMap(({ interactions }) => interactions)).size).toBe(9);
  });

  it('takes none where none is wanted, and the next row of the table gets the id after', async () => {
    const { db } = database;
    expect(await db.transaction((trx) => nextIds(trx, { customers: 0 }))).toEqual({ customers: [] });
    const { customers } = await db.transaction((trx) => nextIds(trx, { customers: 2 }));
    const [row] = await rows<{ id: number }>(db, `insert into customers (company) values ('x') returning id`);
    expect(row?.id).toBe((customers[1] ?? 0) + 1);
  });
});
