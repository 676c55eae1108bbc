import { MailParser, type MailParserOptions } from 'mailparser';
import { Boundaries } from './boundaries.ts';
import {
  MAX_ATTACHMENTS,
  MAX_COUNTED_PARTS,
  MAX_HEADER_BYTES,
  MAX_NESTING,
  MAX_PART_FIELD_BYTES,
  MAX_PART_HEADERS_BYTES,
  MAX_PARTS,
  MAX_TEXT_BYTES,
  TEXT_LINE_COST,
} from './limits.ts';

/** How every message is parsed, here and wherever its bytes are read again. */
const OPTIONS: MailParserOptions = {
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipTextLinks: true,
  skipImageLinks: true,
  checksumAlgo: false,
  maxHeadSize: MAX_HEADER_BYTES,
  maxChildNodes: MAX_COUNTED_PARTS,
};

const LF = 0x0a;

/** What mailparser's splitter says of a part. */
interface SplitNode {
  readonly type: 'node';
  readonly parentNode: SplitNode | false;
  contentType: unknown;
  multipart: unknown;
  _boundary: unknown;
  parseHeaders(): void;
}

/** What the splitter hands out: a part's header, bytes of a body, or what stands between parts. */
type SplitChunk = SplitNode | { readonly type: 'body' | 'data'; readonly value?: Buffer };

/** A header field of a part: its name in lower case, and all of it as a latin1 string. */
interface HeaderLine {
  readonly key: string;
  readonly line: string;
}

/** A part in mailparser's tree. */
interface TreeNode {
  disposition?: string | undefined;
  isAttachment?: boolean;
  decoder?: unknown;
}

/** What cuts the bytes into parts, each of which it begins with newNode. */
interface Splitter {
  readonly node: SplitNode;
  newNode(parent?: SplitNode | false): void;
  checkBoundary(line: Buffer): unknown;
}

/** What mailparser marks as internal and is used here: a test watches each, as they are at the pinned version. */
interface Internals {
  readonly curnode: TreeNode | false;
  readonly splitter: Splitter;
  createNode(node: SplitNode): TreeNode;
  processHeaders(lines: readonly HeaderLine[]): unknown;
  processChunk(chunk: SplitChunk, done: (error?: Error) => void): void;
}

const Base = MailParser as unknown as new (options: MailParserOptions) => MailParser & Internals;

/**
 * A MailParser that leaves unread what is beyond the limits, and goes on behind it, where mailparser itself would give
 * the whole message up or hold it in memory.
 */
export class BoundedParser extends Base {
  /** How much was left unread: parts, those that are nested too deep, attachments, bytes of text, of parts' headers. */
  readonly unread = { parts: 0, nested: 0, attachments: 0, textBytes: 0, headerBytes: 0 };
  private parts = 0;
  private attachments = 0;
  private textBytes = 0;
  private headerBytes = 0;
  /** What of the part at hand is not read: nothing, the rest of its text, or anything. */
  private skipped: 'nothing' | 'rest' | 'part' = 'nothing';
  /** What a multipart message has beside its parts, as long as no part has come. */
  private beside: Buffer[] = [];
  private readonly depths = new WeakMap<SplitNode, number>();

  constructor() {
    super(OPTIONS);
    const { splitter } = this;
    const boundaries = new Boundaries();
    const newNode = splitter.newNode.bind(splitter);
    splitter.newNode = (parent) => {
      newNode(parent);
      this.watch(splitter.node, boundaries);
    };
    // The first node is there already.
    this.watch(splitter.node, boundaries);
    const checkBoundary = splitter.checkBoundary.bind(splitter);
    splitter.checkBoundary = (line) => boundaries.mayBe(line) && checkBoundary(line);
  }

  /**
   * What is all the text there is in a message that says multipart and has no part, since its boundary never comes, or
   * is none (seen in practice: gateways that write the header anew). Undefined for every other message.
   */
  get partless(): Buffer | undefined {
    return this.parts === 1 && this.beside.length > 0 ? Buffer.concat(this.beside) : undefined;
  }

  override createNode(node: SplitNode): TreeNode {
    const made = super.createNode(node);
    if (made.isAttachment !== true) return made;
    this.attachments += 1;
    if (this.attachments > MAX_ATTACHMENTS) {
      this.unread.attachments += 1;
      this.skipped = 'part';
      // Then nobody waits for its content.
      made.isAttachment = false;
      made.disposition = undefined;
      made.decoder = undefined;
    }
    return made;
  }

  override processHeaders(lines: readonly HeaderLine[]): unknown {
    return super.processHeaders(lines.filter((field) => this.isFieldRead(field)));
  }

  override processChunk(chunk: SplitChunk, done: (error?: Error) => void): void {
    if (chunk.type === 'node') this.skipped = this.isBeyond(chunk) ? 'part' : 'nothing';
    else if (chunk.type === 'body' && this.skipped !== 'part' && this.isText()) this.countText(chunk.value);
    else if (chunk.type === 'data' && this.parts === 1) this.keepBeside(chunk.value);
    // As mailparser does it: a chain of calls would grow the stack.
    if (this.skipped !== 'nothing' && chunk.type !== 'data') setImmediate(done);
    else super.processChunk(chunk, done);
  }

  private isFieldRead({ key, line }: HeaderLine): boolean {
    this.headerBytes += line.length;
    if (this.headerBytes <= MAX_PART_HEADERS_BYTES) return true;
    if (key.startsWith('content-') && line.length <= MAX_PART_FIELD_BYTES) return true;
    this.unread.headerBytes += line.length;
    return false;
  }

  private isBeyond(node: SplitNode): boolean {
    if (this.depthOf(node) > MAX_NESTING) {
      this.unread.nested += 1;
      return true;
    }
    this.parts += 1;
    if (this.parts === 2) this.forgetBeside();
    if (this.parts <= MAX_PARTS) return false;
    this.unread.parts += 1;
    return true;
  }

  /**
   * Looks after what a part's header says of the parts in it. Nested too deep, it has none, whatever its header says: each
   * part keeps a list of those around it, and ten thousand in each other took hundreds of megabytes.
   */
  private watch(node: SplitNode, boundaries: Boundaries): void {
    const parseHeaders = node.parseHeaders.bind(node);
    const isTooDeep = this.depthOf(node) > MAX_NESTING;
    node.parseHeaders = () => {
      parseHeaders();
      if (isTooDeep)
        Object.assign(node, { contentType: 'application/octet-stream', multipart: false, _boundary: false });
      boundaries.add(node._boundary);
    };
  }

  private depthOf(node: SplitNode): number {
    const known = this.depths.get(node);
    if (known !== undefined) return known;
    const depth = node.parentNode === false ? 0 : (this.depths.get(node.parentNode) ?? 0) + 1;
    this.depths.set(node, depth);
    return depth;
  }

  private isText(): boolean {
    return this.curnode !== false && this.curnode.disposition === 'inline';
  }

  private keepBeside(bytes: Buffer | undefined): void {
    if (bytes === undefined) return;
    this.countText(bytes);
    // A copy: what it is cut from is all that was read with it.
    if (this.skipped !== 'rest') this.beside.push(Buffer.from(bytes));
  }

  /** A part has come: what is beside it was none of the text. */
  private forgetBeside(): void {
    this.beside = [];
    this.textBytes = 0;
    this.unread.textBytes = 0;
  }

  private countText(bytes: Buffer | undefined): void {
    const length = bytes?.length ?? 0;
    this.textBytes += Math.max(length, TEXT_LINE_COST * linesIn(bytes));
    if (this.textBytes <= MAX_TEXT_BYTES) return;
    this.skipped = 'rest';
    this.unread.textBytes += length;
  }
}

function linesIn(bytes: Buffer = Buffer.alloc(0)): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines += 1;
  return lines;
}
