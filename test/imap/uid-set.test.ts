import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uidSets } from '../../src/imap/uid-set.ts';

/** Far apart, and close together. */
const UIDS = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 4_294_967_295 }), { maxLength: 2_000 }),
  fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 1_000 }),
);

describe('sets of UIDs', () => {
  it.each<[uids: number[], sets: string[]]>([
    [[], []],
    [[7], ['7']],
    [[1, 2, 3], ['1:3']],
    [[9, 3, 2, 4, 4], ['2:4,9']],
    [[4_294_967_294, 4_294_967_295], ['4294967294:4294967295']],
  ])('%o', (uids, sets) => {
    expect(uidSets(uids).map(({ set }) => set)).toEqual(sets);
  });

  it('hold each UID once, ascending, and no command is too long', () => {
    fc.assert(
      fc.property(UIDS, fc.integer({ min: 1, max: 300 }), (uids, most) => {
        const split = uidSets(uids, most);
        const sets = split.map(({ set }) => set);
        const read = sets.flatMap((set) =>
          set.split(',').flatMap((range) => {
            const [first = 0, last = first] = range.split(':').map(Number);
            return Array.from({ length: last - first + 1 }, (_, i) => first + i);
          }),
        );
        expect(read).toEqual([...new Set(uids)].sort((a, b) => a - b));
        expect(split.flatMap((each) => each.uids)).toEqual(read);
        expect(split.every((each) => each.set.length <= 4_000 && each.uids.length <= most)).toBe(true);
      }),
      { seed: 20_261_124 },
    );
  });
});
