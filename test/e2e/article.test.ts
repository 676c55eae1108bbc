import { expect, inject, test } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();

/** What Desk.com's help article describes: a shop writes to a customer three times, support gets the blind copy. */
function shopMail(subject: string): string {
  return mail({
    From: '"Example Shop" <shop@example.com>',
    To: '"Joe Customer" <joe@customer.example>',
    Subject: subject,
    'x-desk-customer-email': '“Joe Customer” <joe@customer.example>',
    'x-desk-interaction-direction': 'out',
    'x-desk-case-status': 'resolved',
    'x-desk-case-external-id': 'order-4711',
  });
}

test('three blind copies become one customer, one case and three outbound interactions; polled twice, still so', async () => {
  const user = 'article@example.com';
  const server = inject('dovecot');
  // Bcc: the support mailbox is a recipient of the envelope, and stands nowhere in the message.
  const subjects = ['Your order', 'Your parcel is on its way', 'Your parcel has arrived'];
  await deliver(server, [user, 'joe@customer.example'], subjects.map(shopMail), 'shop@example.com');
  const mailbox = await loadMailbox(user, { trust: 'all' });

  const first = await poll(database.db, mailbox);
  expect(first).toMatchObject({ found: 3, recorded: 3, duplicates: 0, quarantined: 0, refused: 0 });
  const second = await poll(database.db, mailbox);
  expect(second).toMatchObject({ found: 0, recorded: 0 });

  expect(await rows(database.db, 'select first_name, last_name from customers')).toEqual([
    { first_name: 'Joe', last_name: 'Customer' },
  ]);
  expect(await rows(database.db, 'select address, address_key from customer_emails')).toEqual([
    { address: 'joe@customer.example', address_key: 'joe@customer.example' },
  ]);
  expect(await rows(database.db, 'select external_id, status, subject from cases')).toEqual([
    { external_id: 'order-4711', status: 'resolved', subject: 'Your order' },
  ]);
  expect(
    await rows(database.db, 'select direction, subject, trusted, kind from interactions order by id'),
  ).toEqual(subjects.map((subject) => ({ direction: 'out', subject, trusted: true, kind: 'mail' })));
  const receipts = await rows(
    database.db,
    'select outcome, processed_at is not null as marked from receipts',
  );
  expect(receipts).toEqual([1, 2, 3].map(() => ({ outcome: 'recorded', marked: true })));
});
