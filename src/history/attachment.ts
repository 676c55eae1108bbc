import type { Database } from '../db/connect.ts';
import { readInPieces } from '../db/pieces.ts';

/** An attachment as it is listed. What comes from the mail is as it was there, and may be anything. */
export interface StoredAttachment {
  readonly interactionId: number;
  readonly part: string;
  readonly fileName: string | null;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sha256: Buffer;
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

/** Reads a raw mail piece by piece. Who reads has a hash of what should come. */
export function rawMailPieces(db: Database, interactionId: number): AsyncGenerator<Buffer> {
  return readInPieces(db, {
    table: 'raw_messages',
    column: 'content',
    key: 'interaction_id',
    id: interactionId,
  });
}
