import type { Database } from '../db/connect.ts';
import { rows } from '../db/rows.ts';
import type { Directives } from './interactions.ts';
import { groupBy } from './rows.ts';

/** How a mail came from one case into another after it was recorded: it was moved, or the case where it lay merged. */
export interface Placement {
  readonly how: 'moved' | 'merged';
  /** The cases' numbers. */
  readonly from: number;
  readonly into: number;
  readonly at: Date;
  readonly actor: string | null;
}

/** What became of a mail's place since it was recorded. */
export interface Placed {
  /** The case that it was recorded in; null where nothing tells. */
  readonly recorded_in: number | null;
  /** What brought it here, the latest first: merges, and before them the last time that it was moved. */
  readonly placements: readonly Placement[];
}

/** A mail, and the last time that a person moved it. */
interface Move {
  readonly id: number;
  readonly created_at: Date;
  readonly old: string | null;
  readonly new: string | null;
  readonly at: Date | null;
  readonly actor: string | null;
}

/** A case, one that was merged into it, or one from which a mail was moved. */
interface Member {
  readonly id: number;
  readonly external_id: string | null;
}

/** That one of them was merged into another (`merged`), or had its external id changed by a person (`external_id`). */
interface MemberEvent {
  readonly case_id: number;
  readonly field: 'merged' | 'external_id';
  readonly old: string | null;
  readonly new: string | null;
  readonly at: Date;
  readonly actor: string | null;
}

interface Family {
  readonly members: readonly Member[];
  readonly events: readonly MemberEvent[];
}

/**
 * Tells how mails that lie in one case came there, as far as people brought them.
 *
 * @param directives of those mails
 */
export async function readPlacements(
  db: Database,
  caseId: number,
  directives: ReadonlyMap<number, Directives>,
  interactionIds: readonly number[],
): Promise<Map<number, Placed>> {
  const moves = await readMoves(db, interactionIds);
  const family = await readFamily(
    db,
    caseId,
    moves.flatMap(({ old }) => (old === null ? [] : [Number(old)])),
  );
  return new Map(moves.map((move) => [move.id, placed(move, caseId, family, directives.get(move.id))]));
}

function readMoves(db: Database, interactionIds: readonly number[]): Promise<Move[]> {
  return rows<Move>(
    db,
    `select i.id, i.created_at, e.old, e.new, e.at, e.actor
     from interactions i left join lateral (
       select * from case_events where interaction_id = i.id and field = 'interaction' and not replayed
       order by id desc limit 1
     ) e on true
     where i.id = any(?)`,
    [interactionIds],
  );
}

/** @param sources cases from which mails were moved: they may be where those were recorded */
async function readFamily(db: Database, caseId: number, sources: readonly number[]): Promise<Family> {
  const members = await rows<Member>(
    db,
    'select id, external_id from cases where id = ? or merged_into = ? or id = any(?) order by id',
    [caseId, caseId, sources],
  );
  if (members.length < 2) return { members, events: [] };
  const events = await rows<MemberEvent>(
    db,
    `select case_id, field, old, new, at, actor from case_events
     where case_id = any(?) and field in ('merged', 'external_id') and actor is not null and not replayed order by id`,
    [members.map(({ id }) => id)],
  );
  return { members, events };
}

function placed(move: Move, caseId: number, family: Family, mail: Directives | undefined): Placed {
  const recorded_in = recordedIn(move, family, mail);
  const { old, new: into, at, actor } = move;
  if (old !== null && into !== null && at !== null) {
    const moved: Placement = { how: 'moved', from: Number(old), into: Number(into), at, actor };
    const merged = mergesBetween(moved.into, caseId, family);
    if (merged !== undefined) return { recorded_in, placements: [...merged, moved] };
    // A trusted copy has put it elsewhere since, as is noted with what was decided.
  }
  return { recorded_in, placements: mergesBetween(recorded_in, caseId, family) ?? [] };
}

/**
 * The merges that led from one case to another, the latest first. A case is merged away at most once.
 *
 * @returns undefined where none led there
 */
function mergesBetween(from: number | null, caseId: number, { events }: Family): Placement[] | undefined {
  const byFrom = groupBy(
    events.filter(({ field }) => field === 'merged'),
    (event) => Number(event.new),
  );
  const steps: Placement[] = [];
  for (let last = from; last !== caseId; ) {
    const event = last === null ? undefined : byFrom.get(last)?.[0];
    if (last === null || event === undefined || steps.length > events.length) return undefined;
    steps.unshift({ how: 'merged', from: last, into: event.case_id, at: event.at, actor: event.actor });
    last = event.case_id;
  }
  return steps;
}

/** The case that the daemon decided for, which it noted by the external id, else by the number. */
function recordedIn({ created_at }: Move, family: Family, mail: Directives | undefined): number | null {
  const value = mail?.decided.find(({ what }) => what === 'case')?.value ?? null;
  if (value === null) return null;
  const named = family.members.find((member) => externalIdAt(member, created_at, family) === value);
  const number = /^case (\d+)$/.exec(value)?.[1];
  return named?.id ?? (number === undefined ? null : Number(number));
}

/** Which external id a case had at a moment: a person may have given it away since. */
function externalIdAt({ id, external_id }: Member, moment: Date, { events }: Family): string | null {
  const next = events.find(
    (event) => event.case_id === id && event.field === 'external_id' && event.at > moment,
  );
  return next === undefined ? external_id : next.old;
}
