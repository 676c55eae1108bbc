import { type PartPlan, type PlannedPart, planParts, TEXT_PART_BYTES } from '../message/part-plan.ts';
import {
  boundaryOf,
  composeSkeleton,
  type FetchedParts,
  HEADER_BYTES,
  PART_HEADER_BYTES,
} from '../message/skeleton.ts';
import { type FetchedMessage, fetchMessages, type MessageSize } from './fetch.ts';
import type { Session } from './session.ts';

/** Sections of one FETCH: with numbers of usual length, the command stays below the 8,000 octets of RFC 2683. */
const SECTIONS_PER_FETCH = 50;

/** How long the sections' names of one FETCH may be together, in characters: in deep nesting they are long. */
const NAMES_PER_FETCH = 4_000;

/** How much one FETCH asks for, in bytes; a session takes answers that are larger (see session.ts). */
const BYTES_PER_FETCH = 1024 * 1024;

/** What is asked of a message: a section and how much of it. */
interface Asked {
  readonly key: string;
  readonly maxLength: number;
  /** Whether the server may say that there is none. */
  readonly isOptional: boolean;
}

/**
 * Fetches messages without setting \Seen, the larger ones by their parts: header and texts, and no attachments.
 *
 * @param limit the largest message that is fetched whole, in bytes
 * @param asksStructure whether to ask what a message consists of; where not, the beginning of its body has to do
 * @returns those that the server handed out, in order of UID
 */
export async function fetchWithin(
  session: Session,
  sizes: readonly MessageSize[],
  limit: number,
  asksStructure: (uid: number) => boolean = () => true,
): Promise<FetchedMessage[]> {
  const isLarge = ({ sizeBytes }: MessageSize) => sizeBytes > limit;
  const fetched = await fetchMessages(
    session,
    sizes.filter((each) => !isLarge(each)),
  );
  for (const size of sizes.filter(isLarge)) {
    const message = await fetchLarge(session, size, limit, asksStructure(size.uid));
    if (message) fetched.push(message);
  }
  return fetched.sort((a, b) => a.uid - b.uid);
}

/** @returns undefined where the server did not hand out all that was asked for */
async function fetchLarge(
  session: Session,
  size: MessageSize,
  limit: number,
  asksStructure: boolean,
): Promise<FetchedMessage | undefined> {
  const { uid, sizeBytes } = size;
  const header = await fetchHeader(session, uid);
  if (header === undefined) return undefined;
  const found = asksStructure ? await fetchPlan(session, uid) : undefined;
  // Without a boundary there is nothing to put the parts between.
  const plan = found?.root.parts && boundaryOf(header) === undefined ? undefined : found;
  const rest = Math.max(sizeBytes - header.length, 0);
  const asked = plan
    ? askedOf(plan)
    : [{ key: 'text', maxLength: TEXT_PART_BYTES, isOptional: rest === 0 } satisfies Asked];
  const sections = await fetchSections(session, uid, asked);
  if (sections === undefined) return undefined;
  const { source, left } = composeSkeleton({ sizeBytes, limit, header, plan, sections });
  return { ...size, source, left };
}

/** The beginning of the header; of a giant one not more. */
async function fetchHeader({ client }: Session, uid: number): Promise<Buffer | undefined> {
  const query = { uid: true, bodyParts: [{ key: 'HEADER', maxLength: HEADER_BYTES }] };
  for (const row of await client.fetchAll(String(uid), query, { uid: true })) {
    if (row.uid === uid && Buffer.isBuffer(row.headers)) return row.headers;
  }
  return undefined;
}

/** In a command of its own: the library drops a row whose structure it cannot read. */
async function fetchPlan({ client }: Session, uid: number): Promise<PartPlan | undefined> {
  const query = { uid: true, bodyStructure: true };
  for (const { uid: of, bodyStructure } of await client.fetchAll(String(uid), query, { uid: true })) {
    if (of === uid && bodyStructure) return planParts(bodyStructure);
  }
  return undefined;
}

function askedOf({ root }: PartPlan): Asked[] {
  const asked: Asked[] = [];
  const open: PlannedPart[] = [root];
  for (let planned = open.pop(); planned; planned = open.pop()) {
    const { part, type, sizeBytes, bytes, parts } = planned;
    // The header of what is not in a multipart is the message's.
    if (planned !== root) {
      // A part without a header is text (RFC 2046, section 5.1).
      const isOptional = type === 'text/plain';
      asked.push({ key: `${part}.mime`, maxLength: PART_HEADER_BYTES, isOptional });
    }
    if (bytes > 0) asked.push({ key: part, maxLength: bytes, isOptional: sizeBytes === 0 });
    for (const child of parts ?? []) open.push(child);
  }
  return asked;
}

async function fetchSections(
  { client }: Session,
  uid: number,
  asked: readonly Asked[],
): Promise<FetchedParts['sections'] | undefined> {
  const sections = new Map<string, Buffer>();
  for (const some of together(asked)) {
    const bodyParts = some.map(({ key, maxLength }) => ({ key, maxLength }));
    const rows = await client.fetchAll(String(uid), { uid: true, bodyParts }, { uid: true });
    const own = rows.filter((row) => row.uid === uid);
    for (const { key, maxLength, isOptional } of some) {
      const given = own.map((row) => row.bodyParts?.get(key)).find((each) => Buffer.isBuffer(each));
      // imapflow says false for NIL.
      if (!isOptional && (given === undefined || given.length === 0)) return undefined;
      // Nothing binds a server to how much it was asked for.
      if (given) sections.set(key, given.subarray(0, maxLength));
    }
  }
  return sections;
}

/** Cuts what is asked for into commands. */
function* together(asked: readonly Asked[]): Generator<Asked[]> {
  let some: Asked[] = [];
  let bytes = 0;
  let names = 0;
  for (const each of asked) {
    const isFull =
      some.length >= SECTIONS_PER_FETCH ||
      bytes + each.maxLength > BYTES_PER_FETCH ||
      names + each.key.length > NAMES_PER_FETCH;
    if (some.length > 0 && isFull) {
      yield some;
      some = [];
      bytes = 0;
      names = 0;
    }
    some.push(each);
    bytes += each.maxLength;
    names += each.key.length;
  }
  if (some.length > 0) yield some;
}
