import type { Database, Transaction } from '../db/connect.ts';
import { readInPieces } from '../db/pieces.ts';
import { MailcaseError } from '../errors.ts';
import type { FolderRef } from '../record/incoming.ts';
import type { Status } from '../rules/directives.ts';
import type { SenderAuth, Verdict } from '../trust/trust.ts';
import type { Resolution } from './entries.ts';

/** An entry as far as it is needed to deal with it. */
export interface KeptEntry {
  readonly id: number;
  readonly place: FolderRef & { readonly uid: number };
  readonly mailbox: string;
  /** As the server has it. */
  readonly path: string;
  readonly role: 'inbox' | 'sent';
  /** user@host, of the account that it was read from. */
  readonly account: string;
  readonly receivedAt: Date;
  readonly sizeBytes: number | null;
  /** Whether its bytes are here, and all of them. */
  readonly hasAllBytes: boolean;
  readonly sha256: Buffer | null;
  /** As it was found when the message came; undefined where that could not be found out. */
  readonly verdict: Verdict | undefined;
  readonly imported: boolean;
  readonly importStatus: Status | null;
  readonly attempts: number;
  readonly resolution: Resolution | null;
  readonly resolvedBy: string | null;
  readonly interactionId: number | null;
}

interface KeptRow
  extends Omit<KeptEntry, 'place' | 'verdict'>,
    Record<'folderId' | 'uidValidity' | 'uid', number> {
  readonly trusted: boolean | null;
  readonly trustReason: string | null;
  readonly covered: readonly string[] | null;
  readonly senderAuth: SenderAuth | null;
}

const KEPT = `
  select q.id, q.folder_id as "folderId", q.uid_validity as "uidValidity", q.uid, m.name as mailbox, f.path, f.role,
    f.account, coalesce(q.received_at, q.created_at) as "receivedAt", q.size_bytes as "sizeBytes",
    q.content is not null and q.is_whole as "hasAllBytes", q.sha256, q.trusted, q.trust_reason as "trustReason", q.trusted_headers as covered,
    q.sender_auth as "senderAuth", q.imported, q.import_status as "importStatus", q.attempts, q.resolution,
    q.resolved_by as "resolvedBy", q.interaction_id as "interactionId"
  from quarantine q join folders f on f.id = q.folder_id join mailboxes m on m.id = f.mailbox_id`;

/** @throws MailcaseError `act_refused` where there is none with this number */
export async function keptEntry(db: Database, id: number): Promise<KeptEntry> {
  const { rows } = (await db.raw(`${KEPT} where q.id = ?`, [id])) as { rows: KeptRow[] };
  return entryOf(rows[0], id);
}

/**
 * Reads an entry and keeps everybody else from dealing with it until the transaction ends.
 *
 * @throws MailcaseError `act_refused` where there is none with this number
 */
export async function lockEntry(trx: Transaction, id: number): Promise<KeptEntry> {
  const { rows } = (await trx.raw(`${KEPT} where q.id = ? for update of q`, [id])) as { rows: KeptRow[] };
  return entryOf(rows[0], id);
}

function entryOf(row: KeptRow | undefined, id: number): KeptEntry {
  if (row === undefined) {
    throw new MailcaseError(
      'act_refused',
      `there is no entry ${id} in quarantine: \`mailcase quarantine list\` has their numbers`,
    );
  }
  const { folderId, uidValidity, uid, trusted, trustReason, senderAuth, covered, ...entry } = row;
  const verdict: Verdict | undefined =
    trusted === null
      ? undefined
      : {
          ...{ trusted, reason: trustReason ?? '', senderAuth: senderAuth ?? 'none' },
          covered: covered ?? undefined,
        };
  return { ...entry, place: { folderId, uidValidity, uid }, verdict };
}

/** Whether it was dealt with, by whom and how; undefined where it waits. */
export function dealtWith({ resolution, resolvedBy, interactionId }: KeptEntry): string | undefined {
  if (resolution === null) return undefined;
  const what = interactionId === null ? resolution : `${resolution} (interaction ${interactionId})`;
  return `it was dealt with before: ${what}${resolvedBy === null ? '' : `, by ${resolvedBy}`}`;
}

/** Reads all bytes of an entry; undefined where they are gone meanwhile. */
export async function readContent(db: Database, { id }: KeptEntry): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of contentPieces(db, id)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Reads the bytes of an entry piece by piece. */
export function contentPieces(db: Database, id: number): AsyncGenerator<Buffer> {
  return readInPieces(db, { table: 'quarantine', column: 'content', key: 'id', id });
}

/** How an entry ends. */
export interface End {
  readonly resolution: Resolution;
  readonly interactionId: number | null;
  readonly actor: string;
  /** Whether it was tried for that. */
  readonly wasTried: boolean;
}

/** Notes that an entry was dealt with. Its bytes go: they are with the interaction, or nobody wants them. */
export async function resolveEntry(
  trx: Transaction,
  { id }: KeptEntry,
  { resolution, interactionId, actor, wasTried }: End,
): Promise<void> {
  await trx.raw(
    `update quarantine set resolved_at = now(), resolution = :resolution, resolved_by = :actor,
       interaction_id = :interactionId, content = null,
       attempts = attempts + :tries, tried_at = case when :tries = 0 then tried_at else now() end
     where id = :id`,
    { id, resolution, actor, interactionId: interactionId, tries: wasTried ? 1 : 0 },
  );
}
