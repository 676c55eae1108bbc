import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../support/mailcase.ts';

/** A line of the daemon's log. */
export interface LogLine {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  readonly msg: string;
  readonly text: string;
  /** How long the poll took, in milliseconds; only of those that were done. */
  readonly ms?: number;
}

/** A poll that ended, well or not. */
export interface PollEnd extends LogLine {
  readonly isGood: boolean;
}

/** Reads what a daemon logs while it does so; its level has to be debug, or polls that find nothing are not told. */
export class DaemonLog {
  readonly lines: LogLine[] = [];
  private readonly startedAt = Date.now();
  private rest = '';

  constructor({ child }: Running, note: (text: string) => void) {
    child.stdout?.on('data', (chunk: string) => {
      const lines = (this.rest + chunk).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) {
        note(line);
        this.add(line);
      }
    });
  }

  pollEnds(): PollEnd[] {
    return this.lines
      .filter(({ msg }) => msg === 'poll done' || msg === 'poll failed')
      .map((line) => ({ ...line, isGood: line.msg === 'poll done' }));
  }

  /** Waits for a poll that began after a time and was good. @returns when it ended; undefined where none did in time */
  async goodPollAfter(at: number, patienceMs: number): Promise<number | undefined> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const good = this.pollEnds().find((end) => end.isGood && end.at - (end.ms ?? 0) >= at);
      if (good !== undefined) return good.at;
      if (Date.now() > deadline) return undefined;
      await sleep(10);
    }
  }

  failuresSince(at: number): number {
    return this.pollEnds().filter((end) => !end.isGood && end.at >= at).length;
  }

  /** The longest time in which no poll ended, in milliseconds: as long as the longest poll, and the wait before it. */
  longestSilenceMs(until = Date.now()): number {
    const ends = this.pollEnds().map(({ at }) => at);
    const times = [this.startedAt, ...ends, until];
    return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)));
  }

  private add(text: string): void {
    try {
      const { time, msg, ms } = JSON.parse(text) as { time: string; msg: string; ms?: number };
      this.lines.push({ at: Date.parse(time), msg, text, ...(typeof ms === 'number' && { ms }) });
    } catch {
      // A warning of Node's, say: it is in the evidence.
    }
  }
}
