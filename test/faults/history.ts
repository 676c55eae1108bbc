import { inject } from 'vitest';
import type { Database } from '../../src/db/connect.ts';
import { createDatabase, dropDatabase } from '../support/database.ts';
import { deliver } from '../support/deliver.ts';
import { loadMailbox } from '../support/mailcase.ts';
import { poll, rows } from '../support/poll.ts';
import type { FaultMail } from './fault-mails.ts';

/** What is recorded, by what the mails themselves say and not by the ids and times of one run. */
export interface History {
  readonly customers: readonly unknown[];
  /** In the order of their first messages. */
  readonly cases: readonly unknown[];
}

/** Far beyond what any test sends; for the configuration of every run that is compared. */
export const NO_FLOOD = { messages: 1_000_000, window: 3_600_000 };

/** How the mailbox must be configured for mails of faultMails. */
export const FAULT_MAILBOX = { own: ['example.com'], trust: 'all' };

/** The first token is the message's own: what it quotes comes after. */
const TOKEN = `(select substring(coalesce(nullif(c.body_text, ''), c.body_html) from 'token-[0-9-]+-end')
  from interaction_contents c where c.interaction_id = i.id)`;

/** A customer by all their addresses. */
const addressesOf = (id: string) =>
  `(select array_agg(a.address_key order by a.address_key) from customer_emails a where a.customer_id = ${id})`;

/** A case by its first message. */
const caseOf = (id: string) =>
  `(select ${TOKEN} from interactions i where i.case_id = ${id} order by i.id limit 1)`;

/** Events of the case's customer have ids in them. */
const eventValue = (column: 'old' | 'new') => `case when e.field = 'customer_id'
  then to_json(${addressesOf(`e.${column}::bigint`)}) else to_json(e.${column}) end`;

const CUSTOMERS = `
  select ${addressesOf('c.id')} as addresses, first_name, last_name, company, phone, external_id, custom_fields
  from customers c order by 1, external_id`;

const CASES = `
  select ${caseOf('s.id')} as first, external_id, subject, status, priority, language, labels, custom_fields,
    ${addressesOf('s.customer_id')} as customer, ${caseOf('s.follow_up_of')} as follow_up_of,
    (select json_agg(json_build_object('token', ${TOKEN}, 'direction', i.direction, 'kind', i.kind,
        'customer', ${addressesOf('i.customer_id')}, 'outsider', i.outsider, 'trusted', i.trusted,
        'applied', c.directives -> 'applied', 'refused', c.directives -> 'refused',
        'text', md5(concat(c.body_text, c.body_html)),
        'files', (select json_agg(encode(a.sha256, 'hex') order by a.id) from attachments a
          where a.interaction_id = i.id)) order by i.id)
      from interactions i join interaction_contents c on c.interaction_id = i.id
      where i.case_id = s.id) as messages,
    (select json_agg(json_build_object('by', (select ${TOKEN} from interactions i where i.id = e.interaction_id),
        'field', e.field, 'old', ${eventValue('old')}, 'new', ${eventValue('new')}) order by e.id)
      from case_events e where e.case_id = s.id) as events,
    (select json_agg(p.address_key order by p.address_key) from case_participants p where p.case_id = s.id) as participants
  from cases s order by (select min(i.id) from interactions i where i.case_id = s.id)`;

/** Reads what a database holds. */
export async function readHistory(db: Database): Promise<History> {
  return { customers: await rows(db, CUSTOMERS), cases: await rows(db, CASES) };
}

/** @returns the tokens of all interactions, in the order in which they were recorded */
export async function recordedTokens(db: Database): Promise<{ id: number; token: string | null }[]> {
  return rows(db, `select i.id, ${TOKEN} as token from interactions i order by i.id`);
}

/**
 * What the same mails come to where nothing disturbs: delivered in the same order to another mailbox, and polled into
 * a database of its own.
 *
 * @param user a mailbox that nothing was delivered to
 */
export async function undisturbedHistory(mails: readonly FaultMail[], user: string): Promise<History> {
  await deliver(
    inject('dovecot'),
    user,
    mails.map(({ raw }) => raw),
  );
  return undisturbedHistoryOf(user, mails.length);
}

/**
 * What a mailbox comes to where nothing disturbs: polled once, without changing anything in it, into a database of its
 * own. For mailboxes that got mail while they were read: Dovecot gives such mail its UID in no certain order.
 *
 * @param messages how many there must be in its INBOX
 */
export async function undisturbedHistoryOf(user: string, messages: number): Promise<History> {
  const { db, url } = await createDatabase('undisturbed');
  try {
    const aside = { select: 'new', start: 'all', processed: 'none' };
    const mailbox = await loadMailbox(user, { ...FAULT_MAILBOX, ...aside });
    const { found, left } = await poll(db, mailbox, { recording: { flood: NO_FLOOD } });
    if (found !== messages || left > 0) throw new Error(`${found} of ${messages} found, ${left} left`);
    return await readHistory(db);
  } finally {
    await db.destroy();
    await dropDatabase(url);
  }
}
