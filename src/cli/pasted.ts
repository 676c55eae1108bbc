import { createInterface } from 'node:readline';
import { readRedirect } from '../auth/redirect.ts';
import { onAbort } from '../waiting.ts';

/** Codes of Microsoft's have more than a thousand characters; no browser has an address of so many. */
const LONGEST_ADDRESS = 64 * 1024;

/**
 * Waits for a person to paste the address that the browser ended at. What is no answer to this login is said, and waited
 * on.
 *
 * @param input lines; a terminal is left as it is, so that Ctrl-C is a signal
 * @param say tells what was wrong with a line
 * @returns undefined where the input ends, or `signal` is aborted
 */
export async function pastedRedirect(
  input: NodeJS.ReadableStream,
  redirectUri: string,
  state: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<URL | undefined> {
  const lines = createInterface({ input, terminal: false });
  const forget = onAbort(signal, () => lines.close());
  // A mail or a window breaks a long address over several lines.
  let before = '';
  try {
    for await (const line of lines) {
      if (line.trim() === '') continue;
      const alone = readRedirect(line, redirectUri, state);
      if (alone instanceof URL) return alone;
      const together = readRedirect(before + line, redirectUri, state);
      if (together instanceof URL) return together;
      before = (line.trim().startsWith('http') ? line : before && before + line).slice(0, LONGEST_ADDRESS);
      say(`That ${alone}. Paste it here:`);
    }
  } finally {
    forget();
    lines.close();
    input.pause();
  }
  return undefined;
}
