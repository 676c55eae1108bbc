import { appendFile, readFile } from 'node:fs/promises';

/** What became of the mail under one kind of fault. */
export interface FaultRow {
  readonly fault: string;
  /** How often the fault was made. */
  readonly tried: number;
  /** Messages that came through meanwhile, copies of others among them. */
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  /** The longest time from the fault (from its end, where it lasts) until mailcase polled again, in milliseconds. */
  readonly longestUntilPollingMs: number;
}

/** Adds a row to the table that `npm run test:faults` prints at its end; nothing happens within `npm test`. */
export async function noteFault(row: FaultRow): Promise<void> {
  const file = process.env.FAULTS_TABLE;
  if (file) await appendFile(file, `${JSON.stringify(row)}\n`);
}

/** @returns the rows that tests have added to the file, in order */
export async function readFaults(file: string): Promise<FaultRow[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as FaultRow);
}

const HEADINGS = ['fault', 'tried', 'messages', 'lost', 'doubled', 'polling again after'];

/** The table as text, one line per fault. */
export function faultTable(faults: readonly FaultRow[]): string {
  const cells = faults.map(({ fault, tried, messages, lost, doubled, longestUntilPollingMs }) => [
    fault,
    ...[tried, messages, lost, doubled].map(String),
    `${(longestUntilPollingMs / 1000).toFixed(1)} s`,
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [HEADINGS, ...cells].map(line).join('\n');
}
