import { createReadStream } from 'node:fs';
import { errorCode, errorMessage, MailcaseError } from '../errors.ts';

/**
 * Reads a message from a file, or from standard input where that is `-`.
 *
 * @param limit in bytes
 * @param beyond what is said of a larger one, behind its name
 */
export async function readMessage(file: string, limit: number, beyond: string): Promise<Buffer> {
  const name = file === '-' ? 'standard input' : file;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    const stream = file === '-' ? process.stdin : createReadStream(file);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      chunks.push(chunk);
      if (length > limit) throw new MailcaseError('usage', `${name} ${beyond}`);
    }
  } catch (error) {
    if (error instanceof MailcaseError) throw error;
    throw new MailcaseError('usage', `cannot read ${file}: ${reasonOf(error)}`, { cause: error });
  }
  if (length === 0) throw new MailcaseError('usage', `${name} is empty`);
  return Buffer.concat(chunks);
}

function reasonOf(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
      return 'this user must not read it';
    default:
      return errorMessage(error);
  }
}
