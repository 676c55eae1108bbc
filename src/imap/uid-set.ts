/**
 * Longest set of UIDs in one command, in characters: with what stands around it, a command line stays well below the
 * 8,000 octets that every server takes (RFC 2683, section 3.2.1.5).
 */
const MAX_SET_LENGTH = 4_000;

/** UIDs of one command, and how they are written in it. */
export interface UidSet {
  /** A sequence set (RFC 9051, section 9: `2,4:7,9`). */
  readonly set: string;
  readonly uids: readonly number[];
}

/**
 * Writes UIDs as sequence sets, ascending and each once, as many sets as commands are needed.
 *
 * @param most the largest number of UIDs in one set
 */
export function uidSets(uids: readonly number[], most = Number.POSITIVE_INFINITY): UidSet[] {
  const sets: UidSet[] = [];
  let set = '';
  let held: number[] = [];
  for (const [first, last] of rangesOf(uids, most)) {
    const range = first === last ? String(first) : `${first}:${last}`;
    const count = last - first + 1;
    if (set !== '' && (set.length + 1 + range.length > MAX_SET_LENGTH || held.length + count > most)) {
      sets.push({ set, uids: held });
      set = '';
      held = [];
    }
    set = set === '' ? range : `${set},${range}`;
    for (let uid = first; uid <= last; uid += 1) held.push(uid);
  }
  return set === '' ? sets : [...sets, { set, uids: held }];
}

/** Runs of UIDs that follow each other, none longer than `most`. */
function* rangesOf(uids: readonly number[], most: number): Generator<[first: number, last: number]> {
  let run: [number, number] | undefined;
  for (const uid of [...new Set(uids)].sort((a, b) => a - b)) {
    if (run && uid === run[1] + 1 && uid - run[0] < most) {
      run[1] = uid;
    } else {
      if (run) yield run;
      run = [uid, uid];
    }
  }
  if (run) yield run;
}
