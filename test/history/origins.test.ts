import { describe, expect, it } from 'vitest';
import type { CaseEvent, SupportCase } from '../../src/history/case-rows.ts';
import type { Directives } from '../../src/history/interactions.ts';
import { originsOf, type Provenance, reasonOf, whyHere } from '../../src/history/origins.ts';
import type { Placed, Placement } from '../../src/history/placements.ts';
import { aCase } from './examples.ts';

const BEGAN = new Date('2026-11-09T08:15:00Z');
const LATER = new Date('2026-11-10T08:15:00Z');

function supportCase(given: Partial<SupportCase> = {}): SupportCase {
  return aCase({ id: 1, status: 'new', received_at: BEGAN, created_at: BEGAN, updated_at: BEGAN, ...given });
}

let ids = 0;

function event(
  field: string,
  old: string | null,
  value: string | null,
  more: Partial<CaseEvent> = {},
): CaseEvent {
  ids += 1;
  return {
    id: ids,
    at: LATER,
    field,
    old,
    new: value,
    interaction_id: 2,
    actor: null,
    replayed: false,
    reason: null,
    ...more,
  };
}

function mail(given: Partial<Directives> = {}): Directives {
  return { applied: [], refused: [], decided: [], ...given };
}

function provenance(given: Partial<Provenance> = {}): Provenance {
  const first = { id: 1, received_at: BEGAN, subject: 'Where is my lamp?', customer_id: 7 };
  return { events: [], first, directives: new Map(), ...given };
}

/** The origin of one field, as far as a test is about it. */
function origin(field: string, row: Partial<SupportCase>, known: Partial<Provenance>) {
  const { reason, interaction_id, actor } =
    originsOf(supportCase(row), provenance(known)).find((each) => each.field === field) ?? {};
  return [interaction_id, actor, reason];
}

const header = (by: string, field: string, value: string) => mail({ applied: [{ by, field, value }] });

describe('originsOf', () => {
  it('goes by the last event, with the reason that it has', () => {
    const events = [
      event('status', null, 'new', { interaction_id: 1, at: BEGAN }),
      event('status', 'new', 'pending', { reason: 'an outbound mail in a new case' }),
    ];
    expect(originsOf(supportCase({ status: 'pending' }), provenance({ events }))[0]).toEqual({
      field: 'status',
      value: 'pending',
      at: LATER,
      interaction_id: 2,
      actor: null,
      reason: 'an outbound mail in a new case',
    });
  });

  it('names the person who did it', () => {
    const events = [event('priority', null, '8', { interaction_id: null, actor: 'ann' })];
    expect(origin('priority', { priority: 8 }, { events })).toEqual([null, 'ann', null]);
  });

  it('finds the header where an older version noted no reason', () => {
    const events = [event('custom_fields.total', null, '5')];
    const directives = new Map([[2, header('x-desk-case-custom-total', 'case.custom_fields.total', '5')]]);
    expect(origin('custom_fields.total', { custom_fields: { total: '5' } }, { events, directives })).toEqual([
      2,
      null,
      'x-desk-case-custom-total',
    ]);
  });

  it('goes by the mail that the case began with where there is no event', () => {
    const directives = new Map([
      [
        1,
        mail({
          applied: [{ by: 'x-desk-case-external-id', field: 'case.external_id', value: 'ORDER-1' }],
          decided: [{ what: 'customer', value: 'joe@example.com', why: 'the first address of To' }],
        }),
      ],
    ]);
    const row = { external_id: 'ORDER-1' };
    expect(origin('external_id', row, { directives })).toEqual([1, null, 'x-desk-case-external-id']);
    expect(origin('customer_id', row, { directives })).toEqual([1, null, 'the first address of To']);
    expect(origin('subject', row, { directives })).toEqual([1, null, 'the case began with it']);
    const follows = new Map([
      [1, mail({ decided: [{ what: 'case', value: null, why: 'case 3 is closed' }] })],
    ]);
    expect(origin('follow_up_of', { follow_up_of: 3 }, { directives: follows })).toEqual([
      1,
      null,
      'case 3 is closed',
    ]);
  });

  it.each([
    [
      'another value than the last event says',
      { status: 'closed' as const },
      { events: [event('status', null, 'new')] },
    ],
    ['another value than its mail says', { status: 'new' as const, subject: 'x' }, {}],
    ['no mail at all', {}, { first: undefined }],
  ])('says where nothing tells: %s', (_what, row, known) => {
    const untold = originsOf(supportCase(row), provenance(known)).filter(({ at }) => at === null);
    expect(untold.length).toBeGreaterThan(0);
    for (const each of untold) expect(each.reason).toMatch(/perhaps it was set by SQL/);
  });

  it('tells each label by the event that brought it, the last time it came', () => {
    const events = [
      event('labels', null, 'order', { interaction_id: 1 }),
      event('labels', 'order', 'order, lamp'),
      event('labels', 'order, lamp', 'lamp', { interaction_id: null, actor: 'ann' }),
      event('labels', 'lamp', 'lamp, order, vip', { interaction_id: 4 }),
    ];
    const origins = originsOf(
      supportCase({ labels: ['lamp', 'order', 'vip', 'la'] }),
      provenance({ events }),
    );
    expect(
      origins.filter(({ field }) => field === 'labels').map((each) => [each.value, each.interaction_id]),
    ).toEqual([
      ['lamp', 2],
      ['order, vip', 4],
      ['la', null],
    ]);
  });

  it('leaves out what is empty', () => {
    expect(originsOf(supportCase(), provenance()).map(({ field }) => field)).toEqual([
      'status',
      'customer_id',
      'subject',
    ]);
  });
});

describe('reasonOf', () => {
  it.each([
    ['its own', { reason: 'so' }, mail(), 'so'],
    ['nothing for a person', { interaction_id: null, actor: 'ann' }, mail(), null],
    ['nothing for a person who moved the mail', { actor: 'ann' }, header('x', 'case.status', 'open'), null],
    ['the header', {}, header('x-desk-case-status', 'case.status', 'open'), 'x-desk-case-status'],
    [
      'what was decided',
      {},
      mail({ decided: [{ what: 'status', value: 'open', why: 'reopened' }] }),
      'reopened',
    ],
    ['the beginning', { old: null }, mail(), 'the case began with it'],
    ['nothing', {}, mail(), null],
  ])('is %s', (_what, given, directives, expected) => {
    expect(reasonOf(event('status', 'new', 'open', given), new Map([[2, directives]]))).toBe(expected);
  });

  it('copes with a mail that is not there', () => {
    expect(reasonOf(event('status', 'new', 'open'), new Map())).toBeNull();
  });
});

describe('whyHere', () => {
  const here = (given: Partial<Directives>, placed: Partial<Placed> = {}) =>
    whyHere({ ...mail(given), case_id: 3, recorded_in: null, placements: [], ...placed });
  const because = { decided: [{ what: 'case' as const, value: 'case 5', why: 'a new one' }] };
  const moved = (from: number, into: number, actor: string | null = 'Ann'): Placement => ({
    ...{ how: 'moved', from, into, at: LATER, actor },
  });
  const merged = (from: number, into: number): Placement => ({ ...moved(from, into, 'Bob'), how: 'merged' });

  it.each<[string, Placed, string]>([
    [
      'merged',
      { recorded_in: 5, placements: [merged(5, 3)] },
      'case 5, where it lay, was merged into this one by Bob, 2026-11-10 08:15; there because: a new one',
    ],
    [
      'merged twice',
      { recorded_in: 5, placements: [merged(4, 3), merged(5, 4)] },
      'case 4 was merged into this one by Bob, 2026-11-10 08:15; case 5, where it lay, was merged into case 4 by Bob, 2026-11-10 08:15; there because: a new one',
    ],
    [
      'moved',
      { recorded_in: 5, placements: [moved(5, 3)] },
      'moved here from case 5 by Ann, 2026-11-10 08:15; there because: a new one',
    ],
    [
      'moved, then merged',
      { recorded_in: 5, placements: [merged(4, 3), moved(8, 4)] },
      'case 4 was merged into this one by Bob, 2026-11-10 08:15; moved into case 4 from case 8 by Ann, 2026-11-10 08:15; first in case 5 because: a new one',
    ],
    [
      'moved back',
      { recorded_in: 3, placements: [moved(8, 3)] },
      'moved here from case 8 by Ann, 2026-11-10 08:15; first in this case because: a new one',
    ],
    [
      'moved by nobody known, from where nothing tells',
      { recorded_in: null, placements: [moved(8, 3, null)] },
      'moved here from case 8, 2026-11-10 08:15; before that: a new one',
    ],
  ])('says who brought it: %s', (_what, placed, expected) => {
    expect(here(because, placed)).toBe(expected);
  });

  it('says who brought it, also where nothing tells why it was recorded where it was', () => {
    expect(here({}, { placements: [moved(8, 3)] })).toBe('moved here from case 8 by Ann, 2026-11-10 08:15');
  });

  it.each([
    ['as noted', mail({ decided: [{ what: 'case', value: '3', why: 'answers 12' }] }), 'answers 12'],
    [
      'by the header',
      header('x-desk-case-external-id', 'case.external_id', 'O-1'),
      'x-desk-case-external-id: O-1',
    ],
    ['not known', mail(), null],
  ])('%s', (_what, directives, expected) => {
    expect(here(directives)).toBe(expected);
  });
});
