import type { Config, FolderConfig, MailboxConfig } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import type { Direction } from '../rules/directives.ts';
import type { SenderAuth } from '../trust/trust.ts';
import { rulesKey } from './rules-key.ts';

/** Which recorded mail is meant: all that is said has to be so. */
export interface Selection {
  /** The name of the mailbox that it was met in first. */
  readonly mailbox: string | undefined;
  /** Received at this moment or later. */
  readonly since: Date | undefined;
  /** Received before this moment. */
  readonly until: Date | undefined;
  /** The case that it is in. */
  readonly caseId: number | undefined;
}

/** Where mail lay when it was read, and what counts for it today. */
export interface Place {
  readonly folderId: number;
  readonly mailbox: MailboxConfig;
  /** As the configuration has it today; a folder that is not in it is read as it was. */
  readonly folder: Pick<FolderConfig, 'path' | 'role'>;
  readonly rulesKey: Buffer;
}

/** A recorded mail, as it is listed before its bytes are read. */
export interface Listed {
  readonly id: number;
  readonly folderId: number | null;
  readonly receivedAt: Date;
  /** The same, exactly, since the database counts finer than JavaScript does. */
  readonly receivedAtText: string;
  readonly dedupeKey: Buffer;
  readonly direction: Direction;
  readonly trusted: boolean;
  readonly senderAuth: SenderAuth;
  /** Why it was trusted or not, where that was noted. */
  readonly trustReason: string | null;
  /** The header fields that a signature covered then; null where the trust was not for a signature. */
  readonly covered: readonly string[] | null;
  readonly fromCopy: boolean;
  /** The rules that matched when it was recorded, or replayed last. */
  readonly rules: readonly string[];
  /** Of its bytes; null where there are none. */
  readonly sizeBytes: number | null;
  readonly sha256: Buffer | null;
  readonly isWhole: boolean | null;
}

export interface Counts {
  /** How many mails are meant. */
  readonly meant: number;
  /** How many of them have been held against these rules already. */
  readonly known: number;
}

/** The folders that mail was recorded from and whose mailbox is configured, by their ids. */
export async function placesOf(db: Database, config: Config): Promise<Map<number, Place>> {
  const { rows } = (await db.raw(
    'select f.id, f.path, f.role, m.name from folders f join mailboxes m on m.id = f.mailbox_id',
  )) as { rows: { id: number; path: string; role: 'inbox' | 'sent'; name: string }[] };
  const places = rows.flatMap(({ id, path, role, name }): Place[] => {
    const mailbox = config.mailboxes.find((each) => each.name === name);
    if (mailbox === undefined) return [];
    const folder = mailbox.folders.find((each) => each.path === path) ?? { path, role };
    return [{ folderId: id, mailbox, folder, rulesKey: rulesKey(mailbox, folder, config) }];
  });
  return new Map(places.map((place) => [place.folderId, place]));
}

/** What is meant, and in which order, for every query of one replay. */
export class Chosen {
  private readonly db: Database;
  private readonly bindings: Record<string, string | number | null | Date | number[] | Buffer[]>;

  private constructor(db: Database, selection: Selection, places: readonly Place[], lastId: number) {
    this.db = db;
    this.bindings = {
      mailbox: selection.mailbox ?? null,
      since: selection.since ?? null,
      until: selection.until ?? null,
      caseId: selection.caseId ?? null,
      lastId,
      folders: places.map(({ folderId }) => folderId),
      keys: places.map((place) => place.rulesKey),
    };
  }

  /** What comes while the replay runs is judged by these rules anyway. */
  static async of(db: Database, selection: Selection, places: Iterable<Place>): Promise<Chosen> {
    const { rows } = (await db.raw('select coalesce(max(id), 0) as id from interactions')) as {
      rows: [{ id: number }];
    };
    return new Chosen(db, selection, [...places], rows[0].id);
  }

  async count(): Promise<Counts> {
    const { rows } = (await this.db.raw(
      `select count(*) as meant, count(*) filter (where not ${IS_OPEN}) as known ${FROM} where ${MEANT}`,
      this.bindings,
    )) as { rows: [Counts] };
    return rows[0];
  }

  /** Those that have not been held against these rules, the oldest first, some at a time. */
  async *list(): AsyncGenerator<Listed[]> {
    let after: Pick<Listed, 'receivedAtText' | 'id'> = { receivedAtText: '-infinity', id: 0 };
    for (;;) {
      const { rows } = (await this.db.raw(
        `select ${COLUMNS} ${FROM}
         where ${MEANT} and ${IS_OPEN} and (i.received_at, i.id) > (:after::timestamptz, :afterId)
         order by i.received_at, i.id limit ${LISTED_AT_A_TIME}`,
        { ...this.bindings, after: after.receivedAtText, afterId: after.id },
      )) as { rows: Listed[] };
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      after = last;
    }
  }
}

/** Mails that are listed in one query. */
const LISTED_AT_A_TIME = 1_000;

const COLUMNS = `
  i.id, i.folder_id as "folderId", i.received_at as "receivedAt", i.received_at::text as "receivedAtText",
  i.dedupe_key as "dedupeKey", i.direction, i.trusted, i.sender_auth as "senderAuth",
  (select d ->> 'why' from jsonb_array_elements(c.directives -> 'decided') as d where d ->> 'what' = 'trust' limit 1)
    as "trustReason",
  array(select jsonb_array_elements_text(c.directives -> 'rules')) as rules, c.from_copy as "fromCopy", c.trusted_headers as covered, r.size_bytes as "sizeBytes", r.sha256, r.is_whole as "isWhole"`;

const FROM = `
  from interactions i join interaction_contents c on c.interaction_id = i.id
    left join raw_messages r on r.interaction_id = i.id
    left join folders f on f.id = i.folder_id left join mailboxes m on m.id = f.mailbox_id
    left join unnest(:folders::bigint[], :keys::bytea[]) as rules(folder_id, key) on rules.folder_id = i.folder_id`;

const MEANT = `
  i.id <= :lastId and coalesce(m.name = :mailbox, :mailbox::text is null)
    and coalesce(i.received_at >= :since::timestamptz, true) and coalesce(i.received_at < :until::timestamptz, true)
    and coalesce(i.case_id = :caseId::bigint, true)`;

/** What has no rules today is listed too, to be told. */
const IS_OPEN = '(rules.key is null or c.replayed_with is distinct from rules.key)';
