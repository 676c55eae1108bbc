import { expect, inject, it } from 'vitest';
import { Suspects } from '../../src/poll-context.ts';
import { useDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { startImapProxy } from '../support/imap-proxy.ts';
import { mail } from '../support/mail.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';

const database = useDatabase();

// Where the answer came first, the mail that it answers would resolve the case again, and nobody would read the answer.
it('a connection that breaks once while mail is fetched changes nothing in the order of its recording', async () => {
  const user = 'broken-fetch@example.com';
  const order = {
    From: 'shop@example.com',
    To: 'joe@customer.example',
    'Message-ID': '<order@example.com>',
    'x-desk-case-external-id': 'ORDER-1',
    'x-desk-case-status': 'resolved',
    Subject: 'Your order',
  };
  const answer = {
    From: 'joe@customer.example',
    To: user,
    'In-Reply-To': '<order@example.com>',
    Subject: 'Re: Your order',
  };
  await deliver(inject('dovecot'), user, [mail(order), mail(answer)]);
  let breaks = true;
  const proxy = await startImapProxy(inject('dovecot'), (text) => {
    if (!breaks || !text.includes('BODY[]')) return text;
    breaks = false;
    return undefined;
  });
  try {
    const more = { own: ['example.com'], trust: 'all', batch: { messages: 1 }, imap: { port: proxy.port } };
    const mailbox = await loadMailbox(user, more);
    const suspects = new Suspects();
    await expect(poll(database.db, mailbox, { suspects })).rejects.toThrow('the connection broke');
    expect(await poll(database.db, mailbox, { suspects })).toMatchObject({ recorded: 2 });
  } finally {
    await proxy.close();
  }
  expect(
    await rows(
      database.db,
      'select i.subject, c.status from interactions i join cases c on c.id = i.case_id order by i.id',
    ),
  ).toEqual([
    { subject: 'Your order', status: 'open' },
    { subject: 'Re: Your order', status: 'open' },
  ]);
});
