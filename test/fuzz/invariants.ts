import type { Database } from '../../src/db/connect.ts';
import {
  MAX_ATTACHMENTS,
  MAX_HEADER_FIELDS,
  MAX_LINE_CHARACTERS,
  MAX_RECIPIENTS,
  MAX_REFERENCES,
} from '../../src/message/limits.ts';
import { rows } from '../support/poll.ts';

/** What a batch has stored: interactions with a higher id, and receipts with a higher UID, than there were before. */
export interface Since {
  readonly id: number;
  readonly uid: number;
}

/** A list that is at most as long as its limit, and at the limit where a sentence says that it was cut. */
const bounded = (column: string, limit: number) => `
  select id from interactions where id > :id and (cardinality(${column}) > ${limit}
    or (cardinality(${column}) < ${limit} and exists (select from unnest(cut) said where said like '${column}: %')))`;

/** Likewise a text, in characters of which PostgreSQL counts two halves as one. */
const short = (column: string) => `
  select id from interactions where id > :id and (length(${column}) > ${MAX_LINE_CHARACTERS}
    or (length(${column}) < ${MAX_LINE_CHARACTERS} / 2 - 1
      and exists (select from unnest(cut) said where said like '${column}: %')))`;

/** What must be true of the tables whatever was recorded: each is a query that finds what it is not true of. */
const BROKEN: Readonly<Record<string, string>> = {
  'each interaction has contents and a raw message': `
    select i.id from interactions i left join interaction_contents c on c.interaction_id = i.id
      left join raw_messages r on r.interaction_id = i.id
    where i.id > :id and (c.interaction_id is null or r.interaction_id is null)`,
  'each raw message is the bytes that it says': `
    select interaction_id from raw_messages
    where interaction_id > :id and (sha256(content) <> sha256 or octet_length(content) <> size_bytes)`,
  'each receipt has what it says': `
    select r.uid from receipts r left join quarantine q using (folder_id, uid_validity, uid)
    where r.uid > :uid and (r.outcome not in ('recorded', 'duplicate', 'quarantined')
      or (r.outcome = 'quarantined') <> (q.id is not null)
      or (r.outcome in ('recorded', 'duplicate')) <> (r.interaction_id is not null))`,
  'each interaction was recorded once': `
    select i.id from interactions i left join receipts r on r.interaction_id = i.id and r.outcome = 'recorded'
    where i.id > :id group by i.id having count(r.uid) <> 1`,
  'subjects and names are one line': `
    select id from interactions where id > :id and concat_ws(' ', subject, from_name) ~ '[\\r\\n\\t]'`,
  'statuses are of the list, and cases begin with an event': `
    select c.id from cases c join interactions i on i.case_id = c.id
    where i.id > :id and (c.status not in ('new', 'open', 'pending', 'resolved', 'closed')
      or not exists (select from case_events e where e.case_id = c.id and e.field = 'status' and e.old is null))`,
  'recipients within their limit': bounded('to_addresses', MAX_RECIPIENTS),
  'readers within their limit': bounded('cc_addresses', MAX_RECIPIENTS),
  'references within their limit': bounded('reference_ids', MAX_REFERENCES),
  'subjects within their limit': short('subject'),
  'names within their limit': short('from_name'),
  'header fields within their limit': `
    select interaction_id from interaction_contents
    where interaction_id > :id and jsonb_array_length(headers) > ${MAX_HEADER_FIELDS}`,
  'attachments within their limit, each with its hash': `
    select interaction_id from attachments where interaction_id > :id
    group by 1 having count(*) > ${MAX_ATTACHMENTS} or count(sha256) < count(*)`,
  'what is cut is said of something': `
    select id from interactions, unnest(cut) said where id > :id and said !~ '^[a-z_]+: .'`,
};

/** @returns what is not true, with the ids of which it is not; empty where all is well */
export async function brokenInvariants(db: Database, { id, uid }: Since): Promise<string[]> {
  const broken: string[] = [];
  for (const [what, sql] of Object.entries(BROKEN)) {
    const found = await rows(db, sql.replaceAll(':id', String(id)).replaceAll(':uid', String(uid)));
    if (found.length > 0) broken.push(`${what}: ${JSON.stringify(found.slice(0, 5))}`);
  }
  return broken;
}
