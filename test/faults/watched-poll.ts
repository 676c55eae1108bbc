import type { Mutator } from './mutator.ts';
import type { Chance } from './random.ts';
import type { Tap } from './tap-proxy.ts';

/** How many pieces go through the wire between two cuts, about. */
const PIECES_PER_CUT = 40;

/**
 * What a poll asks for once it has remembered what its search has found. Before the search a FETCH means nothing: it
 * asks whether the last mail that is known still has its UID.
 */
const PAST_SEARCH = / UID (FETCH|STORE|MOVE|EXPUNGE) | LOGOUT\r\n/;

const END_OF_COMMAND = /^[A-Z0-9]+ (OK|NO|BAD) /m;

export interface Watched {
  readonly tap: Tap;
  readonly cuts: () => number;
  /** To be said after each poll, however it ended. */
  ended(): void;
}

/**
 * Cuts the connections of polls at random, and notes which unread mail they have found (`deeds.found`). For that to be
 * known, a poll has the folder for itself between SELECT and the end of its search; from there on the person goes on.
 */
export function watchPolls({ deeds, alone }: Mutator, chance: Chance): Watched {
  let cuts = 0;
  /** Unread when the poll selected the folder, until it is known whether it has found them. */
  let candidates: readonly string[] = [];
  let release = () => {};
  let isSearching = false;
  let hasSearched = false;

  const seize = () =>
    new Promise<void>((seized) => {
      void alone(() => {
        candidates = [...deeds.unread];
        seized();
        return new Promise<void>((released) => {
          release = released;
        });
      });
    });
  const ended = () => {
    candidates = [];
    isSearching = false;
    hasSearched = false;
    release();
  };
  const tap: Tap = async ({ from, text }) => {
    if (from === 'client' && / (SELECT|EXAMINE) /.test(text)) await seize();
    if (from === 'client' && text.includes(' UID SEARCH ')) isSearching = true;
    if (from === 'client' && hasSearched && PAST_SEARCH.test(text)) {
      for (const subject of candidates) deeds.found.add(subject);
      candidates = [];
    }
    if (chance.happens(1 / PIECES_PER_CUT)) {
      cuts += 1;
      ended();
      return 'cut';
    }
    if (from === 'server' && isSearching && END_OF_COMMAND.test(text)) {
      isSearching = false;
      hasSearched = true;
      release();
    }
    return 'pass';
  };
  return { tap, ended, cuts: () => cuts };
}
