import { STATUS_CODES } from 'node:http';
import type { AlertConfig } from '../config/schema.ts';
import { errorMessage } from '../errors.ts';
import { linkedSignal } from '../waiting.ts';
import type { Delivery } from './outcome.ts';
import type { Report } from './report.ts';

/** So much of the answer is read, in bytes. */
const MOST_ANSWER = 2_000;

/**
 * Posts a report as JSON. 2xx is success. Redirections are not followed: they would carry the report, and headers with
 * secrets in them, to where nobody sent it.
 */
export async function postTo(
  { url, headers = {} }: NonNullable<AlertConfig['webhook']>,
  report: Report,
  timeoutMs: number,
  cut: AbortSignal,
): Promise<Delivery> {
  const late = new Error(`no answer within ${timeoutMs} ms`);
  const signal = linkedSignal([cut], { ms: timeoutMs, reason: () => late });
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(report),
      signal: signal.signal,
    });
    const { status } = response;
    // The status is the answer; what comes after it may stay away.
    const answer = withoutPath(await beginningOf(response).catch(() => ''), url);
    const hasArrived = status >= 200 && status <= 299;
    const name = STATUS_CODES[status];
    const where = status >= 300 && status <= 399 ? ', a redirection, which is not followed' : '';
    return {
      hasArrived,
      isCut: false,
      outcome: `it answered ${status}${name ? ` ${name}` : ''}${where}`,
      answer,
    };
  } catch (error) {
    return { hasArrived: false, isCut: cut.aborted, outcome: withoutPath(reasonOf(error), url), answer: '' };
  } finally {
    signal.release();
  }
}

/** fetch says no more than that it failed; the reason is behind it. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return `it was not reached: ${errorMessage(cause) || errorMessage(error)}`;
}

/** The path of a hook is its secret, and servers quote it in their errors. */
function withoutPath(text: string, url: string): string {
  const { pathname, search } = new URL(url);
  const secrets = [`${pathname}${search}`, pathname, search.slice(1)];
  return secrets.reduce(
    (said, secret) => (secret.length > 1 ? said.replaceAll(secret, '[secret]') : said),
    text,
  );
}

async function beginningOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The rest of an answer is not waited for.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MOST_ANSWER) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_ANSWER).toString('utf8');
}
