import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../support/mailcase.ts';

/** A line of a daemon's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly mailbox?: string;
  readonly holder?: string;
  readonly err?: { readonly code?: string; readonly message: string };
  /** When it arrived, by performance.now(). */
  readonly at: number;
  readonly [field: string]: unknown;
}

/** Whoever has not said it by then never will, in milliseconds. */
const PATIENCE_MS = 60_000;

/** Reads the log of a daemon that runs, line by line. */
export class LogWatch {
  readonly lines: LogLine[] = [];
  private rest = '';

  constructor({ child }: Running) {
    child.stdout?.on('data', (text: string) => {
      const at = performance.now();
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.lines.push({ ...(JSON.parse(line) as LogLine), at });
    });
  }

  /** The first such line that arrived after a moment (performance.now()). */
  find(is: (line: LogLine) => boolean, after = 0): LogLine | undefined {
    return this.lines.find((line) => line.at > after && is(line));
  }

  /** Waits for such a line. */
  async until(is: (line: LogLine) => boolean, what: string, after = 0): Promise<LogLine> {
    return waitFor(() => this.find(is, after), what);
  }
}

/** Waits until something is there. */
export async function waitFor<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(20);
  }
}
