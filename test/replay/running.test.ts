import { beforeEach, describe, expect, it } from 'vitest';
import { MailcaseError } from '../../src/errors.ts';
import { Judges } from '../../src/judge/judges.ts';
import { noteBusy, noteIdle } from '../../src/record/folders.ts';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { mailboxSection } from '../support/mailcase.ts';
import { RECORDING } from '../support/poll.ts';
import { dumpOf } from '../support/untouched.ts';
import { configOfToday, linesOf, replayOn } from './replaying.ts';

/* Headers x-shop-… count today, and did not when the mail came. */

const database = useDatabase();
const { query, clear, record, casesOfMails, replayed, run } = replayOn(database);

beforeEach(clear);

const ann: Told = { From: 'Ann <ann@asker.example>', Subject: 'Lamp' };
const at = (minute: number): Told => ({ '@minute': String(minute) });
const some = { trust: 'some' } as const;
const priority = (value: number): Told => ({ 'x-shop-case-priority': String(value) });
const priorities = async () =>
  (await query<{ priority: number | null }>('select priority from cases order by id')).map(
    (row) => row.priority,
  );
const directivesOf = async (id: number) =>
  (
    await query<{ directives: Record<'applied' | 'refused' | 'decided', unknown[]> }>(
      `select directives from interaction_contents where interaction_id = ${id}`,
    )
  )[0]?.directives;

describe('the verdict of trust', () => {
  it('is the one that the mail had: what was not trusted says nothing today, whoever is trusted now', async () => {
    await record([{ ...ann, ...priority(8), 'x-desk-case-priority': '7' }], { trust: 'none' });
    expect(await replayed()).toEqual([
      'mail 1 left x-shop-case-priority: 8: not trusted: the mailbox trusts nobody (trust: none)',
    ]);
    expect(await query('select trusted, sender_auth from interactions')).toEqual([
      { trusted: false, sender_auth: 'none' },
    ]);
  });

  it('counts where nobody is trusted today, with the reason that was noted', async () => {
    await record([{ ...ann, ...priority(8), 'x-desk-case-priority': '7' }]);
    const mailboxes = [mailboxSection('nobody@example.com', { own: ['example.com'], trust: 'none' })];
    expect(await replayed({}, await configOfToday({ mailboxes }))).toEqual([
      'case 1 priority: 7 -> 8 (x-shop-case-priority)',
    ]);
    expect((await directivesOf(1))?.decided[0]).toEqual({
      what: 'trust',
      value: 'trusted',
      why: 'the mailbox trusts everybody (trust: all)',
    });
  });

  it('for a signature is that of what it covered: a header that was mapped later, anybody may have added', async () => {
    await record([{ ...ann, ...priority(8), 'X-Shop-Case-Labels': 'vip', 'X-Shop-Other': 'x' }]);
    await database.db.raw(`update interaction_contents set trusted_headers = '{x-shop-case-labels}'`);
    expect(await replayed()).toEqual([
      'case 1 labels: - -> vip (x-shop-case-labels)',
      'mail 1 left x-shop-other: x: no header of this name is mapped to a field',
      'mail 1 left x-shop-case-priority: 8: not trusted: no signature covered it when the mail came',
    ]);
  });

  it('of a copy is not that of the bytes: anything may stand in them', async () => {
    const mail = { ...ann, 'Message-ID': '<a@x>', Date: 'Mon, 09 Nov 2026 08:00:00 +0000', ...at(1) };
    const said = { ...mail, 'x-desk-case-priority': '3' };
    await record(
      [
        { ...said, ...priority(8) },
        { ...said, '@trusted': 'yes' },
      ],
      some,
    );
    expect(await query('select trusted from interactions')).toEqual([{ trusted: true }]);
    expect(await replayed()).toEqual([
      'left 1: its headers count by a trusted copy, whose bytes are not kept',
    ]);
    expect(await priorities()).toEqual([3]);
  });
});

describe('which mail is meant', () => {
  beforeEach(async () => {
    await record([
      { ...ann, ...at(1), ...priority(1), 'x-desk-case-external-id': 'ONE' },
      { ...ann, ...at(60 * 24), ...priority(2) },
      { ...ann, ...at(60 * 48), ...priority(3) },
    ]);
  });
  const day = (number: number) => new Date(Date.UTC(1970, 0, number));

  it.each([
    ['all', {}, [1, 2, 3]],
    ['of a time', { since: day(2), until: day(3) }, [null, 2, null]],
    ['of a case', { caseId: 1 }, [1, null, null]],
    ['of a mailbox', { mailbox: 'support' }, [1, 2, 3]],
    ['of another mailbox', { mailbox: 'sales' }, [null, null, null]],
    ['all of it together', { mailbox: 'support', since: day(2), caseId: 1 }, [null, null, null]],
    ['the oldest ones', { limit: 2 }, [1, 2, null]],
  ])('%s', async (_name, request, expected) => {
    const report = await run({ ...request, apply: true });
    expect(await priorities()).toEqual(expected);
    const changed = expected.filter((each) => each !== null).length;
    const meant = 'limit' in request ? 3 : changed;
    expect(report).toMatchObject({ mails: meant, changed, remaining: meant - changed });
  });

  it('with a limit, the same command goes on where it ended, and then has nothing to do', async () => {
    for (const [expected, known] of [
      [[1, null, null], 0],
      [[1, 2, null], 1],
      [[1, 2, 3], 2],
      [[1, 2, 3], 3],
    ] as const) {
      const report = await run({ limit: 1, apply: true });
      expect(report).toMatchObject({ mails: 3, known, looked_at: known === 3 ? 0 : 1 });
      expect(await priorities()).toEqual(expected);
    }
  });

  it('what other rules are about is looked at anew', async () => {
    await run({ apply: true });
    expect(await run({ apply: true })).toMatchObject({ known: 3, looked_at: 0 });
    const other = await configOfToday({ headers: { prefix: 'x-two-' } });
    expect(await run({ apply: true }, other)).toMatchObject({
      known: 0,
      looked_at: 3,
      changed: 0,
      rerecorded: 3,
    });
    expect(await run({ apply: true }, other)).toMatchObject({ known: 3 });
  });
});

describe('what cannot be replayed is left as it is, and said', () => {
  it.each([
    [
      'bytes that are not whole',
      `update raw_messages set is_whole = false`,
      'not all of its bytes are kept (message_bytes)',
    ],
    ['bytes that are gone', `delete from raw_messages`, 'its bytes are not kept'],
    [
      'bytes that were changed',
      `update raw_messages set content = content || 'x'`,
      'its bytes are not those that were kept',
    ],
    [
      'a folder that is not known',
      `update interactions set folder_id = null`,
      'it is not known from which folder it was read',
    ],
    [
      'a mailbox that is no more',
      `update mailboxes set name = 'old'`,
      'its mailbox is not configured any more',
    ],
  ])('%s', async (_name, sql, reason) => {
    await record([{ ...ann, ...priority(1) }]);
    await database.db.raw(sql);
    expect(await replayed()).toEqual([`left 1: ${reason}`]);
  });

  it('and holds up no others, within a limit too', async () => {
    await record([
      { ...ann, ...priority(1), ...at(1) },
      { ...ann, ...priority(2), ...at(2) },
      { ...ann, ...priority(3), ...at(3), '@body': 'please exit' },
      { ...ann, ...priority(4), ...at(4) },
      { ...ann, ...priority(5), ...at(5) },
    ]);
    await database.db.raw('update raw_messages set is_whole = false where interaction_id = 1');
    const misbehaving = new Judges(
      { limits: { ...RECORDING.limits, parse_time: 20_000 } },
      new URL('../judge/misbehaving-worker.ts', import.meta.url),
    );
    try {
      await run({ limit: 1, apply: true }, undefined, misbehaving);
      expect(await priorities()).toEqual([null, 2, null, null, null]);
      expect(linesOf(await run({ limit: 1, apply: true }, undefined, misbehaving))).toEqual([
        'case 4 priority: - -> 4 (x-shop-case-priority)',
        'left 1: not all of its bytes are kept (message_bytes)',
        expect.stringMatching(/^left 3: it cannot be read today: /),
      ]);
      expect(await priorities()).toEqual([null, 2, null, 4, null]);
    } finally {
      await misbehaving.close();
    }
  }, 60_000);

  it('what the database refuses, and the others of its batch are applied', async () => {
    await record([1, 2, 3].map((each) => ({ ...ann, ...priority(each), ...at(each) })));
    await database.db.raw('alter table cases add constraint trap check (priority <> 2)');
    try {
      expect(linesOf(await run({ apply: true }))).toEqual([
        'case 1 priority: - -> 1 (x-shop-case-priority)',
        'case 3 priority: - -> 3 (x-shop-case-priority)',
        expect.stringMatching(/^left 2: it cannot be replayed: .*trap/),
      ]);
    } finally {
      await database.db.raw('alter table cases drop constraint trap');
    }
    expect(await priorities()).toEqual([1, null, 3]);
    expect(linesOf(await run({ apply: true }))).toEqual(['case 2 priority: - -> 2 (x-shop-case-priority)']);
  });
});

it('a mail of megabytes is read in pieces', async () => {
  await record([{ ...ann, ...priority(5), '@body': `${'A lamp. '.repeat(800_000)}` }]);
  expect(await replayed()).toEqual(['case 1 priority: - -> 5 (x-shop-case-priority)']);
});

describe('at the same moment', () => {
  const mails = Array.from({ length: 60 }, (_, i) => ({
    ...{ From: `p${i % 7}@p.example`, 'Message-ID': `<m${i}@x>`, ...at(i) },
    'x-shop-case-external-id': `E-${i % 4}`,
    'x-shop-customer-email': `joe${i % 5}@joe.example`,
    'x-shop-case-labels': `l${i % 3}`,
  }));

  it('two replays come to what one comes to, each change once', async () => {
    await record(mails);
    await run({ apply: true });
    const alone = await summary();
    await clear();
    await record(mails);
    await Promise.all([run({ apply: true }), run({ apply: true, actor: 'Sam' })]);
    expect(await summary()).toEqual(alone);
  }, 60_000);

  it('mail that comes meanwhile is filed where the replay has brought what it answers', async () => {
    await record(mails);
    const answers = mails.map((_, i) => ({
      ...{ From: `joe${i % 5}@joe.example`, ...at(100 + i) },
      ...{ 'In-Reply-To': `<m${i}@x>`, 'Message-ID': `<r${i}@x>` },
    }));
    await Promise.all([run({ apply: true }), record(answers)]);
    const found = await query<{ n: number }>('select count(*) as n from interactions');
    expect(found).toEqual([{ n: 120 }]);
    expect(
      await query(`select c.id from cases c where c.status <> 'closed'
        and not exists (select from interactions i where i.case_id = c.id)`),
    ).toEqual([]);
    const before = await dumpOf(database.db);
    await run({ apply: true });
    await run({ apply: true });
    expect(linesOf(await run({ apply: true }))).toEqual([]);
    expect(before).not.toBe('');
  }, 60_000);

  /** What there is, without the numbers that hang on who was first. */
  async function summary() {
    return {
      cases: await query(
        `select external_id, status, labels, (select count(*) from interactions i where i.case_id = c.id) as mails
         from cases c order by external_id, id`,
      ),
      customers: await query(
        `select e.address_key, (select count(*) from interactions i where i.customer_id = e.customer_id) as mails
         from customer_emails e order by 1`,
      ),
      events: await query('select field, count(*) as n from case_events group by 1 order by 1'),
      placed: (await casesOfMails()).length,
    };
  }
});

describe('it gives way', () => {
  it('to a poll that records new mail, and ends when it is told to', async () => {
    await record([{ ...ann, ...priority(5) }]);
    await noteBusy(database.db, 1);
    let waited = 0;
    const stopping = new AbortController();
    const waiting = run({ apply: true }, undefined, undefined, {
      onWaiting: () => {
        waited += 1;
        setTimeout(() => void noteIdle(database.db, 1), 300);
      },
    });
    expect((await waiting).changed).toBe(1);
    expect(waited).toBe(1);
    await noteBusy(database.db, 1);
    await database.db.raw('update interaction_contents set replayed_with = null');
    const ended = await run(
      { apply: true },
      undefined,
      undefined,
      { onWaiting: () => stopping.abort() },
      stopping.signal,
    );
    expect(ended).toMatchObject({ looked_at: 0, remaining: 1 });
  });

  it('an outage in the middle leaves whole batches, and the same command goes on', async () => {
    const many = Array.from({ length: 130 }, (_, i) => ({
      ...ann,
      ...at(i),
      ...priority(5),
      'Message-ID': `<${i}@x>`,
    }));
    await record(many);
    const down = new MailcaseError('database_unavailable', 'away');
    await expect(
      run({ apply: true }, undefined, undefined, {
        onProgress: (done) => {
          if (done >= 100) throw down;
        },
      }),
    ).rejects.toBe(down);
    expect((await priorities()).filter((each) => each === 5)).toHaveLength(100);
    expect(await run({ apply: true })).toMatchObject({ known: 100, looked_at: 30, changed: 30 });
  });
});

it('what was noted of a flood stays noted, until the mail lies where it belongs', async () => {
  const shop = { From: 'shop@partner.example' };
  await record(
    [1, 2, 3].map((each) => ({
      ...shop,
      ...at(each),
      ...(each === 3 && { 'x-shop-case-external-id': 'E' }),
    })),
    { trust: 'none', policy: { flood: { messages: 1, window: 3_600_000 } } },
  );
  const floods = () =>
    query(`select interaction_id as id from interaction_contents
      where directives @> '{"refused": [{"by": "flood"}]}' order by 1`);
  expect(await floods()).toEqual([{ id: 2 }, { id: 3 }]);
  await run({ apply: true });
  expect(await floods()).toEqual([{ id: 2 }, { id: 3 }]);
  await database.db.raw(
    'update interactions set trusted = true; update interaction_contents set replayed_with = null',
  );
  expect(linesOf(await run({ apply: true }))).toContain('mail 3 case_id: 1 -> 2 (x-shop-case-external-id)');
  expect(await floods()).toEqual([{ id: 2 }]);
});
