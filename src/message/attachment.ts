import { createHash } from 'node:crypto';
import { addAbortSignal, Readable, Transform, type Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { AttachmentStream, MessageText } from 'mailparser';
import { errorMessage, MailcaseError } from '../errors.ts';
import { BoundedParser } from './bounded-parser.ts';
import { parserInput } from './parser-input.ts';

/** Which attachment is wanted, as it was listed when the message was recorded. */
export interface ListedAttachment {
  /** IMAP part number, as in Attachment. */
  readonly part: string;
  readonly sizeBytes: number;
  readonly sha256: Buffer;
  /** Whether other attachments of the message have the same part number; then the hash tells which one it is. */
  readonly isPartShared: boolean;
}

/**
 * Parses a message once more and writes one of its attachments, checking it against the listing on the way.
 *
 * @param openSource begins to read the message's bytes, in pieces of any size; twice where a part number is shared
 * @param output is ended when all is well, and destroyed when it is not: what it has by then is worth nothing
 * @throws MailcaseError `message_unparsable` when the message has no such attachment, or another one in its place
 */
export async function writeAttachment(
  openSource: () => AsyncIterable<Buffer>,
  listed: ListedAttachment,
  output: Writable,
  signal: AbortSignal,
): Promise<void> {
  try {
    const place = listed.isPartShared ? await findByHash(openSource(), listed, signal) : 0;
    let seen = 0;
    for await (const { part, content } of attachmentsOf(openSource(), signal)) {
      if (part !== listed.part) continue;
      if (seen === place) return await pipeline(content, checkedAgainst(listed), output);
      seen += 1;
    }
    throw disagreement(`there is no part ${listed.part} in the mail that is this attachment`);
  } finally {
    // Where nothing came as far as the pipeline, which does this itself.
    if (!output.writableFinished) output.destroy();
  }
}

/** @returns how many attachments with this part number come before the one with this hash; -1 without such a one */
async function findByHash(
  source: AsyncIterable<Buffer>,
  listed: ListedAttachment,
  signal: AbortSignal,
): Promise<number> {
  let seen = 0;
  for await (const { part, content } of attachmentsOf(source, signal)) {
    if (part !== listed.part) continue;
    const hash = createHash('sha256');
    for await (const chunk of content as AsyncIterable<Buffer>) hash.update(chunk);
    if (hash.digest().equals(listed.sha256)) return seen;
    seen += 1;
  }
  return -1;
}

/** Lets bytes through as long as they can be the listed ones, and fails at the end when they were not. */
function checkedAgainst({ sizeBytes, sha256 }: ListedAttachment): Transform {
  const hash = createHash('sha256');
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      hash.update(chunk);
      if (passed > sizeBytes)
        done(disagreement(`the attachment has more than the ${sizeBytes} bytes listed`));
      else done(null, chunk);
    },
    flush(done) {
      if (passed < sizeBytes) {
        done(disagreement(`the attachment has ${passed} bytes instead of the ${sizeBytes} listed`));
      } else {
        done(
          hash.digest().equals(sha256) ? null : disagreement('the SHA-256 of the attachment is another one'),
        );
      }
    },
  });
}

function disagreement(how: string): MailcaseError {
  return new MailcaseError('message_unparsable', `the raw mail and the listing disagree: ${how}`);
}

interface AttachmentContent {
  readonly part: string;
  readonly content: Readable;
}

/** The attachments of a message as parseMessage lists them, one after the other; what is not read of one is skipped. */
async function* attachmentsOf(
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<AttachmentContent> {
  const parser = new BoundedParser();
  const input = addAbortSignal(signal, Readable.from(parserInput(source), { objectMode: false }));
  let sourceError: Error | undefined;
  let current: Readable | undefined;
  input.on('error', (error) => {
    sourceError = error;
    parser.destroy(error);
  });
  const asOurs = (error: unknown) =>
    error === sourceError
      ? sourceError
      : new MailcaseError('message_unparsable', `cannot be parsed: ${errorMessage(error)}`, { cause: error });
  // When mailparser fails within an attachment, it leaves its reader waiting for ever.
  parser.on('error', (error) => current?.destroy(asOurs(error)));
  input.pipe(parser);
  try {
    for await (const data of parser as AsyncIterable<AttachmentStream | MessageText>) {
      if (data.type !== 'attachment') continue;
      current = data.content;
      yield { part: data.partId ?? '1', content: current };
      if (!current.readableEnded) await finished(current.resume(), { writable: false });
      data.release?.();
    }
  } catch (error) {
    throw asOurs(error);
  } finally {
    input.destroy();
    parser.destroy();
  }
}
