import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { Database } from '../db/connect.ts';
import { needsPieces, readInPieces } from '../db/pieces.ts';
import type { JudgeMessage, Judges } from '../judge/judges.ts';
import { type OwnMatcher, ownMatcher } from '../message/addresses.ts';
import type { Incoming } from '../record/incoming.ts';
import type { Unrecordable } from '../record/quarantine.ts';
import { messageCustomer } from '../rules/attribution.ts';
import type { Direction } from '../rules/directives.ts';
import type { Verdict } from '../trust/trust.ts';
import { FROM_COPY } from './outcome.ts';
import type { Replayable } from './replayable.ts';
import type { Listed, Place } from './selection.ts';

/** A mail that is not replayed, and why. */
export interface LeftMail {
  readonly id: number;
  readonly reason: string;
  /** As in Replayable. */
  readonly rulesBefore: readonly string[];
}

/** A mail that can be read: its bytes are here, and it is said today what counts for it. */
interface Readable {
  readonly listed: Listed;
  readonly place: Place;
}

/** What a batch was read to. */
export interface ReadBatch {
  readonly mails: readonly Replayable[];
  readonly left: readonly LeftMail[];
}

const NO_BYTES = Buffer.alloc(0);

/** Where nothing was noted of why, since no header asked. */
const AS_FOUND = 'so it was found when it came';

/** Reads recorded mails and judges them by the mapping and the rules of today, with the verdict that they had. */
export class Reader {
  private readonly db: Database;
  private readonly config: Config;
  private readonly judges: Judges;
  private readonly places: ReadonlyMap<number, Place>;
  private readonly judgesOf = new Map<number, JudgeMessage>();
  private readonly ownOf = new Map<number, OwnMatcher>();

  constructor(db: Database, config: Config, judges: Judges, places: ReadonlyMap<number, Place>) {
    this.db = db;
    this.config = config;
    this.judges = judges;
    this.places = places;
  }

  /** Why a mail cannot be replayed, as far as that is known before its bytes are read. */
  whyNot({ folderId, fromCopy, sizeBytes, isWhole }: Listed): string | undefined {
    if (folderId === null) return 'it is not known from which folder it was read';
    if (!this.places.has(folderId)) return 'its mailbox is not configured any more';
    if (fromCopy) return FROM_COPY;
    if (sizeBytes === null) return 'its bytes are not kept';
    return isWhole === false ? 'not all of its bytes are kept (message_bytes)' : undefined;
  }

  /** @param batch no larger than can be held in memory */
  async read(batch: readonly Listed[], signal: AbortSignal): Promise<ReadBatch> {
    const left: LeftMail[] = [];
    const readable: Readable[] = [];
    for (const listed of batch) {
      const reason = this.whyNot(listed);
      const place = this.places.get(listed.folderId ?? 0);
      if (reason !== undefined || place === undefined) left.push(leftFor(listed, reason ?? ''));
      else readable.push({ listed, place });
    }
    const contents = await this.contentsOf(readable);
    const judged = await Promise.all(
      readable.map(async (each) => {
        const outcome = await this.judge(each, contents.get(each.listed.id), signal);
        contents.delete(each.listed.id);
        return outcome;
      }),
    );
    const mails: Replayable[] = [];
    for (const each of judged) {
      if ('reason' in each) left.push(each);
      else mails.push(each);
    }
    return { mails, left };
  }

  private async contentsOf(readable: readonly Readable[]): Promise<Map<number, Buffer>> {
    const small = readable.filter(({ listed: { sizeBytes } }) => !needsPieces(sizeBytes ?? 0));
    const { rows } = (await this.db.raw(
      'select interaction_id as id, content from raw_messages where interaction_id = any(?)',
      [small.map(({ listed: { id } }) => id)],
    )) as { rows: { id: number; content: Buffer }[] };
    const contents = new Map(rows.map(({ id, content }) => [id, content]));
    for (const { listed } of readable.filter((each) => !small.includes(each))) {
      contents.set(listed.id, await this.inPieces(listed));
    }
    return contents;
  }

  /** A large one goes where the threads see it too, so that there is one copy of it. */
  private async inPieces({ id, sizeBytes }: Listed): Promise<Buffer> {
    const whole = Buffer.from(new SharedArrayBuffer(sizeBytes ?? 0));
    const source = { table: 'raw_messages', column: 'content', key: 'interaction_id', id };
    let length = 0;
    for await (const piece of readInPieces(this.db, source)) length += piece.copy(whole, length);
    return whole.subarray(0, length);
  }

  private async judge(
    { listed, place }: Readable,
    source: Buffer | undefined,
    signal: AbortSignal,
  ): Promise<Replayable | LeftMail> {
    const { receivedAt, trusted, trustReason, senderAuth } = listed;
    const covered = listed.covered ?? undefined;
    if (source === undefined) return leftFor(listed, 'its bytes are gone meanwhile');
    if (!isIntact(source, listed)) return leftFor(listed, 'its bytes are not those that were kept');
    const verdict: Verdict = { trusted, reason: trustReason ?? AS_FOUND, senderAuth, covered };
    const where = { folderId: place.folderId, uidValidity: 0 };
    const fetched = { uid: 0, sizeBytes: source.length, receivedAt, source };
    const outcome = await this.judgeFor(place)(where, fetched, { verdict, signal });
    if ('error' in outcome) return leftFor(listed, `it cannot be read today: ${reasonOf(outcome)}`);
    return this.replayable(listed, place, outcome);
  }

  private replayable(
    { id, dedupeKey, direction: before, rules: rulesBefore }: Listed,
    place: Place,
    judged: Incoming,
  ): Replayable {
    const { folderId, rulesKey, folder, mailbox } = place;
    const { directives, senderAuth } = judged;
    // The bytes and the texts have said what they had to say.
    const without = { text: undefined, html: undefined, firstText: undefined, attachments: [] };
    const message = { ...judged.message, ...without };
    const isOwn = this.ownOf.get(folderId) ?? ownMatcher(mailbox.own);
    this.ownOf.set(folderId, isOwn);
    const setting = { isOwn, role: folder.role, senderAuth };
    const attributedTo = (each: Direction) => messageCustomer(message, directives, each, setting);
    // Whose it is by the way that it goes on going, so that all is loaded of that customer.
    const direction = directives.interaction.direction ?? before;
    const customer = direction === judged.direction ? judged.customer : attributedTo(direction);
    return {
      ...{ id, rulesKey, rulesBefore, attributedTo },
      incoming: { ...judged, dedupeKey, direction, customer, source: NO_BYTES, message },
    };
  }

  private judgeFor(place: Place): JudgeMessage {
    const known = this.judgesOf.get(place.folderId);
    if (known) return known;
    const made = this.judges.judgeFor(place.mailbox, place.folder, this.config);
    this.judgesOf.set(place.folderId, made);
    return made;
  }
}

function leftFor({ id, rules: rulesBefore }: Listed, reason: string): LeftMail {
  return { id, reason, rulesBefore };
}

function isIntact(source: Buffer, { sha256 }: Listed): boolean {
  return sha256 === null || createHash('sha256').update(source).digest().equals(sha256);
}

function reasonOf({ error }: Unrecordable): string {
  return error.replace(/^cannot be parsed: /, '');
}
