import { createHash } from 'node:crypto';

const known = new WeakMap<Buffer, Buffer>();

/** SHA-256 of a message's bytes. It is made once, however often a batch with the message is halved and run again. */
export function sha256Of(source: Buffer): Buffer {
  const made = known.get(source) ?? createHash('sha256').update(source).digest();
  known.set(source, made);
  return made;
}
