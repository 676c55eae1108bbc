import { beforeEach, describe, expect, it } from 'vitest';
import { mergeCases } from '../../src/desk/merge-cases.ts';
import { moveInteraction } from '../../src/desk/move-interaction.ts';
import { setCase } from '../../src/desk/set-case.ts';
import { ownMatcher } from '../../src/message/addresses.ts';
import type { Told } from '../record/story.ts';
import { useDatabase } from '../support/database.ts';
import { deskOn } from './desk.ts';

/* A trusted copy of a mail comes late: what people have done with the mail and its case since stays as they did it. */

const { query, clear, record, act } = deskOn(useDatabase());

const kim: Told = {
  From: 'Kim <kim@k.example>',
  'Message-ID': '<kim@x>',
  Date: 'Mon, 09 Nov 2026 08:00:00 +0000',
};
const joe: Told = { From: 'Joe <joe@j.example>' };
const trusted = (told: Told): Told => ({ ...told, '@trusted': 'yes' });
const some = { trust: 'some' } as const;

const cases = () =>
  query<{ id: number; customer: string | null; external_id: string | null }>(
    `select c.id, c.external_id, (select address_key from customer_emails e where e.customer_id = c.customer_id) as customer
     from cases c where merged_into is null and status <> 'closed' order by c.id`,
  );

beforeEach(clear);

describe('a late trusted copy', () => {
  it('gives a case no customer back whom a person has replaced', async () => {
    await record([kim, joe], some);
    const customer = { address: 'joe@j.example' };
    await act((started) => setCase(started, { id: 1 }, { customer, labels: [], custom_fields: new Map() }));
    await record([trusted(kim)], some);
    expect(await cases()).toMatchObject([{ id: 1, customer: 'joe@j.example' }, { id: 2 }]);
  });

  it('takes no case away from its customer that its own was merged into', async () => {
    await record([kim, joe], some);
    await act((started) => mergeCases(started, 2, 1));
    await record([trusted(kim)], some);
    expect(await cases()).toEqual([{ id: 2, customer: 'joe@j.example', external_id: null }]);
  });

  it('gives a case neither id nor customer into which a person has moved it, and says so', async () => {
    const named: Told = { ...kim, 'x-desk-case-external-id': 'ORDER-1', 'x-desk-case-labels': 'lamp' };
    await record([named, joe], some);
    await act((started) => moveInteraction(started, 1, 2, ownMatcher([])));
    await record([trusted(named)], some);
    expect(await cases()).toEqual([{ id: 2, customer: 'joe@j.example', external_id: null }]);
    expect(await query('select labels from cases where id = 2')).toEqual([{ labels: ['lamp'] }]);
    expect(
      await query(
        "select directives -> 'refused' as refused from interaction_contents where interaction_id = 1",
      ),
    ).toEqual([
      {
        refused: [
          {
            by: 'x-desk-case-external-id',
            field: 'case.external_id',
            value: 'ORDER-1',
            reason: 'a person has put the mail into this case',
          },
        ],
      },
    ]);
  });

  it('where nobody has acted, renames the case that the mail began, and no other', async () => {
    const named: Told = { ...kim, 'x-desk-customer-email': 'pat@p.example' };
    await record([joe, named], some);
    await record([trusted(named)], some);
    expect(await cases()).toMatchObject([{ customer: 'joe@j.example' }, { customer: 'pat@p.example' }]);
  });
});

it('a trusted bounce: its header names the customer first; an id that is nobody’s is refused', async () => {
  const toAnn: Told = { From: 'support@example.com', To: 'ann@a.example', 'Message-ID': '<sent@x>' };
  const bounce: Told = {
    From: 'mailer-daemon@mx.example',
    'Return-Path': '<>',
    'In-Reply-To': '<sent@x>',
    'x-desk-customer-external-id': 'C-9',
  };
  await record([toAnn, bounce, { ...bounce, 'x-desk-customer-email': 'pat@p.example' }]);
  expect(
    await query(`select i.kind, e.address_key as customer, c.directives -> 'refused' as refused
      from interactions i join customer_emails e using (customer_id)
        join interaction_contents c on c.interaction_id = i.id order by i.id`),
  ).toEqual([
    { kind: 'mail', customer: 'ann@a.example', refused: [] },
    {
      kind: 'bounce',
      customer: 'ann@a.example',
      refused: [expect.objectContaining({ by: 'x-desk-customer-external-id', value: 'C-9' })],
    },
    { kind: 'bounce', customer: 'pat@p.example', refused: [] },
  ]);
});
