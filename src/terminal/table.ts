import { clip, padEnd, widthOf } from './width.ts';

/** A cell: its text, harmless and on one line, and how it is coloured once its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Columns stand this far apart. */
const GAP = 2;

/** A column is not made narrower than this to let the others fit. */
const NARROWEST_COLUMN = 8;

/**
 * Lays rows out in columns that fit the width: each as wide as its widest cell, and where that is too much in all, the
 * widest ones are cut first.
 *
 * @param width columns of the terminal, the indent included
 * @returns the lines
 */
export function tableLines(rows: readonly (readonly Cell[])[], width: number, indent = ''): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const wanted = [...Array(count).keys()].map((index) =>
    Math.max(0, ...rows.map((row) => widthOf(row[index]?.text ?? ''))),
  );
  const widths = fitted(wanted, width - indent.length - GAP * Math.max(0, count - 1));
  return rows.map((row) => {
    const cells = row.map(({ text, paint = (plain) => plain }, index) => {
      const shown = clip(text, widths[index] ?? 0);
      return index === row.length - 1 ? paint(shown) : padEnd(paint(shown), widths[index] ?? 0);
    });
    return (indent + cells.join(' '.repeat(GAP))).trimEnd();
  });
}

function fitted(wanted: readonly number[], room: number): number[] {
  const widths = [...wanted];
  for (let over = widths.reduce((sum, each) => sum + each, 0) - room; over > 0; over -= 1) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST_COLUMN) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}
