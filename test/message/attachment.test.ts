import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ListedAttachment, writeAttachment } from '../../src/message/attachment.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { bytesOf } from './build.ts';

const MAIL = new URL('../mail/', import.meta.url);
const never = new AbortController().signal;

async function* inPieces(source: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < source.length; start += size) yield source.subarray(start, start + size);
}

class Kept extends Writable {
  readonly chunks: Buffer[] = [];
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }
  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

function listed(part: string, content: Buffer | string, isPartShared = false): ListedAttachment {
  const bytes = Buffer.from(content);
  return { part, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest(), isPartShared };
}

/** Writes what is listed of the source; @returns what came out. */
async function written(
  source: Buffer,
  attachment: ListedAttachment,
  size = source.length || 1,
): Promise<Buffer> {
  const output = new Kept();
  await writeAttachment(() => inPieces(source, size), attachment, output, never);
  return output.bytes;
}

/** Two attachments behind a text; the first of the given size. */
function twoAttachments(firstBytes: number): { source: Buffer; first: Buffer; second: Buffer } {
  const first = Buffer.alloc(firstBytes, 'attachment ');
  const second = Buffer.from('The second.');
  const part = (content: Buffer) => [
    'Content-Type: application/x-thing',
    'Content-Transfer-Encoding: base64',
    '',
    content.toString('base64').replace(/.{76}/g, '$&\r\n'),
  ];
  const source = bytesOf([
    'Content-Type: multipart/mixed; boundary=X',
    '',
    ...['--X', '', 'Hello.', '--X', ...part(first), '--X', ...part(second), '--X--', ''],
  ]);
  return { source, first, second };
}

describe('writeAttachment', () => {
  it.each([1, 7, 1_000, 65_536])(
    'writes what parseMessage has listed, from pieces of %d bytes',
    async (size) => {
      const names = readdirSync(MAIL).filter((name) => name.endsWith('.eml'));
      let count = 0;
      for (const name of names) {
        const source = readFileSync(new URL(name, MAIL));
        for (const attachment of (await parseMessage(source)).attachments) {
          const { part, sizeBytes, sha256 = Buffer.alloc(0) } = attachment;
          const bytes = await written(source, { part, sizeBytes, sha256, isPartShared: false }, size);
          expect(createHash('sha256').update(bytes).digest(), name).toEqual(sha256);
          count += 1;
        }
      }
      expect(count).toBeGreaterThan(4);
    },
  );

  it('passes by an attachment of megabytes', async () => {
    const { source, first, second } = twoAttachments(5_000_000);
    expect((await written(source, listed('3', second))).toString()).toBe('The second.');
    expect(first.equals(await written(source, listed('2', first), 1_000_000))).toBe(true);
  });

  it('tells attachments that share a part number by their hash', async () => {
    // A multipart's boundary on a message in a message: its parts are all "the message".
    const source = bytesOf([
      'Content-Type: message/rfc822; boundary=Y',
      'Content-Disposition: inline',
      '',
      ...['Content-Type: application/x-a', '', 'one', '--Y', 'Content-Type: application/x-b', '', 'two'],
      ...['--Y', 'Content-Type: application/x-c', '', 'three', '--Y--', ''],
    ]);
    const { attachments } = await parseMessage(source);
    expect(attachments.map(({ part }) => part)).toEqual(['1', '1', '1']);
    for (const content of ['one', 'two', 'three'])
      expect((await written(source, listed('1', content, true))).toString()).toBe(content);
    await expect(written(source, listed('1', 'six', true))).rejects.toThrow(/disagree: there is no part 1/);
  });

  it.each([
    ['another part number', { part: '4' }, /there is no part 4/],
    ['fewer bytes', { sizeBytes: 10 }, /more than the 10 bytes listed/],
    ['more bytes', { sizeBytes: 12 }, /11 bytes instead of the 12 listed/],
    ['another hash', { sha256: Buffer.alloc(32) }, /the SHA-256 of the attachment is another one/],
  ])('refuses a listing of %s', async (_what, wrong, message) => {
    const { source, second } = twoAttachments(10);
    const output = new Kept();
    const writing = writeAttachment(
      () => inPieces(source, 100),
      { ...listed('3', second), ...wrong },
      output,
      never,
    );
    await expect(writing).rejects.toMatchObject({
      code: 'message_unparsable',
      message: expect.stringMatching(message),
    });
    expect(output.destroyed && !output.writableFinished).toBe(true);
  });

  it('ends with an error where mailparser gives up within the attachment', { timeout: 10_000 }, async () => {
    const { source, first } = twoAttachments(1_000_000);
    const [start = ''] = source.toString('latin1').split('--X--');
    const broken = Buffer.from(`${start}--X\r\nX-Long: ${'y'.repeat(5_000_000)}\r\n\r\n--X--\r\n`);
    // While a slow reader is at the attachment, mailparser has come as far as the header that it refuses.
    const output = new Writable({ write: (_chunk, _encoding, done) => void setTimeout(done, 200) });
    await expect(
      writeAttachment(() => inPieces(broken, broken.length), listed('2', first), output, never),
    ).rejects.toMatchObject({
      code: 'message_unparsable',
      message: 'cannot be parsed: Max header size for a MIME node exceeded',
    });
    expect(output.destroyed).toBe(true);
  });

  it("hands on the source's error as it is", async () => {
    const { source, first } = twoAttachments(1_000_000);
    const away = new Error('the database went away');
    async function* failing(): AsyncGenerator<Buffer> {
      yield source.subarray(0, 400_000);
      throw away;
    }
    const output = new Kept();
    await expect(writeAttachment(failing, listed('2', first), output, never)).rejects.toBe(away);
    expect(output.destroyed).toBe(true);
  });

  it("hands on the output's error as it is, and lets the source go", async () => {
    const { source, first } = twoAttachments(1_000_000);
    const full = new Error('no space left');
    const output = new Writable({ write: (_chunk, _encoding, done) => done(full) });
    let released = false;
    async function* watched(): AsyncGenerator<Buffer> {
      try {
        yield* inPieces(source, 100_000);
      } finally {
        released = true;
      }
    }
    await expect(writeAttachment(watched, listed('2', first), output, never)).rejects.toBe(full);
    await expect.poll(() => released).toBe(true);
  });

  it('reads no further than the reader of the attachment does, and stops when told to', async () => {
    const { source, first } = twoAttachments(40_000_000);
    let read = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const piece of inPieces(source, 500_000)) {
        read += piece.length;
        yield piece;
      }
    }
    const stop = new AbortController();
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    // Takes the first chunk and never asks for the next.
    const output = new Writable({ write: () => begun() });
    const writing = writeAttachment(counted, listed('2', first), output, stop.signal);
    const outcome = expect(writing).rejects.toMatchObject({ name: 'AbortError' });
    await hasBegun;
    await new Promise((resolve) => setTimeout(resolve, 500));
    // The parser looks for a header in the first four megabytes, so these are read whatever happens.
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(10_000_000);
    stop.abort();
    await outcome;
    expect(output.destroyed).toBe(true);
  });
});
