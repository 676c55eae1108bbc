import { afterAll } from 'vitest';
import { noteFault } from './fault-table.ts';

/** What became of the mail in one try of a fault. */
export interface Tried {
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  /** From the fault until a poll came to a good end, in milliseconds. */
  readonly untilPollingMs: number;
}

/** Sums the tries of one fault up, for its line of the table; to be called where tests are declared. */
export function useTally(fault: string): (tried: Tried) => void {
  const all: Tried[] = [];
  afterAll(async () => {
    if (all.length === 0) return;
    const sum = (key: keyof Tried) => all.reduce((total, each) => total + each[key], 0);
    await noteFault({
      ...{ fault, tried: all.length, messages: sum('messages'), lost: sum('lost'), doubled: sum('doubled') },
      longestUntilPollingMs: Math.max(...all.map(({ untilPollingMs }) => untilPollingMs)),
    });
  });
  return (tried) => {
    all.push(tried);
  };
}
