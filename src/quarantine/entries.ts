import type { Database } from '../db/connect.ts';
import { parseAddresses } from '../message/addresses.ts';
import { readHeaderBlock } from '../message/header-block.ts';
import type { HeaderField } from '../message/headers.ts';
import type { Stage } from '../record/quarantine.ts';
import { serverUidValidity } from '../record/uid-validity.ts';
import type { SenderAuth } from '../trust/trust.ts';

/** An entry of the quarantine as a list has it, in the tables' names. What is from the mail is as it stands there. */
export interface ListedEntry {
  readonly id: number;
  readonly mailbox: string;
  readonly folder: string;
  readonly uid_validity: number;
  readonly uid: number;
  readonly received_at: Date | null;
  /** When it was set aside. */
  readonly created_at: Date;
  readonly tried_at: Date;
  readonly from_name: string | null;
  readonly from_address: string | null;
  readonly subject: string | null;
  readonly stage: Stage;
  readonly error: string;
  readonly attempts: number;
  /** As the server says it. */
  readonly size_bytes: number | null;
  /** How many bytes are kept; null where there are none. */
  readonly content_bytes: number | null;
  readonly imported: boolean;
  readonly resolved_at: Date | null;
  readonly resolution: Resolution | null;
  readonly resolved_by: string | null;
  readonly interaction_id: number | null;
}

export type Resolution = 'recorded' | 'duplicate' | 'skipped' | 'dropped';

/** Everything that is known of an entry. */
export interface Entry extends ListedEntry {
  readonly is_whole: boolean;
  readonly sha256: string | null;
  readonly trusted: boolean | null;
  readonly trust_reason: string | null;
  readonly sender_auth: SenderAuth | null;
  readonly import_status: string | null;
  /** The first header fields, as they are read. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** How much of a message is read for its header, in bytes: most headers have 2 to 20 KB. */
const HEADER_BYTES = 32 * 1024;

/** Most header fields that are shown of one message. */
const MAX_FIELDS = 60;

interface EntryRow extends Omit<Entry, 'headers'> {
  readonly beginning: Buffer | null;
}

/** What was dealt with has its sender and subject where the mail is recorded. */
const ENTRIES = `
  select q.id, m.name as mailbox, f.path as folder, q.uid_validity, q.uid, q.received_at, q.created_at, q.tried_at,
    i.from_name, i.from_address, i.subject, q.stage, q.error, q.attempts, q.size_bytes,
    octet_length(q.content) as content_bytes, q.imported, q.resolved_at, q.resolution, q.resolved_by, q.interaction_id,
    q.is_whole, encode(q.sha256, 'hex') as sha256, q.trusted, q.trust_reason, q.sender_auth, q.import_status,
    substring(q.content from 1 for ${HEADER_BYTES}) as beginning
  from quarantine q join folders f on f.id = q.folder_id join mailboxes m on m.id = f.mailbox_id
    left join interactions i on i.id = q.interaction_id`;

const PLACES = `
  from quarantine q join folders f on f.id = q.folder_id join mailboxes m on m.id = f.mailbox_id`;

/** In which order entries are listed and tried: an answer comes after what it answers. */
const OLDEST_FIRST = 'order by coalesce(q.received_at, q.created_at), q.id';

/** Of one mailbox, or of all where it is null. */
const WAITING = 'q.resolved_at is null and coalesce(m.name = :mailbox, true)';
const OF_ALL = 'coalesce(m.name = :mailbox, true)';

export interface ListRequest {
  /** Undefined for all. */
  readonly mailbox: string | undefined;
  /** Also what was dealt with. */
  readonly all: boolean;
  readonly limit: number;
}

/** Lists entries, the oldest first. @returns how many are left out beside them */
export async function listEntries(
  db: Database,
  { mailbox: name, all, limit }: ListRequest,
): Promise<{ entries: ListedEntry[]; left_out: number }> {
  const mailbox = name ?? null;
  const meant = `${PLACES} where ${all ? OF_ALL : WAITING}`;
  // Chosen first, so that nothing is read of the messages beyond the limit.
  const { rows } = (await db.raw(
    `${ENTRIES} where q.id in (select q.id ${meant} ${OLDEST_FIRST} limit :limit) ${OLDEST_FIRST}`,
    { mailbox, limit },
  )) as { rows: EntryRow[] };
  const { rows: counts } = (await db.raw(`select count(*) as n ${meant}`, { mailbox })) as {
    rows: [{ n: number }];
  };
  const entries = rows.map((row) => listed(entryOf(row)));
  return { entries, left_out: Math.max(0, counts[0].n - entries.length) };
}

/** @returns undefined where there is none with this number */
export async function findEntry(db: Database, id: number): Promise<Entry | undefined> {
  const { rows } = (await db.raw(`${ENTRIES} where q.id = ?`, [id])) as { rows: EntryRow[] };
  return rows[0] && entryOf(rows[0]);
}

/** Numbers of all entries that wait, the oldest first. @param mailbox undefined for all */
export async function waitingIds(db: Database, mailbox: string | undefined): Promise<number[]> {
  const { rows } = (await db.raw(`select q.id ${PLACES} where ${WAITING} ${OLDEST_FIRST}`, {
    mailbox: mailbox ?? null,
  })) as { rows: { id: number }[] };
  return rows.map(({ id }) => id);
}

/** Names of the mailboxes that were ever polled. */
export async function mailboxNames(db: Database): Promise<string[]> {
  const { rows } = (await db.raw('select name from mailboxes order by name')) as { rows: { name: string }[] };
  return rows.map(({ name }) => name);
}

function entryOf({ beginning, ...row }: EntryRow): Entry {
  const isCut = row.content_bytes !== null && row.content_bytes > HEADER_BYTES;
  const fields = beginning === null ? [] : readHeaderBlock(beginning, isCut);
  const first = (key: string) => fields.find((field) => field.key === key);
  const from = fromOf(first('from'));
  return {
    ...row,
    uid_validity: serverUidValidity(row.uid_validity),
    from_name: from.name ?? row.from_name,
    from_address: from.address ?? row.from_address,
    subject: first('subject')?.value ?? row.subject,
    headers: fields.slice(0, MAX_FIELDS).map(({ name, value }) => [name, value] as const),
  };
}

/** A From that is no address is shown as it stands. */
function fromOf(field: HeaderField | undefined): { name: string | undefined; address: string | undefined } {
  const [address] = field ? parseAddresses(field.raw) : [];
  if (address) return { name: address.name || undefined, address: address.address };
  return { name: field?.value || undefined, address: undefined };
}

function listed({
  is_whole: _whole,
  sha256: _hash,
  trusted: _trusted,
  trust_reason: _reason,
  sender_auth: _auth,
  import_status: _status,
  headers: _headers,
  ...entry
}: Entry): ListedEntry {
  return entry;
}
