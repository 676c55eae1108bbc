import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import type { Applied, Decided, Direction, Refused } from '../rules/directives.ts';
import { excerptOf, HTML_LOOKED_AT, TEXT_LOOKED_AT } from './excerpt.ts';
import { groupBy } from './rows.ts';

/** Of so many mails the texts are read at a time: what is kept of each is short. */
const TEXTS_AT_A_TIME = 200;

/** So many mails at most are read into memory, each with the beginning of its text. */
export const LARGEST_LIMIT = 10_000;

/** Longest text that is shown in full, in characters. */
export const LONGEST_TEXT = 4_000;

/** A campaign may have thousands of recipients; so many are shown. */
const SHOWN_RECIPIENTS = 20;

/** The columns of `interactions` that a reader of a history wants, by their names. */
interface InteractionRow {
  readonly id: number;
  readonly case_id: number;
  readonly customer_id: number | null;
  readonly direction: Direction;
  readonly kind: string;
  /** Whether it is from somebody who had no part in the case before. */
  readonly outsider: boolean;
  readonly received_at: Date;
  readonly sent_at: Date | null;
  readonly subject: string | null;
  readonly from_name: string | null;
  readonly from_address: string | null;
  /** The first ones. */
  readonly to_addresses: readonly string[];
  /** How many addresses To and Cc have in all. */
  readonly recipients: number;
  readonly city: string | null;
  readonly country_code: string | null;
  readonly ip_address: string | null;
  readonly trusted: boolean;
  /** Whether From is verified: `fail` is known to be forged. */
  readonly sender_auth: 'pass' | 'fail' | 'none';
  /** What of the mail was not kept, a sentence for each. */
  readonly cut: readonly string[];
}

export interface InteractionAttachment {
  /** What `mailcase attachment` takes. */
  readonly id: number;
  readonly file_name: string | null;
  readonly content_type: string;
  /** Of its content, in bytes; of what was left in the mailbox, as it is encoded there. */
  readonly size_bytes: number;
  /** Whether its bytes are in the mailbox alone. */
  readonly left_in_mailbox: boolean;
}

export interface Interaction extends InteractionRow {
  /** What the mail begins with, on one line; '' where there is nothing to read. */
  readonly excerpt: string;
  /** The text as it stands in the mail, cut to LONGEST_TEXT; only where it was asked for. */
  readonly body_text?: string | null;
  readonly attachments: readonly InteractionAttachment[];
}

/** Which mails are meant: the latest ones of a customer or of a case. */
export interface Wanted {
  readonly of: 'customer_id' | 'case_id';
  readonly id: number;
  /** The largest number of them. */
  readonly limit: number;
  /** Received at this moment or later. */
  readonly since?: Date | undefined;
  /** Received before this moment. */
  readonly until?: Date | undefined;
  /** Whether their texts are wanted, beside what they begin with. */
  readonly texts?: boolean | undefined;
}

/** Reads the latest mails that are meant. @returns them in the order of time, each with its attachments */
export async function readInteractions(db: Database, wanted: Wanted): Promise<Interaction[]> {
  const { of, id, limit, since, until, texts } = wanted;
  const found = await rows<InteractionRow>(
    db,
    `select * from (
       select id, case_id, customer_id, direction, kind, outsider, received_at, sent_at, subject, from_name,
         from_address, to_addresses[1:${SHOWN_RECIPIENTS}] as to_addresses,
         cardinality(to_addresses) + cardinality(cc_addresses) as recipients,
         city, country_code, host(ip_address) as ip_address, trusted, sender_auth, cut
       from interactions
       where ${of} = ? and received_at >= ?::timestamptz and received_at < ?::timestamptz
       order by received_at desc, id desc limit ?
     ) latest order by received_at, id`,
    [id, since ?? '-infinity', until ?? 'infinity', limit],
  );
  const ids = found.map((row) => row.id);
  const attachments = await readAttachments(db, ids);
  const contents = await readTexts(db, ids, texts === true);
  return found.map((row) => ({
    ...row,
    ...(contents.get(row.id) ?? { excerpt: '' }),
    attachments: attachments.get(row.id) ?? [],
  }));
}

async function readAttachments(
  db: Database,
  interactionIds: readonly number[],
): Promise<Map<number, InteractionAttachment[]>> {
  const found = await rows<InteractionAttachment & { interaction_id: number }>(
    db,
    `select interaction_id, id, file_name, content_type, size_bytes, left_in_mailbox
     from attachments where interaction_id = any(?) order by id`,
    [interactionIds],
  );
  const byInteraction = groupBy(found, ({ interaction_id }) => interaction_id);
  return new Map(
    [...byInteraction].map(([id, list]) => [id, list.map(({ interaction_id: _, ...each }) => each)]),
  );
}

async function readTexts(
  db: Database,
  interactionIds: readonly number[],
  inFull: boolean,
): Promise<Map<number, Pick<Interaction, 'excerpt' | 'body_text'>>> {
  const texts = new Map<number, Pick<Interaction, 'excerpt' | 'body_text'>>();
  for (let start = 0; start < interactionIds.length; start += TEXTS_AT_A_TIME) {
    const found = await rows<{ id: number; text: string | null; isCut: boolean; html: string | null }>(
      db,
      `select interaction_id as id, left(body_text, ${TEXT_LOOKED_AT}) as text,
         length(body_text) > ${LONGEST_TEXT} as "isCut", left(body_html, ${HTML_LOOKED_AT}) as html
       from interaction_contents where interaction_id = any(?)`,
      [interactionIds.slice(start, start + TEXTS_AT_A_TIME)],
    );
    for (const { id, text, isCut, html } of found) {
      const excerpt = excerptOf(text, html);
      texts.set(id, inFull ? { excerpt, body_text: text && text + (isCut ? ' …' : '') } : { excerpt });
    }
  }
  return texts;
}

/** What became of the headers of each mail, and what the daemon decided. */
export interface Directives {
  readonly applied: readonly Applied[];
  readonly refused: readonly Refused[];
  readonly decided: readonly Decided[];
}

const NOTHING: Directives = { applied: [], refused: [], decided: [] };

/** Reads what became of mails' headers. Versions before this one have not noted what they decided. */
export async function readDirectives(
  db: Database,
  interactionIds: readonly number[],
): Promise<Map<number, Directives>> {
  const found = await rows<{ id: number; directives: Partial<Directives> }>(
    db,
    'select interaction_id as id, directives from interaction_contents where interaction_id = any(?)',
    [interactionIds],
  );
  return new Map(found.map(({ id, directives }) => [id, { ...NOTHING, ...directives }]));
}
