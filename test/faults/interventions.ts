import type { Fate, Tap } from './tap-proxy.ts';

/** The commands of a poll at which something can come in between: before the server sees them. */
const COMMANDS = {
  search: / UID SEARCH /,
  sizes: / UID FETCH [^\r]*RFC822\.SIZE/,
  bodies: / UID FETCH [^\r]*BODY\.PEEK\[/,
  mark: / UID (STORE|MOVE) /,
  expunge: / UID EXPUNGE /,
  end: / LOGOUT\r\n/,
} as const;

export type Step = keyof typeof COMMANDS;

/** Something that is done once, when a poll comes to a step. */
export interface Intervention {
  readonly tap: Tap;
  /** Whether the poll came there. */
  readonly isDone: () => boolean;
}

/**
 * Does something before a step's command reaches the server, the first time that one comes.
 *
 * @param fate what becomes of the command then
 */
export function atStep(step: Step, act: () => Promise<unknown>, fate: Fate = 'pass'): Intervention {
  let isDone = false;
  const tap: Tap = async ({ from, text }) => {
    if (isDone || from !== 'client' || !COMMANDS[step].test(text)) return 'pass';
    isDone = true;
    await act();
    return fate;
  };
  return { tap, isDone: () => isDone };
}
