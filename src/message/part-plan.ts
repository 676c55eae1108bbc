import { isReportPart, MAX_REPORT_PARTS, REPORT_PART_BYTES } from './report.ts';

/**
 * A part as a mail server describes it (BODYSTRUCTURE, RFC 9051, section 7.5.2), with what is in it. All of it is from
 * a stranger's mail.
 */
export interface DescribedPart {
  /** The content type, lower case; `/` where the server says none. */
  readonly type: string;
  /** In octets, still encoded. */
  readonly size?: number | undefined;
  readonly disposition?: string | undefined;
  readonly childNodes?: readonly DescribedPart[] | undefined;
}

/** What is fetched of one part of a mail that is larger than is fetched whole. */
export interface PlannedPart {
  /** IMAP part number (RFC 9051, section 6.4.5), '1' for a message that is one part, '' for one that is several. */
  readonly part: string;
  readonly type: string;
  /** Of its body, in octets, still encoded, as the server says. */
  readonly sizeBytes: number;
  /** A part that people read, and not an attachment. */
  readonly isText: boolean;
  /** How much of its body is asked for; where so much comes, there may be more. 0: none of it. */
  readonly bytes: number;
  /** The parts in it; undefined for what is no multipart. */
  readonly parts: readonly PlannedPart[] | undefined;
}

export interface PartPlan {
  readonly root: PlannedPart;
  /** How many parts, multiparts not counted, there are besides: nothing is known of them. */
  readonly unlisted: number;
}

/**
 * How much of one text part is fetched, in bytes: 200 pages. Less would cut what people write; a larger text is a log or
 * an attack.
 */
export const TEXT_PART_BYTES = 1024 * 1024;

/** How much of all text parts together is asked for, in bytes: it bounds memory, and no correspondence comes near it. */
const ALL_TEXT_BYTES = 8 * 1024 * 1024;

/** Most parts that are asked for. A newsletter has a hundred images; each part costs two items of a FETCH. */
const MAX_PARTS = 1_000;

/** Deepest nesting that is followed: Dovecot stops at 100, and people's mail at 10. */
const MAX_DEPTH = 100;

/** More than the server said of a size, in bytes: sizes are estimates at some. */
const SIZE_SLACK = 1024;

/** Parts beside texts of which the beginning is read (see parse.ts). */
const isRead = (type: string) => type === 'text/calendar' || isReportPart(type);

interface Budget {
  parts: number;
  leaves: number;
  textBytes: number;
  beginnings: number;
}

/**
 * Plans which parts of a mail are fetched, and how much of each: the texts, and the beginning of what says what a
 * report is about. A message in the message is one part.
 *
 * @returns undefined where the description says nothing that could be fetched by
 */
export function planParts(described: DescribedPart): PartPlan | undefined {
  const budget: Budget = {
    parts: MAX_PARTS,
    leaves: 0,
    textBytes: ALL_TEXT_BYTES,
    beginnings: MAX_REPORT_PARTS,
  };
  const isEmpty = described.type.startsWith('multipart/') && !isMultipart(described);
  if (isEmpty || isPartless(described) || !/^[^/]+\/[^/]+$/.test(described.type)) return undefined;
  const root = isMultipart(described)
    ? planMultipart(described, '', 1, budget)
    : planLeaf(described, '1', budget);
  return { root, unlisted: countLeaves(described) - budget.leaves };
}

function isMultipart({ type, childNodes }: DescribedPart): boolean {
  return type.startsWith('multipart/') && childNodes !== undefined && childNodes.length > 0;
}

/** Seen in practice (Dovecot): of a message whose boundary never comes, one empty part is told. */
function isPartless({ childNodes }: DescribedPart): boolean {
  const [only, ...others] = childNodes ?? [];
  return only !== undefined && others.length === 0 && !isMultipart(only) && octets(only.size) === 0;
}

/** Parts are taken in the order of the message, so that those that are have their right numbers. */
function planMultipart(described: DescribedPart, part: string, depth: number, budget: Budget): PlannedPart {
  const parts: PlannedPart[] = [];
  for (const [index, child] of (described.childNodes ?? []).entries()) {
    if (budget.parts <= 0) break;
    budget.parts -= 1;
    const number = part === '' ? `${index + 1}` : `${part}.${index + 1}`;
    parts.push(
      isMultipart(child) && depth < MAX_DEPTH
        ? planMultipart(child, number, depth + 1, budget)
        : planLeaf(child, number, budget),
    );
  }
  return { part, type: described.type, sizeBytes: 0, isText: false, bytes: 0, parts };
}

function planLeaf(described: DescribedPart, part: string, budget: Budget): PlannedPart {
  const { type } = described;
  const sizeBytes = octets(described.size);
  const isText = isReadable(described);
  const enough = 2 * sizeBytes + SIZE_SLACK;
  let bytes = 0;
  if (isText) {
    bytes = Math.min(TEXT_PART_BYTES, budget.textBytes, enough);
    budget.textBytes -= bytes;
  } else if (isRead(type) && budget.beginnings > 0) {
    bytes = Math.min(REPORT_PART_BYTES, enough);
    budget.beginnings -= 1;
  }
  budget.leaves += countLeaves(described);
  return { part, type, sizeBytes, isText, bytes, parts: undefined };
}

/** What mailparser takes for text. */
function isReadable({ type, disposition }: DescribedPart): boolean {
  const isTextType = type === 'text/plain' || type === 'text/html' || type === 'message/delivery-status';
  return isTextType && (disposition === undefined || disposition === '' || disposition === 'inline');
}

function octets(size = 0): number {
  return Number.isSafeInteger(size) && size > 0 ? size : 0;
}

/** Without recursion, since nobody has said how deep it goes. */
function countLeaves(described: DescribedPart): number {
  let count = 0;
  const open = [described];
  for (let node = open.pop(); node; node = open.pop()) {
    if (!isMultipart(node)) count += 1;
    else for (const child of node.childNodes ?? []) open.push(child);
  }
  return count;
}
