import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { MailboxConfig } from '../../src/config/schema.ts';
import type { Database } from '../../src/db/connect.ts';
import type { Applied, Decided, Refused } from '../../src/rules/directives.ts';
import { deliver } from '../support/deliver.ts';
import { withClient } from '../support/imap-client.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, RECORDING, rows } from '../support/poll.ts';
import { accountOf, BOXES, type BoxName, boxOptions } from './boxes.ts';
import { firstMessageId, SHOP, SUPPORT, shopMail, type Victim } from './letters.ts';

/** What came of one mail. */
export interface Outcome {
  readonly outcome: string;
  readonly trusted: boolean;
  readonly sender_auth: string;
  readonly direction: string;
  readonly customer: string | null;
  readonly external_id: string | null;
  readonly status: string;
  readonly directives: { applied: Applied[]; refused: Refused[]; decided: Decided[] };
}

/** The mailboxes, a real server's, and what the tests do with them. */
export interface Scene {
  /** Hands a mail to the server of a mailbox. @returns where it lies */
  deliver(box: BoxName, mail: string | Buffer): Promise<Place>;
  /** Polls all mailboxes once, as the daemon does. */
  poll(): Promise<Map<BoxName, Awaited<ReturnType<typeof poll>>>>;
}

export interface Place {
  readonly box: BoxName;
  readonly uid: number;
}

/** Customers write by the hundred here, and one attacker writes most of it: no flood shall hide what becomes of it. */
const recording = {
  ...RECORDING,
  cases: { subject_number: '[#1234]' },
  flood: { ...RECORDING.flood, messages: 100_000 },
};

export async function openScene(
  db: Database,
  dns: string,
  boxes: readonly BoxName[] = BOXES,
): Promise<Scene> {
  const mailboxes = new Map<BoxName, MailboxConfig>();
  for (const box of boxes) mailboxes.set(box, await loadMailbox(accountOf(box), boxOptions(box, dns)));
  const uids = new Map<BoxName, number>();
  return {
    deliver: async (box, mail) => {
      const uid = (uids.get(box) ?? 0) + 1;
      uids.set(box, uid);
      if (box === 'bytes') await putInto(accountOf(box), uid, mail);
      else await deliver(inject('dovecot'), accountOf(box), [mail]);
      return { box, uid };
    },
    poll: async () => {
      const reports = new Map<BoxName, Awaited<ReturnType<typeof poll>>>();
      for (const [box, mailbox] of mailboxes) reports.set(box, await poll(db, mailbox, { recording }));
      return reports;
    },
  };
}

/** Puts a mail where the server keeps it, as it is. */
async function putInto(user: string, uid: number, mail: string | Buffer): Promise<void> {
  // Whoever looks into a mailbox first has it made.
  if (uid === 1) await withClient(user, () => Promise.resolve());
  const name = `${1_700_000_000 + uid}.M${String(uid).padStart(6, '0')}.attack`;
  await writeFile(join(inject('dovecot').folder, 'users', user, 'Maildir', 'new', name), mail);
}

/** The customers' cases, each made by a mail of the shop's, to which nothing was added since. */
export async function makeVictims(db: Database, victims: readonly Victim[]): Promise<void> {
  const mailbox = await loadMailbox(SUPPORT, { own: [SHOP], trust: 'all' });
  const changes = {
    'x-desk-case-status': undefined,
    'x-desk-case-labels': undefined,
    'x-desk-customer-company': 'Before',
  };
  await deliver(
    inject('dovecot'),
    SUPPORT,
    victims.map((each) =>
      shopMail(each, { ...changes, 'Message-ID': firstMessageId(each) }, 'We have your order.'),
    ),
  );
  await poll(db, mailbox, { recording });
}

/** All that is known of the customers' cases: the rows, and how much is in them. */
export async function casesOf(db: Database): Promise<Map<string, unknown>> {
  const found = await rows<{ external_id: string; known: unknown }>(
    db,
    `select c.external_id, jsonb_build_object('case', to_jsonb(c), 'customer', to_jsonb(p),
       'addresses', (select jsonb_agg(e.address order by e.id) from customer_emails e where e.customer_id = p.id),
       'interactions', (select count(*) from interactions i where i.case_id = c.id),
       'events', (select count(*) from case_events e where e.case_id = c.id)) as known
     from cases c join customers p on p.id = c.customer_id where c.external_id is not null`,
  );
  return new Map(found.map(({ external_id, known }) => [external_id, known]));
}

/** What came of each mail, by `mailbox/UID`. */
export async function outcomesOf(db: Database): Promise<Map<string, Outcome>> {
  const found = await rows<Outcome & Place>(
    db,
    `select m.name as box, r.uid, r.outcome, i.trusted, i.sender_auth, i.direction, c.external_id, c.status, x.directives,
       (select e.address_key from customer_emails e where e.customer_id = i.customer_id order by e.id limit 1) as customer
     from receipts r join folders f on f.id = r.folder_id join mailboxes m on m.id = f.mailbox_id
       left join interactions i on i.id = r.interaction_id left join cases c on c.id = i.case_id
       left join interaction_contents x on x.interaction_id = i.id`,
  );
  return new Map(found.map((each) => [`${each.box}/${each.uid}`, each]));
}
