import type { Database } from '../db/connect.ts';
import { readInPieces } from '../db/pieces.ts';

/** An attachment as it is listed. What comes from the mail is as it was there, and may be anything. */
export interface StoredAttachment {
  readonly interactionId: number;
  readonly part: string;
  readonly fileName: string | null;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Null where it was left in the mailbox. */
  readonly sha256: Buffer | null;
  /** Whether other attachments of the same mail have its part number. */
  readonly isPartShared: boolean;
  /** Whether the raw mail is still there. */
  readonly hasRawMail: boolean;
}

/** @returns the attachment with this id, if there is one */
export async function findAttachment(db: Database, id: number): Promise<StoredAttachment | undefined> {
  const { rows } = (await db.raw(
    `select a.interaction_id as "interactionId", a.part, a.file_name as "fileName",
       a.content_type as "contentType", a.size_bytes as "sizeBytes", a.sha256,
       exists (
         select from attachments other
         where other.interaction_id = a.interaction_id and other.part = a.part and other.id <> a.id
       ) as "isPartShared",
       exists (select from raw_messages r where r.interaction_id = a.interaction_id) as "hasRawMail"
     from attachments a where a.id = ?`,
    [id],
  )) as { rows: StoredAttachment[] };
  return rows[0];
}

/** Where a mail was read: what a person needs to find it with a mail program. */
export interface MailPlace {
  readonly mailbox: string;
  readonly folder: string;
  /** Null where nobody knows it any more. */
  readonly uid: number | null;
  readonly messageId: string | null;
  readonly subject: string | null;
  /** What of it was not kept, a sentence for each. */
  readonly cut: readonly string[];
}

/** @returns where a mail was when it was recorded */
export async function placeOfMail(db: Database, interactionId: number): Promise<MailPlace | undefined> {
  const { rows } = (await db.raw(
    `select m.name as mailbox, f.path as folder, r.uid, i.message_id as "messageId", i.subject, i.cut
     from interactions i join folders f on f.id = i.folder_id join mailboxes m on m.id = f.mailbox_id
       left join receipts r on r.interaction_id = i.id and r.folder_id = i.folder_id and r.outcome = 'recorded'
     where i.id = ? order by r.recorded_at desc limit 1`,
    [interactionId],
  )) as { rows: MailPlace[] };
  return rows[0];
}

/** Reads a raw mail piece by piece. Who reads has a hash of what should come. */
export function rawMailPieces(db: Database, interactionId: number): AsyncGenerator<Buffer> {
  return readInPieces(db, {
    table: 'raw_messages',
    column: 'content',
    key: 'interaction_id',
    id: interactionId,
  });
}
