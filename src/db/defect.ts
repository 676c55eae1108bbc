import { errorCode, errorMessage } from '../errors.ts';

/** What JavaScript itself throws where code asks for what cannot be. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError, URIError, EvalError];

/** Node's codes for a value that is too long, or is not what a function takes; its other codes are of streams, files and sockets. */
const BEYOND =
  /^ERR_(STRING_TOO_LONG|BUFFER_TOO_LARGE|BUFFER_OUT_OF_BOUNDS|OUT_OF_RANGE|INVALID_ARG_(TYPE|VALUE))$/;

/** RangeErrors that say that the machine has no memory left (V8's words). */
const NO_MEMORY = /allocation failed|out of memory/i;

/**
 * Whether an error is a mistake of our own code, or of a library's, and no trouble of connection, disk or memory: a text
 * that is longer than V8 allows, a number beyond a format's range, a field of something that is not there.
 *
 * @param error without an SQLSTATE
 */
export function isDefect(error: unknown): boolean {
  const code = errorCode(error);
  if (code !== undefined) return BEYOND.test(code);
  return MISTAKES.some((kind) => error instanceof kind) && !NO_MEMORY.test(errorMessage(error));
}
