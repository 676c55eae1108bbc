import { type HeaderField, Headers } from '../message/headers.ts';
import type { Attachment } from '../message/message.ts';
import type { Judgement } from './judge.ts';

/**
 * A judgement as it comes out of another thread (structured clone): classes have lost their methods, and Buffers are
 * plain bytes. All else in it (Maps, Dates, plain objects) comes through as it is.
 */
export interface SentJudgement extends Omit<Judgement, 'message' | 'dedupeKey'> {
  readonly message: Omit<Judgement['message'], 'headers' | 'attachments'> & {
    readonly fields: readonly HeaderField[];
    readonly attachments: readonly SentAttachment[];
  };
  readonly dedupeKey: Uint8Array;
}

type SentAttachment = Omit<Attachment, 'sha256'> & { readonly sha256: Uint8Array | undefined };

/** What is sent. */
export function sent(judgement: Judgement): SentJudgement {
  const { headers, ...message } = judgement.message;
  return { ...judgement, message: { ...message, fields: headers.fields } };
}

/** What was sent, as it was before. */
export function received({
  message: { fields, attachments, ...message },
  dedupeKey,
  ...rest
}: SentJudgement): Judgement {
  return {
    ...rest,
    dedupeKey: bufferOf(dedupeKey),
    message: {
      ...message,
      headers: new Headers(fields),
      attachments: attachments.map(({ sha256, ...attachment }) => ({
        ...attachment,
        sha256: sha256 && bufferOf(sha256),
      })),
    },
  };
}

/** Bytes that came from another thread. */
export function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
