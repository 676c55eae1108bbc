import type { Database } from '../../../src/db/connect.ts';
import { rows } from '../poll.ts';

interface StoredRow {
  readonly uid: number;
  readonly outcome: string;
  readonly error: string | null;
  readonly stored: Record<string, unknown> | null;
}

/** Long texts as they begin, and how long they are. */
const shortened = (value: unknown): unknown => {
  if (typeof value === 'string')
    return value.length > 60 ? `${value.slice(0, 40)}… (${value.length})` : value;
  if (Array.isArray(value))
    return value.length > 8
      ? [...value.slice(0, 3).map(shortened), `… (${value.length})`]
      : value.map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [shortened(key), shortened(each)]));
};

/** What is usual, and says nothing. */
const isUsual = (value: unknown) =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** Everything that the tables have of each message of a folder, short enough to be read, by UID. */
export async function storedMessages(
  db: Database,
  mailbox: string,
): Promise<Map<number, { outcome: string; error: string | null; stored: unknown }>> {
  const found = await rows<StoredRow>(
    db,
    `select r.uid::int, r.outcome, q.error, case when i.id is not null then jsonb_build_object(
       'kind', nullif(i.kind, 'mail'), 'direction', nullif(i.direction, 'in'), 'message_id', i.message_id,
       'in_reply_to', i.in_reply_to, 'reference_ids', to_jsonb(i.reference_ids),
       'subject', i.subject, 'from_address', i.from_address, 'from_name', i.from_name, 'reply_to', i.reply_to_address,
       'to', to_jsonb(i.to_addresses), 'cc', to_jsonb(i.cc_addresses), 'sent_at', i.sent_at, 'cut', to_jsonb(i.cut),
       'city', i.city, 'user_agent', i.user_agent,
       'text', c.body_text, 'html', c.body_html, 'headers', jsonb_array_length(c.headers),
       'refused', (select jsonb_agg((r ->> 'by') || ': ' || (r ->> 'reason')) from jsonb_array_elements(c.directives -> 'refused') r),
       'attachments', (select jsonb_agg(concat_ws(' ', part, content_type, size_bytes, file_name) order by id)
         from attachments a where a.interaction_id = i.id),
       'case', jsonb_strip_nulls(jsonb_build_object('external_id', k.external_id, 'labels', nullif(to_jsonb(k.labels), '[]'),
         'custom_fields', nullif(k.custom_fields, '{}'), 'subject', nullif(k.subject, i.subject))),
       'customer', jsonb_strip_nulls(jsonb_build_object('first_name', p.first_name, 'last_name', p.last_name,
         'company', p.company, 'external_id', p.external_id, 'custom_fields', nullif(p.custom_fields, '{}')))
     ) end as stored
     from receipts r join folders f on f.id = r.folder_id join mailboxes m on m.id = f.mailbox_id and m.name = ?
       left join quarantine q on q.folder_id = r.folder_id and q.uid_validity = r.uid_validity and q.uid = r.uid
       left join interactions i on i.id = r.interaction_id
       left join interaction_contents c on c.interaction_id = i.id
       left join cases k on k.id = i.case_id left join customers p on p.id = i.customer_id`,
    [mailbox],
  );
  return new Map(
    found.map(({ uid, outcome, error, stored }) => [
      uid,
      {
        outcome,
        error,
        stored:
          stored &&
          shortened(Object.fromEntries(Object.entries(stored).filter(([, value]) => !isUsual(value)))),
      },
    ]),
  );
}
