import { errorText } from '../db/refusal.ts';
import { errorCode, MailcaseError } from '../errors.ts';
import { type Redaction, redactSource } from '../message/redact.ts';
import { storableText } from '../message/text.ts';

/** Longest error kept, in characters: a server may quote a whole value. */
const MAX_ERROR_LENGTH = 2000;

/** More of an error than this is not searched for secrets, since it is not kept. In characters. */
const SEARCHED_LENGTH = 4 * MAX_ERROR_LENGTH;

/**
 * Why a message could not be recorded, in words: what the server said, without the statement, which has all values of a
 * batch in it; of a defect of ours also where in the code it came up.
 */
export function failureText(error: unknown): string {
  if (error instanceof MailcaseError) return error.message;
  if (errorCode(error) !== undefined || !(error instanceof Error)) return errorText(error);
  const [place] = /\bat .*/.exec(error.stack?.slice(error.stack.indexOf('\n')) ?? '') ?? [];
  return `${error.name}: ${error.message}${place === undefined ? '' : ` (${place})`}`;
}

/** An error as it is kept and told: what it quotes of a mail has no secret in it, and is short. */
export function keptError(error: string, redactions: readonly Redaction[]): string {
  const text = storableText(error).slice(0, SEARCHED_LENGTH);
  const safe = redactSource(Buffer.from(text, 'utf8'), redactions).toString('utf8');
  return storableText(safe.slice(0, MAX_ERROR_LENGTH));
}
