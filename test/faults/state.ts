import { expect } from 'vitest';
import type { Database } from '../../src/db/connect.ts';
import { brokenInvariants } from '../fuzz/invariants.ts';
import { type ClientOptions, contentOf } from '../support/imap-client.ts';
import { rows } from '../support/poll.ts';
import type { FaultMail } from './fault-mails.ts';
import { recordedTokens } from './history.ts';

export interface Delivered {
  /** Everything that was delivered, copies among them. */
  readonly mails: readonly FaultMail[];
  /** The mailbox's user, whose folder is looked at; left out where its mail does not stay in one folder. */
  readonly user?: string;
  readonly folder?: ClientOptions;
  /** How many receipts there must be; as many as mails, but where UIDVALIDITY changes or mail is moved about. */
  readonly receipts?: number;
}

/** How things stand once a mailbox is drained. */
export interface State {
  /** Messages with a receipt that leads to their interaction. */
  readonly messages: number;
  /** Mails without an interaction. */
  readonly lost: number;
  /** Interactions, receipts and cases beyond the one that each must have. */
  readonly doubled: number;
  /** Everything that is not as it must be, in words. */
  readonly problems: readonly string[];
}

/** Each finds what must not be in any database whose mailbox is drained. */
const NEVER: Readonly<Record<string, string>> = {
  'in quarantine': 'select id, stage, error from quarantine',
  'still awaited': 'select uid from awaited_messages',
  'not marked processed': 'select uid from receipts where processed_at is null',
  'a receipt that says neither recorded nor duplicate': `
    select uid, outcome, last_error from receipts where outcome not in ('recorded', 'duplicate')`,
  'recorded once, but its copies point elsewhere': `
    select r.uid from receipts r join interactions i on i.id = r.interaction_id
    where r.dedupe_key is distinct from i.dedupe_key`,
  'a case without an interaction': `
    select s.id, s.external_id from cases s where not exists (select from interactions i where i.case_id = s.id)`,
  'a customer without an address': `
    select c.id from customers c where not exists (select from customer_emails e where e.customer_id = c.id)`,
  'a customer without an interaction': `
    select c.id from customers c where not exists (select from interactions i where i.customer_id = c.id)`,
};

/** Looks whether each mail of faultMails became exactly one interaction with one receipt, marked, with nothing left over. */
export async function readState(db: Database, delivered: Delivered): Promise<State> {
  const { mails } = delivered;
  const problems: string[] = [];
  for (const [what, sql] of Object.entries(NEVER)) {
    const found = await rows(db, sql);
    if (found.length > 0) problems.push(`${found.length} ${what}: ${JSON.stringify(found.slice(0, 5))}`);
  }
  problems.push(...(await brokenInvariants(db, { id: 0, uid: 0 })));

  const tokens = await recordedTokens(db);
  const expected = new Set(mails.map(({ token }) => token));
  const recorded = new Set(tokens.map(({ token }) => token));
  const missing = [...expected].filter((token) => !recorded.has(token));
  const unknown = tokens.filter(({ token }) => token === null || !expected.has(token));
  const doubled = tokens.length - unknown.length - (expected.size - missing.length);
  if (missing.length > 0) problems.push(`lost: ${missing.slice(0, 5).join(', ')}`);
  if (unknown.length > 0) problems.push(`recorded and never sent: ${JSON.stringify(unknown.slice(0, 5))}`);
  if (doubled > 0) problems.push(`${doubled} interactions more than mails`);

  const { through, receipts } = await countReceipts(db);
  const wanted = delivered.receipts ?? mails.length;
  if (receipts !== wanted) problems.push(`${receipts} receipts, and not ${wanted}`);
  problems.push(...(await wrongCases(db, mails)), ...(await wrongCustomers(db, mails)));
  if (delivered.user !== undefined) {
    problems.push(...(await wrongFolder(delivered.user, mails.length, delivered.folder)));
  }
  return {
    messages: through,
    lost: missing.length,
    doubled: doubled + unknown.length + Math.max(0, receipts - wanted),
    problems,
  };
}

/** @throws AssertionError that lists what is not as it must be */
export function assertOnce({ problems, lost, doubled }: State): void {
  expect(problems).toEqual([]);
  expect({ lost, doubled }).toEqual({ lost: 0, doubled: 0 });
}

async function countReceipts(db: Database): Promise<{ receipts: number; through: number }> {
  const [counts] = await rows<{ receipts: number; through: number }>(
    db,
    'select count(*)::int as receipts, count(interaction_id)::int as through from receipts',
  );
  return counts ?? { receipts: 0, through: 0 };
}

/** Each external id has its one case, and each mail that names it is in that case. */
async function wrongCases(db: Database, mails: readonly FaultMail[]): Promise<string[]> {
  const found = await rows<{ externalId: string; messages: number }>(
    db,
    `select s.external_id as "externalId", count(*)::int as messages
     from cases s join interactions i on i.case_id = s.id join interaction_contents c on c.interaction_id = i.id
     where s.external_id is not null and exists (
       select from jsonb_array_elements(c.headers) h
       where lower(h ->> 0) = 'x-desk-case-external-id' and h ->> 1 = s.external_id)
     group by s.id order by 1`,
  );
  const distinct = new Map(mails.map((mail) => [mail.token, mail]));
  const wanted = new Map<string, number>();
  for (const { externalId } of distinct.values()) {
    if (externalId !== undefined) wanted.set(externalId, (wanted.get(externalId) ?? 0) + 1);
  }
  const cases = new Map(found.map(({ externalId, messages }) => [externalId, messages]));
  return [...new Set([...wanted.keys(), ...cases.keys()])]
    .filter((id) => wanted.get(id) !== cases.get(id))
    .map((id) => `case ${id} has ${cases.get(id) ?? 0} of its ${wanted.get(id) ?? 0} mails`);
}

/** Each address is some customer's, and each mail is in the history of whom it is from or to. */
async function wrongCustomers(db: Database, mails: readonly FaultMail[]): Promise<string[]> {
  const found = await rows<{ address: string }>(db, 'select address_key as address from customer_emails');
  const wanted = new Set(mails.map(({ customer }) => customer));
  const addresses = new Set(found.map(({ address }) => address));
  const missing = [...wanted].filter((address) => !addresses.has(address));
  const unknown = [...addresses].filter((address) => !wanted.has(address));
  const owners = await rows<{ id: number; addresses: string[] }>(
    db,
    `select i.id, array_agg(e.address_key) as addresses
     from interactions i join customer_emails e using (customer_id) group by i.id`,
  );
  const addressesOf = new Map(owners.map((each) => [each.id, each.addresses]));
  const byToken = new Map(mails.map((mail) => [mail.token, mail.customer]));
  const astray = (await recordedTokens(db)).filter(({ id, token }) => {
    const customer = byToken.get(token ?? '');
    return customer !== undefined && !addressesOf.get(id)?.includes(customer);
  });
  return [
    ...missing.map((address) => `nobody has the address ${address}`),
    ...unknown.map((address) => `somebody has the address ${address}`),
    ...astray.map(({ token }) => `${token} is in somebody else's history`),
  ];
}

async function wrongFolder(
  user: string,
  messages: number,
  options: ClientOptions | undefined,
): Promise<string[]> {
  const content = await contentOf(user, options);
  const unmarked = content.filter(({ flags }) => !flags.includes('\\Seen'));
  return [
    ...(content.length === messages
      ? []
      : [`the folder has ${content.length} messages, and not ${messages}`]),
    ...(unmarked.length === 0 ? [] : [`unseen: ${unmarked.map(({ uid }) => uid).join(', ')}`]),
  ];
}
