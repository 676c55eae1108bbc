/**
 * Longest set of UIDs in one command, in characters: with what stands around it, a command line stays well below the
 * 8,000 octets that every server takes (RFC 2683, section 3.2.1.5).
 */
const MAX_SET_LENGTH = 4_000;

/**
 * Writes UIDs as sequence sets (RFC 9051, section 9: `2,4:7,9`), ascending and each once, as many sets as commands are
 * needed.
 */
export function uidSets(uids: readonly number[]): string[] {
  const sets: string[] = [];
  let set = '';
  for (const [first, last] of rangesOf(uids)) {
    const range = first === last ? String(first) : `${first}:${last}`;
    if (set !== '' && set.length + 1 + range.length > MAX_SET_LENGTH) {
      sets.push(set);
      set = '';
    }
    set = set === '' ? range : `${set},${range}`;
  }
  return set === '' ? sets : [...sets, set];
}

/** Runs of UIDs that follow each other. */
function* rangesOf(uids: readonly number[]): Generator<[first: number, last: number]> {
  let run: [number, number] | undefined;
  for (const uid of [...new Set(uids)].sort((a, b) => a - b)) {
    if (run && uid === run[1] + 1) {
      run[1] = uid;
    } else {
      if (run) yield run;
      run = [uid, uid];
    }
  }
  if (run) yield run;
}
